// `verify`: the values that this process sees, against the record.
import type { Command } from "commander";
import { Secret } from "../../core/base/secret.ts";
import { verificationText } from "../render/verification.ts";
import { connect } from "../session/connect.ts";
import { EXIT } from "../session/exit-codes.ts";
import type { Start } from "../session/session.ts";

export function addVerify(program: Command, start: Start): void {
  program
    .command("verify")
    .description(
      "compare the environment variables named like the secrets with the record, and replay the history's chain; changes nothing",
    )
    .action(() =>
      start(async (session) => {
        const { app } = await connect(session, "read");
        const visible = Object.entries(session.environment.variables).filter(
          ([, value]) => value !== "",
        );
        const verification = await app.verify(
          new Map(visible.map(([name, value]) => [name, new Secret(value)])),
        );
        session.result(verification, () => verificationText(verification, session.colors));
        const sound =
          verification.history.ok &&
          verification.tokens.every((token) => token.verdict !== "mismatch");
        return sound ? EXIT.done : EXIT.failed;
      }),
    );
}
