// Exit codes that scripts rely on.
import { Misconfigured } from "../../core/base/errors.ts";

export const EXIT = {
  done: 0,
  /** It failed, or failed for some tokens. */
  failed: 1,
  /** The command or the config is wrong, so that another try changes nothing. */
  misused: 2,
  /** `health --fail-on` found a token. */
  unhealthy: 3,
} as const;

export function failureExitCode(error: unknown): number {
  return error instanceof Misconfigured ? EXIT.misused : EXIT.failed;
}
