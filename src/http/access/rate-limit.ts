// Budgets of callers: a token bucket each, in this process's memory.
// Hono has none of its own. hono-rate-limiter counts requests in fixed windows, so that twice the
// budget passes around the end of one, and a change costs no more than a read.
import { HttpProblem } from "../problem/problem.ts";

/** Points a minute for each caller (default). A dashboard that polls every two seconds uses a tenth. */
export const DEFAULT_POINTS_PER_MINUTE = 300;
/** The cost of a request, weighed as GitHub weighs its own. */
const READ_COST = 1;
const CHANGE_COST = 5;
const MINUTE_MS = 60_000;

type Bucket = { points: number; at: number };

/** By caller. Callers are configured, so their number is limited. */
export type Budgets = Map<string, Bucket>;

export function createBudgets(): Budgets {
  return new Map();
}

/**
 * Takes one request from its caller's budget, which refills evenly over a minute.
 * @param asked.pointsPerMinute null: no limit
 * @throws `HttpProblem` 429 with `retry-after`, in whole seconds
 */
export function spend(
  budgets: Budgets,
  asked: {
    readonly callerId: string;
    readonly changes: boolean;
    readonly pointsPerMinute: number | null;
    readonly now: Date;
  },
): void {
  const { callerId, changes, pointsPerMinute, now } = asked;
  if (pointsPerMinute === null) return;
  // No request costs more than a full bucket. Otherwise it could never be paid.
  const cost = Math.min(changes ? CHANGE_COST : READ_COST, pointsPerMinute);
  const perMs = pointsPerMinute / MINUTE_MS;
  const bucket = budgets.get(callerId) ?? { points: pointsPerMinute, at: now.getTime() };
  // A clock that was set back gives nothing and takes nothing.
  const points = Math.min(
    pointsPerMinute,
    bucket.points + Math.max(0, now.getTime() - bucket.at) * perMs,
  );
  const left = points - cost;
  budgets.set(callerId, { points: left < 0 ? points : left, at: now.getTime() });
  if (left >= 0) return;
  throw new HttpProblem(429, "the caller sent too many requests", {
    code: "too-many-requests",
    hint: "Nothing was done. Send it again after the seconds in retry-after.",
    headers: { "retry-after": String(Math.max(1, Math.ceil(-left / perMs / 1000))) },
  });
}
