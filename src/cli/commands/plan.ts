// `plan`: the tokens that a run would rotate, and when each token is next due.
import { type Command, Option } from "commander";
import { planText } from "../render/health.ts";
import { instant } from "../session/arguments.ts";
import { connect } from "../session/connect.ts";
import { EXIT } from "../session/exit-codes.ts";
import type { Start } from "../session/session.ts";

export function addPlan(program: Command, start: Start): void {
  program
    .command("plan")
    .description("show what `run` would do now, and when each token is next due; changes nothing")
    .addOption(
      new Option(
        "--at <time>",
        "plan for that moment instead of now, as 2027-01-31T02:00:00Z",
      ).argParser(instant),
    )
    .action(({ at }: { readonly at?: Date }) =>
      start(async (session) => {
        const { app } = await connect(session, "read");
        const moment = at ?? session.io.now();
        const plan = await app.plan(moment);
        session.result(plan, () => planText(plan, session.colors, moment));
        return EXIT.done;
      }),
    );
}
