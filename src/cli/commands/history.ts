// `history`: the audit trail.
import { type Command, Option } from "commander";
import { Misconfigured } from "../../core/base/errors.ts";
import { auditText } from "../render/audit.ts";
import { historyText } from "../render/status.ts";
import { requireNames, wholeNumber } from "../session/arguments.ts";
import { connect } from "../session/connect.ts";
import { EXIT } from "../session/exit-codes.ts";
import type { Session, Start } from "../session/session.ts";

type HistoryOptions = {
  readonly limit?: number;
  readonly verify: boolean;
  readonly commits?: number;
};

const EPILOGUE = `
--verify replays every version of the record that git holds, for all tokens whatever NAME says. It exits with 1 if
something is broken. A part that could not be checked (a shallow clone, no git, commits beyond --commits) is reported. Alone,
it exits with 0. With --json, .audit.verdict is then "unknown", and .audit.ok false.`;

export function addHistory(program: Command, start: Start): void {
  program
    .command("history")
    .description("show what happened, the newest last")
    .argument("[name]", "only this token's")
    .addOption(
      new Option("--limit <n>", "only the newest n entries").argParser(wholeNumber(1, 1_000_000)),
    )
    .option(
      "--verify",
      "replay the chain of digests too, and the commits that made it; exit with 1 if it is broken",
      false,
    )
    .addOption(
      new Option("--commits <n>", "with --verify: only the newest n commits").argParser(
        wholeNumber(1, 1_000_000),
      ),
    )
    .addHelpText("after", EPILOGUE)
    .action((name: string | undefined, options: HistoryOptions) =>
      start((session) => history(session, name, options)),
    );
}

async function history(
  session: Session,
  name: string | undefined,
  { limit, verify, commits }: HistoryOptions,
): Promise<number> {
  if (name !== undefined) requireNames([name]);
  if (commits !== undefined && !verify) {
    throw new Misconfigured("--commits needs --verify", {
      code: "commits-without-verify",
      hint: "Add --verify, or leave out --commits.",
    });
  }
  const { app } = await connect(session, "read");
  const entries = await app.history(name ?? null, limit ?? null);
  const audit = verify ? await app.audit(commits ?? null) : null;
  session.result({ entries, audit }, () => {
    const text = historyText(entries, session.colors);
    return audit === null ? text : `${text}\n\n${auditText(audit, session.colors)}`;
  });
  if (audit?.verdict === "unknown")
    session.warn("the history could not be verified as a whole (see the findings above)");
  return audit?.verdict === "broken" ? EXIT.failed : EXIT.done;
}
