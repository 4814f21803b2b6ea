// One run with its progress shown, and its report rendered.
import type { App, RunRequest } from "../app.ts";
import type { Report } from "../report.ts";
import { progressLine } from "./progress.ts";
import { reportText } from "./render-report.ts";
import { colorsFor, type Session, triggeredBy } from "./session.ts";

type Asked = Pick<RunRequest, "wanted" | "dryRun" | "onCredential">;

/** @throws Failure as `App.run` */
export async function performRun(session: Session, app: App, asked: Asked): Promise<Report> {
  const progress = progressLine(session);
  try {
    return await app.run({ ...asked, triggeredBy: triggeredBy(session), onProgress: progress.show });
  } finally {
    progress.clear();
  }
}

/** @param where stdout, unless the command keeps it for something else */
export function showReport(session: Session, report: Report, where: "stdout" | "stderr" = "stdout"): void {
  const { io, environment, common } = session;
  const rendering = { colors: where === "stdout" ? session.colors : colorsFor(io.stderr, environment), now: io.now(), path: common.config };
  if (where === "stdout") session.result(report, () => reportText(report, rendering));
  else io.stderr.write(`${reportText(report, rendering)}\n`);
}
