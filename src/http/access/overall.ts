// The state of all tokens in one word, for callers without a key. It is read at most once a minute, however many ask.
import { Failure } from "../../core/base/errors.ts";
import type { Edge } from "./edge.ts";
import type { Overall } from "./memory.ts";

/** How long one read answers all callers, in milliseconds. A failed read counts too, so that a broken service costs GitHub no more. */
export const OVERALL_KEPT_MS = 60_000;

/**
 * Reads the record at most once in that time. No request waits for another one: on Workers the other could end before it has answered.
 * @param record identifies the record among those of one process
 */
export function rememberOverall({
  app,
  now,
  memory,
  complain,
  record,
}: Pick<Edge, "app" | "now" | "memory" | "complain"> & {
  readonly record: string;
}): () => Promise<Overall> {
  return async () => {
    const at = now().getTime();
    const kept = memory.overall.get(record);
    if (kept !== undefined && Math.abs(at - kept.at) < OVERALL_KEPT_MS) return kept.status;
    memory.overall.set(record, { at, status: kept?.status ?? "unread" });
    const status = await read(app, complain);
    memory.overall.set(record, { at, status });
    return status;
  };
}

/** Details of a failure go to the operator's log. Every other caller sees `unknown`. */
async function read(app: Edge["app"], complain: Edge["complain"]): Promise<Overall> {
  try {
    const report = await (await app("read")).health();
    // The app has loaded this by now. Handlers that need no record load none of it.
    const { worstStatus } = await import("../../core/health/health.ts");
    return worstStatus(report) ?? "none";
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    complain(`the public badge shows no state: ${error.message} (${error.code})`);
    return "unknown";
  }
}
