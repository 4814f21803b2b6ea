// What each event of a rotation does to the recorded state: pure, one function an event.
import { Unchanged } from "../base/errors.ts";
import type { ReportedError } from "../base/reported-error.ts";
import type {
  PendingState,
  PlacementState,
  RecordedFailure,
  RetiringCredential,
  TokenState,
} from "../model/schema.ts";
import type { SealedBox } from "../ports/destination.ts";
import { withMark } from "../record/request-mark.ts";
import type { RotationEvent } from "./event.ts";

/** The wait after the first failure, in milliseconds; it doubles with each further one. */
export const BACKOFF_BASE_MS = 5 * 60_000;
/** The longest wait between attempts, in milliseconds. */
export const BACKOFF_MAX_MS = 24 * 3_600_000;

type Event<Type extends RotationEvent["type"]> = Extract<RotationEvent, { type: Type }>;

/** The destinations that the pending generation has not reached yet. */
export function remaining(state: TokenState): string[] {
  const { pending } = state;
  return pending === null
    ? []
    : pending.destinations.filter((id) => !isPlaced(state, id, pending.generation));
}

/** The generation that a new credential gets: no number is used for two values, even if one was given up. */
export function nextGeneration(state: TokenState): number {
  const retiring = (state.retiring ?? []).map((credential) => credential.generation);
  return (
    Math.max(
      state.generation,
      state.abandoned_generation ?? 0,
      state.pending?.generation ?? 0,
      ...retiring,
    ) + 1
  );
}

export function begin(state: TokenState, event: Event<"begin">, now: Date): TokenState {
  const day = now.toISOString().slice(0, 10);
  const issued = state.issues?.day === day ? state.issues.count : 0;
  const { stuck_at: _, ...kept } = leavePending(state);
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
      destinations: [...event.destinations],
      boxes: null,
      // Who asked for the one that is left behind gets this one.
      ...withMark(state.pending?.requests, event.mark),
    },
  };
}

