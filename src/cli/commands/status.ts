// `status` and `suggest`: everything at a glance, and the next steps.
import { type Command, Option } from "commander";
import { adviceText } from "../render/advice.ts";
import { suggestionsText } from "../render/health.ts";
import { statusText } from "../render/status.ts";
import { wholeNumber } from "../session/arguments.ts";
import { connect } from "../session/connect.ts";
import { EXIT } from "../session/exit-codes.ts";
import type { Start } from "../session/session.ts";

const MAX_HISTORY = 100_000;

export function addStatus(program: Command, start: Start): void {
  program
    .command("status")
    .description("show tokens, rules, workflows, history, health and suggestions")
    .addOption(
      new Option("--history <n>", "the number of the newest entries")
        .argParser(wholeNumber(0, MAX_HISTORY))
        .default(10),
    )
    .action(({ history }: { readonly history: number }) =>
      start(async (session) => {
        const { app } = await connect(session, "read");
        const status = await app.status(history);
        session.result(status, () => statusText(status, session.colors, session.io.now()));
        return EXIT.done;
      }),
    );
  program
    .command("suggest")
    .description("suggest which tokens to rotate, and how often")
    .option(
      "--ai",
      "let a language model explain and order the suggestions; it gets names, ages and schedules only",
      false,
    )
    .action(({ ai }: { readonly ai: boolean }) =>
      start(async (session) => {
        const { app } = await connect(session, "read");
        if (ai) {
          const advised = await app.suggestWithAdvice();
          session.result(advised, () => adviceText(advised, session.colors));
          return EXIT.done;
        }
        const suggestions = await app.suggest();
        session.result(suggestions, () => suggestionsText(suggestions, session.colors));
        return EXIT.done;
      }),
    );
}
