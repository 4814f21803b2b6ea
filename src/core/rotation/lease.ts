// The lease of a run on a token. No other run takes the token up before its end; this one places nothing after it.
import { HOUR_MS, instantMs } from "../base/instant.ts";
import type { TokenState } from "../model/schema.ts";

/**
 * The time that every run gets, in milliseconds: ten times what a run usually takes. If GitHub makes it
 * wait longer, it stops and the next run goes on. If it died, the next run does not wait long.
 */
const LEASE_MS = 90_000;
/** The time added for each secret that the run places, in milliseconds: GitHub takes 80 a minute. */
const LEASE_PER_PLACEMENT_MS = 1_000;
/** The time to get credentials from their services, in milliseconds: some take minutes until a new one works. */
const ISSUE_MS = 5 * 60_000;
/** The longest lease, in milliseconds. A wrong clock wrote a longer one, so no run waits for it. */
const LONGEST_LEASE_MS = HOUR_MS;
/** The run stops placing this long before the lease ends, in milliseconds: clocks differ, and the last request takes time. */
const MARGIN_MS = 30_000;

/** The end of the lease of a run that places this many secrets in all; ISO 8601. */
export function leaseUntil(placements: number, now: Date): string {
  const length = LEASE_MS + placements * LEASE_PER_PLACEMENT_MS;
  // Below the longest, so that a run whose clock is a little behind still accepts it.
  return new Date(now.getTime() + Math.min(length, LONGEST_LEASE_MS - LEASE_MS)).toISOString();
}

/** The end of the lease of a run that asks services for credentials; ISO 8601. */
export function issueLeaseUntil(now: Date): string {
  return new Date(now.getTime() + ISSUE_MS).toISOString();
}

/** The time until which the run with that lease may place. */
export function placingUntil(lease: string): Date {
  return new Date(Date.parse(lease) - MARGIN_MS);
}

/**
 * The time until which a run may be placing something for the token, in milliseconds; null if no run is. Before it, no other
 * run makes a new generation, since the first could overwrite its value. Every run may place journalled boxes: the same box twice is as good as once.
 */
export function leaseEnd(state: TokenState, now: number): number | null {
  const ends = [state.pending?.lease_until, state.busy_until].map((until) => instantMs(until) ?? 0);
  const live = ends.filter((until) => until > now && until <= now + LONGEST_LEASE_MS);
  return live.length === 0 ? null : Math.max(...live);
}
