// `resume` and `abort`: a person's decision about a rotation that is pending, failed or stuck.
import type { Command } from "commander";
import { plain } from "../render/text.ts";
import { connect } from "../session/connect.ts";
import { EXIT } from "../session/exit-codes.ts";
import { performRun, showReport } from "../session/perform-run.ts";
import { type Start, triggeredBy } from "../session/session.ts";

export function addResume(program: Command, start: Start): void {
  program
    .command("resume")
    .description(
      "try a pending, failed or stuck rotation again now, without waiting for its next attempt",
    )
    .argument("<name...>", "the tokens' names")
    .action((names: string[]) =>
      start(async (session) => {
        const { app } = await connect(session, "change");
        const report = await performRun(session, app, {
          wanted: { kind: "resume", names },
          dryRun: false,
        });
        showReport(session, report);
        return report.failed.length > 0 || report.skipped.length > 0 ? EXIT.failed : EXIT.done;
      }),
    );
}

export function addAbort(program: Command, start: Start): void {
  program
    .command("abort")
    .description("give up a token's pending credential; the one in use stays")
    .argument("<name>", "the token's name")
    .action((name: string) =>
      start(async (session) => {
        const { app } = await connect(session, "change");
        const aborted = await app.abort(name, triggeredBy(session));
        session.result(
          aborted,
          () => `Given up: generation ${aborted.generation} of ${plain(name)}.`,
        );
        if (aborted.placed.length > 0)
          session.warn(
            `${aborted.placed.join(", ")} already has the value that was given up: \`token-automation rotate ${name}\` gives all places the same value`,
          );
        return EXIT.done;
      }),
    );
}
