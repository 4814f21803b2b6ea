// Budgets of callers: a token bucket for each, in this process's memory.
// Hono has none of its own. hono-rate-limiter counts requests in fixed windows, so that twice the
// budget passes around the end of one, and a change costs it no more than a look.
import { HttpProblem } from "../problem/problem.ts";

/** Points a minute and caller unless configured: a dashboard that polls every two seconds uses a tenth. */
export const DEFAULT_POINTS_PER_MINUTE = 300;
/** What a request costs, weighed as GitHub weighs its own. */
const READ_COST = 1;
const CHANGE_COST = 5;
const MINUTE_MS = 60_000;

type Bucket = { points: number; at: number };

/** By caller. Callers are configured, so there is an end to them. */
export type Budgets = Map<string, Bucket>;

export function createBudgets(): Budgets {
  return new Map();
}

/**
 * Takes one request from its caller's budget, which fills up evenly to a minute's worth.
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
  // No request costs more than a full bucket, or it could never be paid.
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
  throw new HttpProblem(429, "this caller has asked too often", {
    code: "too-many-requests",
    hint: "Nothing was done. Ask again after the seconds in retry-after.",
    headers: { "retry-after": String(Math.max(1, Math.ceil(-left / perMs / 1000))) },
  });
}
