// The transitions of a rotation: pure, one function for each event.
import { Unchanged } from "../base/errors.ts";
import type { ReportedError } from "../base/reported-error.ts";
import type { PendingState, PlacementState, TokenState } from "../model/schema.ts";
import { lastPlacement, liveGeneration } from "../model/token.ts";
import type { SealedBox } from "../ports/destination.ts";
import { withMark } from "../record/request-mark.ts";
import type { EventOf } from "./event.ts";
import {
  failureAt,
  leavePending,
  retireCurrent,
  withEarlier,
  withoutStray,
  withoutTrace,
} from "./retirement.ts";

/** The wait after the first failure, in milliseconds; it doubles with each further one. */
export const BACKOFF_BASE_MS = 5 * 60_000;
/** The longest wait between attempts, in milliseconds. */
export const BACKOFF_MAX_MS = 24 * 3_600_000;

/** The destinations that the pending generation has not reached yet. */
export function remaining({ pending }: TokenState): string[] {
  const all = Object.entries(pending?.destinations ?? {});
  return all.flatMap(([id, { status }]) => (status === "placed" ? [] : [id]));
}

/** The generation that a new credential gets. No two values share a number, even if one was given up. */
export function nextGeneration(state: TokenState): number {
  const retiring = (state.retiring ?? []).map((credential) => credential.generation);
  return (
    Math.max(
      liveGeneration(state),
      state.abandoned_generation ?? 0,
      state.pending?.generation ?? 0,
      ...retiring,
    ) + 1
  );
}

export function begin(state: TokenState, event: EventOf<"begin">, now: Date): TokenState {
  const day = now.toISOString().slice(0, 10);
  const issued = state.issues?.day === day ? state.issues.count : 0;
  const left = leavePending(state);
  const { stuck_at: _, ...kept } = left;
  return {
    ...kept,
    issues: { day, count: issued + 1 },
    pending: {
      generation: nextGeneration(state),
      stage: "intent",
      run_id: event.runId,
      started_at: now.toISOString(),
      lease_until: event.leaseUntil,
      declaration: event.declaration,
      fingerprint: null,
      ref: null,
      issuer: event.issuer,
      ...event.outside,
      expires_at: null,
      destinations: Object.fromEntries(event.destinations.map((id) => [id, toWaiting(left, id)])),
      boxes: null,
      // This generation also answers the requests for the one that is left behind.
      ...withMark(state.pending?.requests, event.mark),
    },
  };
}

export function applyIssued(state: TokenState, event: EventOf<"issued">): TokenState {
  const { fingerprint, fingerprintKey, fingerprints = {}, ref, expiresAt } = event;
  const key = fingerprintKey ? { fingerprint_key: fingerprintKey } : {};
  const others = Object.keys(fingerprints).length > 0 ? { fingerprints: { ...fingerprints } } : {};
  return withPending(state, {
    stage: "issued",
    fingerprint,
    ...key,
    ...others,
    ref,
    expires_at: expiresAt,
  });
}

export function applySealed(state: TokenState, { boxes }: EventOf<"sealed">): TokenState {
  const written = ({ keyId, key, sealed }: SealedBox) => ({
    key_id: keyId,
    ...(key === undefined ? {} : { key }),
    sealed,
  });
  const recorded =
    boxes && Object.fromEntries(Object.entries(boxes).map(([id, box]) => [id, written(box)]));
  return withPending(state, { stage: "sealed", boxes: recorded });
}

/** The run that held the token may still be alive, and place until its own lease is over. */
export function resume(
  state: TokenState,
  { runId, leaseUntil, mark }: EventOf<"resume">,
): TokenState {
  const { run_id, lease_until, requests } = pendingOf(state);
  const others = run_id === runId ? state.busy_until : pickLater(state.busy_until, lease_until);
  return withPending(
    { ...state, ...(others ? { busy_until: others } : {}) },
    { run_id: runId, lease_until: leaseUntil, ...withMark(requests, mark) },
  );
}

/** The destination holds the generation that was placed last, until this one is placed. */
function toWaiting(state: TokenState, id: string): PlacementState {
  const { generation, placed_at } = lastPlacement(state, id) ?? { generation: 0, placed_at: null };
  return { status: "waiting", generation, placed_at };
}

export function applyPlaced(
  state: TokenState,
  { destination }: EventOf<"placed">,
  now: Date,
): TokenState {
  const { generation } = pendingOf(state);
  const placed_at = now.toISOString();
  return withPlacement(withoutStray(state, destination), destination, {
    status: "placed",
    generation,
    placed_at,
    error: null,
  });
}

export function applyRefused(
  state: TokenState,
  { destination, error }: EventOf<"refused">,
  now: Date,
): TokenState {
  return withPlacement(state, destination, { status: "failed", error: failureAt(error, now) });
}

