// How long a token is one run's alone: while its lease lasts no other run takes it up, and after it this one places nothing.
import { HOUR_MS, instantMs } from "./instant.ts";
import type { PendingState } from "./schema.ts";

/** What a run may take however little it places, in milliseconds: GitHub may make one request wait twice, two minutes each. */
const LEASE_MS = 5 * 60_000;
/** Added for each secret that the run places, in milliseconds: GitHub lets 80 a minute through. */
const LEASE_PER_PLACEMENT_MS = 1_000;
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

/** Until when the run with that lease may place. */
export function placingUntil(lease: string): Date {
  return new Date(Date.parse(lease) - MARGIN_MS);
}

/** Until when a run is at work on what is pending, in milliseconds; null where none is. */
export function leaseEnd(pending: PendingState | null, now: number): number | null {
  const until = instantMs(pending?.lease_until);
  return until !== null && until > now && until <= now + LONGEST_LEASE_MS ? until : null;
}