export function issued(state: TokenState, event: Event<"issued">): TokenState {
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

export function sealed(state: TokenState, { boxes }: Event<"sealed">): TokenState {
  const written = ({ keyId, key, sealed }: SealedBox) => ({
    key_id: keyId,
    ...(key === undefined ? {} : { key }),
    sealed,
  });
  const recorded =
    boxes && Object.fromEntries(Object.entries(boxes).map(([id, box]) => [id, written(box)]));
  return withPending(state, { stage: "sealed", boxes: recorded });
}

/** The run that is relieved may still be alive, and place until its own lease is over. */
export function resume(
  state: TokenState,
  { runId, leaseUntil, mark }: Event<"resume">,
): TokenState {
  const { run_id, lease_until, requests } = pendingOf(state);
  const others = run_id === runId ? state.busy_until : later(state.busy_until, lease_until);
  return withPending(
    { ...state, ...(others ? { busy_until: others } : {}) },
    { run_id: runId, lease_until: leaseUntil, ...withMark(requests, mark) },
  );
}

export function placed(state: TokenState, { destination }: Event<"placed">, now: Date): TokenState {
  const { generation } = pendingOf(state);
  return withDestination(state, destination, {
    status: "placed",
    generation,
    placed_at: now.toISOString(),
    error: null,
  });
}

export function refused(
  state: TokenState,
  { destination, error }: Event<"refused">,
  now: Date,
): TokenState {
  const before = Object.hasOwn(state.destinations, destination)
    ? state.destinations[destination]
    : undefined;
  // What stands there is still the generation that was placed last.
  const { generation, placed_at } = before ?? { generation: 0, placed_at: null };
  return withDestination(state, destination, {
    status: "failed",
    generation,
    placed_at,
    error: recorded(error, now),
  });
}

export function settle(state: TokenState, event: Event<"settle">, now: Date): TokenState {
  const at = now.toISOString();
  const missing = remaining(state);
  if (missing.length > 0) {
    const error = missing
      .map((id) => state.destinations[id]?.error)
      .find((found) => found !== null && found !== undefined);
    const unreached = {
      code: "not-placed",
      message: `${missing.length} destinations were not reached`,
    };
    // The run is done with it, so that the next one need not wait for the lease.
    const released = withPending(state, { lease_until: at });
    return fail(released, { error: error ?? unreached, stuckAfter: event.stuckAfter }, now);
  }
  const pending = pendingOf(state);
  const before: RetiringCredential[] = state.ref
    ? [retired(state.generation, { ...state, ref: state.ref })]
    : [];
  const retiring = [...(state.retiring ?? []), ...before].map((credential) => ({
    ...credential,
    replaced_at: credential.replaced_at ?? at,
  }));
  const {
    next_attempt_at: _attempt,
    exposed_at: _exposed,
    stuck_at: _stuck,
    drift,
    overwrote_drift_at: _overwrote,
    seen_at: seenAt,
    retiring: _old,
    issuing: _issuing,
    earlier_fingerprints: _earlier,
    busy_until: busy,
    fingerprint_key: key,
    previous_fingerprint_key: _previous,
    fingerprints: _fingerprints,
    ...kept
  } = state;
  return {
    ...kept,
    generation: pending.generation,
    rotated_at: at,
    fingerprint: pending.fingerprint,
    ...(pending.fingerprint_key ? { fingerprint_key: pending.fingerprint_key } : {}),
    ...(pending.fingerprints ? { fingerprints: pending.fingerprints } : {}),
    previous_fingerprint: state.fingerprint,
    ...(key && key !== pending.fingerprint_key ? { previous_fingerprint_key: key } : {}),
    // A consumer that was late and was not seen with this generation either may still hold the one before.
    ...(seenAt && !state.proved_at ? { seen_at: seenAt } : {}),
    ...withEarlier(state, state.previous_fingerprint),
    ...(drift ? { overwrote_drift_at: at } : {}),
    ...(busy && busy > at ? { busy_until: busy } : {}),
    proved_at: null,
    ref: pending.ref,
    ...(pending.issuer === undefined ? {} : { issuer: pending.issuer }),
    ...(pending.issuing === undefined ? {} : { issuing: pending.issuing }),
    expires_at: pending.expires_at ?? null,
    // Only destinations that are still declared: the others' secrets are no longer ours to speak of.
    destinations: Object.fromEntries(
      pending.destinations.flatMap((id) =>
        state.destinations[id] ? [[id, state.destinations[id]]] : [],
      ),
    ),
    pending: null,
    failures: 0,
    last_error: null,
    ...(retiring.length > 0 ? { retiring } : {}),
  };
}

export function abandon(state: TokenState, event: Event<"abandon">, now: Date): TokenState {
  const { pending } = state;
  const left =
    pending !== null && event.clean ? { ...state, pending: withoutTrace(pending) } : state;
  return fail({ ...leavePending(left), pending: null }, event, now);
}

type Failed = {
  readonly error: Pick<ReportedError, "code" | "message">;
  readonly stuckAfter: number;
  readonly notBefore?: Date | null;
};

/** Counts a failure: the next attempt waits twice as long, or as long as the service asked for, and after `stuckAfter` of them for a person. */
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
    last_error: recorded(event.error, now),
    next_attempt_at: new Date(now.getTime() + wait).toISOString(),
    ...(failures >= event.stuckAfter ? { stuck_at: state.stuck_at ?? now.toISOString() } : {}),
  };
}

export function seen(state: TokenState, event: Event<"seen">, now: Date): TokenState {
  const { verdict } = event;
  const at = now.toISOString();
  if (verdict === "current") return seenCurrent(state, event, at);
  // A later look at the same thing tells nothing new, and what tells nothing new is not committed.
  if (verdict === "previous") return state.seen_at ? state : { ...state, seen_at: at };
  return state.drift
    ? state
    : {
        ...state,
        drift: { at, message: `something else than generation ${state.generation} was seen` },
      };
}

function seenCurrent(
  state: TokenState,
  { destinations: ids = [], required = [] }: Event<"seen">,
  at: string,
): TokenState {
  const { drift: _, ...kept } = state;
  const destinations = { ...state.destinations };
  for (const id of ids) {
    const placement = Object.hasOwn(destinations, id) ? destinations[id] : undefined;
    if (placement?.generation === state.generation)
      destinations[id] = { ...placement, proved_at: placement.proved_at ?? at };
  }
  const isProved = required.every(
    (id) => Object.hasOwn(destinations, id) && destinations[id]?.proved_at,
  );
  if (!isProved) return { ...kept, destinations };
  const retiring = state.retiring?.map((credential) => ({
    ...credential,
    proved_at: credential.proved_at ?? at,
  }));
  return {
    ...kept,
    destinations,
    proved_at: state.proved_at ?? at,
    ...(retiring ? { retiring } : {}),
  };
}

