// `history`: the audit trail.
import { type Command, Option } from "commander";
import { requireNames, wholeNumber } from "./arguments.ts";
import { connect } from "./connect.ts";
import { EXIT } from "./exit-codes.ts";
import type { Start } from "./program.ts";
import { historyText } from "./render-status.ts";
import { chainText } from "./render-verification.ts";
import type { Session } from "./session.ts";

type HistoryOptions = { readonly limit?: number; readonly verify: boolean };

export function addHistory(program: Command, start: Start): void {
  program
    .command("history")
    .description("show what happened, the newest last")
    .argument("[name]", "only this token's")
    .addOption(new Option("--limit <n>", "only the newest so many").argParser(wholeNumber(1, 1_000_000)))
    .option("--verify", "replay the chain of digests too; exit with 1 where it is broken", false)
    .action((name: string | undefined, options: HistoryOptions) => start((session) => history(session, name, options)));
}

async function history(session: Session, name: string | undefined, { limit, verify }: HistoryOptions): Promise<number> {
  if (name !== undefined) requireNames([name]);
  const { app } = await connect(session, "read");
  const all = await app.history(name ?? null);
  const entries = limit === undefined ? all : all.slice(-limit);
  const chain = verify ? (await app.verify(new Map())).history : null;
  session.result({ entries, chain }, () => {
    const text = historyText(entries, session.colors);
    return chain === null ? text : `${text}\n\n${chainText(chain, session.colors)}`;
  });
  return chain?.ok === false ? EXIT.failed : EXIT.done;
}
