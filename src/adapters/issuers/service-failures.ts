// The failures that all services share which are asked over a connection of their own. Pure; never with the client's message or cause.
import { Denied, Uncertain, Unchanged } from "../../core/base/errors.ts";

/** What a socket's or a client's error says of itself, where that is a code: `ECONNREFUSED`, an SQLSTATE; else null. */
export function codeOf(error: unknown): string | null {
  const code: unknown =
    typeof error === "object" && error !== null && "code" in error ? error.code : null;
  return typeof code === "string" && /^[A-Z0-9_]{3,60}$/.test(code) ? code : null;
}

/** The service was not reached, or the connection ended before anything was asked of it. */
export function notReached(service: string, error: unknown, variable: string): Unchanged {
  const code = codeOf(error);
  return new Unchanged(`${service} could not be reached${code === null ? "" : ` (${code})`}`, {
    code: "service-unreachable",
    hint: `Nothing was changed. See that it runs, and that the host, the port and the TLS options in ${variable} are right.`,
  });
}

/** The connection ended while the service was doing it: it may have. */
export function cutOff(service: string, what: string): Uncertain {
  return new Uncertain(
    `the connection to ${service} ended while ${what}: whether it was done is not known`,
    {
      code: "connection-lost",
      hint: "The next run looks for it and ends it, then tries again.",
    },
  );
}

/** The service does not let the administrator in. `reply`: its code for that, where it has one. */
export function adminRefused(service: string, variable: string, reply: string | null): Denied {
  return new Denied(
    `${service} refused the administrator's login${reply === null ? "" : ` (${reply})`}`,
    {
      code: "admin-refused",
      hint: `Correct the user or the password in ${variable}, and see that the service lets it in from here.`,
    },
  );
}

/** The longest that one operation may take, in milliseconds. */
const OPERATION_MS = 30_000;

/** Aborted when the caller's signal is, or when the operation's time is over. Throws `Unchanged` (`stopped`) where it is already. */
export function timeLimit(service: string, signal: AbortSignal | undefined): AbortSignal {
  const limit = AbortSignal.timeout(OPERATION_MS);
  const ending = signal === undefined ? limit : AbortSignal.any([signal, limit]);
  if (!ending.aborted) return ending;
  throw new Unchanged(`${service} was not asked, since the run may no longer wait`, {
    code: "stopped",
    hint: "The next run tries again.",
  });
}