export function revoked(state: TokenState, { generation }: Event<"revoked">): TokenState {
  const { retiring, ...kept } = state;
  const left = (retiring ?? []).filter((credential) => credential.generation !== generation);
  return left.length > 0 ? { ...kept, retiring: left } : kept;
}

export function revokeFailed(
  state: TokenState,
  { generation, error }: Event<"revoke-failed">,
  now: Date,
): TokenState {
  const retiring = (state.retiring ?? []).map((credential) =>
    credential.generation === generation
      ? { ...credential, failures: credential.failures + 1, last_error: recorded(error, now) }
      : credential,
  );
  return { ...state, retiring };
}

export function retry(state: TokenState): TokenState {
  const { stuck_at: _stuck, next_attempt_at: _attempt, ...kept } = state;
  return { ...kept, failures: 0 };
}

export function abort(state: TokenState): TokenState {
  const { stuck_at: _stuck, next_attempt_at: _attempt, ...kept } = leavePending(state);
  return { ...kept, pending: null, failures: 0, last_error: null };
}

function later(one: string | null | undefined, other: string): string {
  return one && Date.parse(one) > Date.parse(other) ? one : other;
}

function isPlaced(state: TokenState, id: string, generation: number): boolean {
  const destination = Object.hasOwn(state.destinations, id) ? state.destinations[id] : undefined;
  return destination?.status === "placed" && destination.generation === generation;
}

function withDestination(state: TokenState, id: string, placement: PlacementState): TokenState {
  return { ...state, destinations: { ...state.destinations, [id]: placement } };
}

function withPending(state: TokenState, change: Partial<PendingState>): TokenState {
  return { ...state, pending: { ...pendingOf(state), ...change } };
}

function pendingOf(state: TokenState): PendingState {
  if (state.pending === null)
    throw new Unchanged("nothing is pending for this token", { code: "illegal-transition" });
  return state.pending;
}

function recorded(error: Pick<ReportedError, "code" | "message">, now: Date): RecordedFailure {
  return { at: now.toISOString(), code: error.code, message: error.message };
}

/** How many fingerprints are kept of generations before the previous one. */
const EARLIER_KEPT = 8;

/** Whatever was pending is given up: its number stays used, and what it issued is to be revoked. */
function leavePending(state: TokenState): TokenState {
  const { pending } = state;
  if (pending === null) return state;
  // Only of what was sealed can something have been placed, also by a run that died before it could say so.
  const earlier = withEarlier(state, pending.stage === "sealed" ? pending.fingerprint : null);
  const left = {
    ...state,
    ...earlier,
    abandoned_generation: Math.max(state.abandoned_generation ?? 0, pending.generation),
  };
  // A run that ended between asking the service and writing down its answer left something that only the label can find.
  const isLost = pending.stage === "intent" && pending.label !== undefined;
  if (!pending.ref && !isLost) return left;
  const asked = isLost ? { asked_at: pending.started_at } : {};
  const orphan = {
    ...retired(pending.generation, pending),
    ...asked,
    never_placed: pending.stage !== "sealed",
  };
  return { ...left, retiring: [...(state.retiring ?? []), orphan] };
}

/** A pending credential of which nothing is left with its service. */
function withoutTrace(pending: PendingState): PendingState {
  const { label: _, ...kept } = pending;
  return { ...kept, ref: null };
}

/** Consumers are late by any number of generations, as one queued behind other runs; further back somebody put the value there. */
function withEarlier(
  state: TokenState,
  fingerprint: string | null | undefined,
): Pick<TokenState, "earlier_fingerprints"> {
  const all = [
    ...new Set([...(fingerprint ? [fingerprint] : []), ...(state.earlier_fingerprints ?? [])]),
  ];
  return all.length === 0 ? {} : { earlier_fingerprints: all.slice(0, EARLIER_KEPT) };
}

/** A credential as the record keeps it until it is revoked. */
function retired(
  generation: number,
  of: Pick<PendingState, "ref" | "fingerprint" | "issuer" | "issuing" | "label">,
): RetiringCredential {
  const { ref, fingerprint, issuer = "generate", issuing, label } = of;
  const asked = {
    ...(label === undefined ? {} : { label }),
    ...(issuing === undefined ? {} : { issuing }),
  };
  return {
    generation,
    ref,
    ...asked,
    fingerprint,
    issuer,
    replaced_at: null,
    proved_at: null,
    failures: 0,
    last_error: null,
  };
}
