// `run`: every token that is due now, as the schedule would.
import type { Command } from "commander";
import { connect } from "../session/connect.ts";
import { EXIT } from "../session/exit-codes.ts";
import { performRun, showReport } from "../session/perform-run.ts";
import type { Start } from "../session/session.ts";

export function addRun(program: Command, start: Start): void {
  program
    .command("run")
    .description("rotate everything that is due now: what the schedule triggers")
    .option("--dry-run", "show what would be done", false)
    .action(({ dryRun }: { readonly dryRun: boolean }) =>
      start(async (session) => {
        const { app } = await connect(session, dryRun ? "read" : "change");
        const report = await performRun(session, app, { wanted: { kind: "due" }, dryRun });
        showReport(session, report);
        return report.failed.length > 0 ? EXIT.failed : EXIT.done;
      }),
    );
}
