// How all tokens stand in one word, for those who have no key: read at most once a minute, however many ask.
import { Failure } from "../../core/base/errors.ts";
import type { Edge } from "./edge.ts";
import type { Overall } from "./memory.ts";

/** How long one read answers everybody, in milliseconds. A read that failed does too, so that a broken service costs GitHub no more. */
export const OVERALL_KEPT_MS = 60_000;

/**
 * Asks the record at most once in that time. Nobody waits for another's request: on Workers that could end before it has answered.
 * @param record tells records of one process apart
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

/** What is wrong is for whoever runs the service; to everybody else it is `unknown`. */
async function read(app: Edge["app"], complain: Edge["complain"]): Promise<Overall> {
  try {
    const report = await (await app("read")).health();
    // What the app has loaded by now; handlers that need no record load none of it.
    const { worstStatus } = await import("../../core/health/health.ts");
    return worstStatus(report) ?? "none";
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    complain(`the public badge tells nothing: ${error.message} (${error.code})`);
    return "unknown";
  }
}