/** If every destination has it, the pending credential is the live one from now on. */
export function settle(state: TokenState, event: EventOf<"settle">, now: Date): TokenState {
  const at = now.toISOString();
  if (remaining(state).length > 0) return releaseUnsettled(state, event, now);
  const { current } = state;
  const {
    stage: _stage,
    run_id: _run,
    started_at: _started,
    lease_until: _lease,
    declaration: _declaration,
    boxes: _boxes,
    requests: _requests,
    ...credential
  } = pendingOf(state);
  const {
    next_attempt_at: _attempt,
    exposed_at: _exposed,
    stuck_at: _stuck,
    stray: _stray,
    drift,
    overwrote_drift_at: _overwrote,
    seen_at: seenAt,
    retiring: _retiring,
    earlier_fingerprints: _earlier,
    busy_until: busy,
    previous_fingerprint_key: _previous,
    ...kept
  } = state;
  const key = current?.fingerprint_key;
  const retiring = retireCurrent(state, at);
  return {
    ...kept,
    current: { ...credential, rotated_at: at },
    pending: null,
    failures: 0,
    last_error: null,
    previous_fingerprint: current?.fingerprint ?? null,
    ...(key && key !== credential.fingerprint_key ? { previous_fingerprint_key: key } : {}),
    // A consumer that was late and was not seen with this generation either may still hold the one before.
    ...(seenAt && !current?.proved_at ? { seen_at: seenAt } : {}),
    ...withEarlier(state, state.previous_fingerprint),
    ...(drift ? { overwrote_drift_at: at } : {}),
    ...(busy && busy > at ? { busy_until: busy } : {}),
    ...(retiring.length > 0 ? { retiring } : {}),
  };
}

function releaseUnsettled(
  state: TokenState,
  { stuckAfter }: EventOf<"settle">,
  now: Date,
): TokenState {
  const missing = remaining(state);
  const { destinations } = pendingOf(state);
  const error = missing.flatMap((id) => destinations[id]?.error ?? [])[0];
  const unreached = {
    code: "not-placed",
    message: `${missing.length} destinations were not reached`,
  };
  // The run is done with the token, so the next one does not wait for the lease.
  const released = withPending(state, { lease_until: now.toISOString() });
  return fail(released, { error: error ?? unreached, stuckAfter }, now);
}

export function abandon(state: TokenState, event: EventOf<"abandon">, now: Date): TokenState {
  const { pending } = state;
  const left =
    pending !== null && event.clean ? { ...state, pending: withoutTrace(pending) } : state;
  return fail(leavePending(left), event, now);
}

type Failed = {
  readonly error: Pick<ReportedError, "code" | "message">;
  readonly stuckAfter: number;
  readonly notBefore?: Date | null;
};

/** Counts a failure. The next attempt waits twice as long, or as long as the service asked for. After `stuckAfter` failures it waits for a person. */
function fail(state: TokenState, event: Failed, now: Date): TokenState {
  const failures = state.failures + 1;
  const asked = (event.notBefore?.getTime() ?? 0) - now.getTime();
  const wait = Math.min(
    Math.max(BACKOFF_BASE_MS * 2 ** Math.min(failures - 1, 30), asked),
    BACKOFF_MAX_MS,
  );
  return {
    ...state,
    failures,
    last_error: failureAt(event.error, now),
    next_attempt_at: new Date(now.getTime() + wait).toISOString(),
    ...(failures >= event.stuckAfter ? { stuck_at: state.stuck_at ?? now.toISOString() } : {}),
  };
}

export function applySeen(state: TokenState, event: EventOf<"seen">, now: Date): TokenState {
  const { verdict } = event;
  const at = now.toISOString();
  if (verdict === "current") return seenCurrent(state, event, at);
  // The same verdict again is not new, so it costs no commit.
  if (verdict === "previous") return state.seen_at ? state : { ...state, seen_at: at };
  return state.drift
    ? state
    : {
        ...state,
        drift: { at, message: `a value other than generation ${liveGeneration(state)} was seen` },
      };
}

function seenCurrent(
  state: TokenState,
  { destinations: ids = [], required = [] }: EventOf<"seen">,
  at: string,
): TokenState {
  const { drift: _, ...kept } = state;
  const { current, stray = {} } = state;
  if (current === null) return kept;
  const destinations = { ...current.destinations };
  // A destination that holds a generation which was given up no longer shows the live one.
  const holdsIt = (id: string) => Object.hasOwn(destinations, id) && !Object.hasOwn(stray, id);
  for (const id of ids) {
    const placement = holdsIt(id) ? destinations[id] : undefined;
    if (placement?.generation === current.generation)
      destinations[id] = { ...placement, proved_at: placement.proved_at ?? at };
  }
  const isProved = required.every((id) => holdsIt(id) && destinations[id]?.proved_at);
  if (!isProved) return { ...kept, current: { ...current, destinations } };
  const retiring = state.retiring?.map((credential) => ({
    ...credential,
    proved_at: credential.proved_at ?? at,
  }));
  return {
    ...kept,
    current: { ...current, destinations, proved_at: current.proved_at ?? at },
    ...(retiring ? { retiring } : {}),
  };
}

export function retry(state: TokenState): TokenState {
  const { stuck_at: _stuck, next_attempt_at: _attempt, ...kept } = state;
  return { ...kept, failures: 0 };
}

export function abort(state: TokenState): TokenState {
  const { stuck_at: _stuck, next_attempt_at: _attempt, ...kept } = leavePending(state);
  return { ...kept, failures: 0, last_error: null };
}

function pickLater(one: string | null | undefined, other: string): string {
  return one && Date.parse(one) > Date.parse(other) ? one : other;
}

/** The state as it was if the pending generation does not go to that destination. */
function withPlacement(state: TokenState, id: string, change: Partial<PlacementState>): TokenState {
  const { destinations } = pendingOf(state);
  const before = Object.hasOwn(destinations, id) ? destinations[id] : undefined;
  if (before === undefined) return state;
  return withPending(state, { destinations: { ...destinations, [id]: { ...before, ...change } } });
}

function withPending(state: TokenState, change: Partial<PendingState>): TokenState {
  return { ...state, pending: { ...pendingOf(state), ...change } };
}

function pendingOf(state: TokenState): PendingState {
  if (state.pending === null)
    throw new Unchanged("nothing is pending for this token", { code: "illegal-transition" });
  return state.pending;
}
