// One run with its progress shown, and its report rendered.
import type { App } from "../../core/app.ts";
import { Secret } from "../../core/base/secret.ts";
import type { Report } from "../../core/ports/report.ts";
import type { RunProgress, RunRequest } from "../../core/run/request.ts";
import { reportText } from "../render/report.ts";
import { colorsFor, type Session, triggeredBy } from "./session.ts";

type Asked = Pick<RunRequest, "wanted" | "dryRun" | "onCredential">;

/** @throws Failure as `App.run` */
export async function performRun(session: Session, app: App, asked: Asked): Promise<Report> {
  const progress = progressLine(session);
  try {
    return await app.run({
      ...asked,
      ...seenBy(session),
      triggeredBy: triggeredBy(session),
      onProgress: progress.show,
    });
  } finally {
    progress.clear();
  }
}

/** The values that a job sees are proof or drift. A person's shell is no consumer: a variable of the same name there says nothing. */
function seenBy({ environment }: Session): Pick<RunRequest, "seen"> {
  if (environment.runUrl === null) return {};
  const visible = Object.entries(environment.variables).filter(([, value]) => value !== "");
  return { seen: new Map(visible.map(([name, value]) => [name, new Secret(value)])) };
}

/** @param where stdout, unless the command keeps it for other output */
export function showReport(
  session: Session,
  report: Report,
  where: "stdout" | "stderr" = "stdout",
): void {
  const { io, environment, common } = session;
  const rendering = {
    colors: where === "stdout" ? session.colors : colorsFor(io.stderr, environment),
    now: io.now(),
    path: common.config,
  };
  if (where === "stdout") session.result(report, () => reportText(report, rendering));
  else io.stderr.write(`${reportText(report, rendering)}\n`);
}

const ERASE_LINE = "\r\u001b[2K";

const DOING: Readonly<Record<RunProgress["phase"], string>> = {
  preflight: "Looking at the destinations",
  issue: "Making credentials",
  journal: "Writing the journal",
  place: "Placing",
  record: "Recording",
};

type ProgressLine = {
  show(progress: RunProgress): void;
  /** Clears the line, so that the next output stands at its beginning. */
  clear(): void;
};

function progressLine({ io }: Session): ProgressLine {
  let shown = false;
  return {
    show({ phase, done, total }) {
      if (!io.stderr.isTerminal) return;
      io.stderr.write(`${ERASE_LINE}${DOING[phase]}… ${total > 1 ? `${done}/${total}` : ""}`);
      shown = true;
    },
    clear() {
      if (shown) io.stderr.write(ERASE_LINE);
      shown = false;
    },
  };
}
