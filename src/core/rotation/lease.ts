// How long a token is one run's alone: while its lease lasts no other run takes it up, and after it this one places nothing.
import { HOUR_MS, instantMs } from "../base/instant.ts";
import type { TokenState } from "../model/schema.ts";

/**
 * What a run may take however little it places, in milliseconds: ten times what it takes as a rule. Where GitHub makes it
 * wait longer it stops, and the next run goes on; where it died, the next one need not wait long.
 */
const LEASE_MS = 90_000;
/** Added for each secret that the run places, in milliseconds: GitHub lets 80 a minute through. */
const LEASE_PER_PLACEMENT_MS = 1_000;
/** What a run may take to get its credentials from their services, in milliseconds: some take minutes until a new one works. */
const ISSUE_MS = 5 * 60_000;
/** No lease reaches further ahead, in milliseconds: one that does was written by a wrong clock, and is not waited for. */
const LONGEST_LEASE_MS = HOUR_MS;
/** So long before its end nothing more is placed, in milliseconds: for clocks that differ, and for the last request's way. */
const MARGIN_MS = 30_000;

/** Until when a run that places so many secrets in all has its tokens to itself; ISO 8601. */
export function leaseUntil(placements: number, now: Date): string {
  const length = LEASE_MS + placements * LEASE_PER_PLACEMENT_MS;
  // Below the longest, so that a clock that is a little behind still believes it.
  return new Date(now.getTime() + Math.min(length, LONGEST_LEASE_MS - LEASE_MS)).toISOString();
}

/** Until when a run that asks services for credentials has their tokens to itself; ISO 8601. */
export function issueLeaseUntil(now: Date): string {
  return new Date(now.getTime() + ISSUE_MS).toISOString();
}

/** Until when the run with that lease may act by it. */
export function placingUntil(lease: string): Date {
  return new Date(Date.parse(lease) - MARGIN_MS);
}

/**
 * Until when a run may be placing something for the token, in milliseconds; null where none is. Until then no other makes a new
 * generation, whose value the first could overwrite. Boxes that are journalled may be placed by anyone: the same box twice is as good as once.
 */
export function leaseEnd(state: TokenState, now: number): number | null {
  const ends = [state.pending?.lease_until, state.busy_until].map((until) => instantMs(until) ?? 0);
  const live = ends.filter((until) => until > now && until <= now + LONGEST_LEASE_MS);
  return live.length === 0 ? null : Math.max(...live);
}
