// Lines that `serve` writes on its console while callers get the replies: one per token that a run changed.

import type { Notifier } from "../../core/ports/notifier.ts";
import type { TokenReport } from "../../core/ports/report.ts";
import type { Session } from "./session.ts";

/** A notifier that reports each token of a run on stderr, in a line of its own. */
export function consoleNotifier({ note, warn }: Pick<Session, "note" | "warn">): Notifier {
  return {
    async notify({ tokens }) {
      for (const token of tokens) (token.status === "failed" ? warn : note)(notice(token));
    },
  };
}

function notice({ token_name, status, generation, reason, error }: TokenReport): string {
  if (status === "failed") return `${token_name}: failed: ${error?.message ?? reason}`;
  return `${token_name}: ${status}, generation ${generation} (${reason})`;
}
