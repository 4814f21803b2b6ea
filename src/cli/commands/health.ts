// `health`: the age and state of each credential, and an exit code for scripts.
import { type Command, Option } from "commander";
import { worstStatus } from "../../core/health/health.ts";
import { HEALTH_STATUSES, type HealthStatus, statusAtLeast } from "../../core/health/status.ts";
import { healthText } from "../render/health.ts";
import { connect } from "../session/connect.ts";
import { EXIT } from "../session/exit-codes.ts";
import type { Start } from "../session/session.ts";

export function addHealth(program: Command, start: Start): void {
  program
    .command("health")
    .description("show the age and the health of each credential")
    .addOption(
      new Option(
        "--fail-on <status>",
        "exit with 3 if a token has this health or a worse one; from the mildest to the worst",
      ).choices(HEALTH_STATUSES),
    )
    .action(({ failOn }: { readonly failOn?: HealthStatus }) =>
      start(async (session) => {
        const { app } = await connect(session, "read");
        const report = await app.health();
        session.result(report, () => healthText(report, session.colors, session.io.now()));
        return failOn !== undefined && statusAtLeast(worstStatus(report), failOn)
          ? EXIT.unhealthy
          : EXIT.done;
      }),
    );
}
