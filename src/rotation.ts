// The state machine of one token's rotation: pure, over the state that the record holds.
import type { ReportedError } from "./errors.ts";
import { Unchanged } from "./errors.ts";
import type { SealedBox } from "./ports.ts";
import type { PendingState, RecordedFailure, TokenState } from "./schema.ts";

/** How long a run may take before another may assume that it died, in milliseconds. */
export const LEASE_MS = 10 * 60_000;
/** The wait after the first failure, in milliseconds; it doubles with each further one. */
export const BACKOFF_BASE_MS = 5 * 60_000;
/** The longest wait between attempts, in milliseconds. */
export const BACKOFF_MAX_MS = 24 * 3_600_000;

export type Stage = "idle" | "failed" | "intent" | "issued" | "sealed" | "placing" | "placed";

export type RotationEvent =
  /** A run takes the token up and makes a new generation, leaving behind whatever was pending. */
  | { readonly type: "begin"; readonly runId: string; readonly declaration: string; readonly destinations: readonly string[] }
  | { readonly type: "issued"; readonly fingerprint: string | null; readonly ref: string | null; readonly expiresAt: string | null }
  /** `boxes` is null where they may not be journalled. */
  | { readonly type: "sealed"; readonly boxes: Readonly<Record<string, SealedBox>> | null }
  /** A run takes up what an earlier one journalled. */
  | { readonly type: "resume"; readonly runId: string }
  | { readonly type: "placed"; readonly destination: string }
  | { readonly type: "refused"; readonly destination: string; readonly error: ReportedError }
  /** Every destination has been tried once in this run. */
  | { readonly type: "settle" }
  /** Issuing, checking or sealing failed: nothing was placed. */
  | { readonly type: "abandon"; readonly error: ReportedError };

/** What the interpreter does next; it feeds the outcome back as an event. */
export type Effect = "issue" | "seal" | "journal" | "place" | "record" | "none";

export type Step = { readonly state: TokenState; readonly effect: Effect };

/** The stage that a recorded state is in. */
export function stageOf(state: TokenState): Stage {
  const { pending } = state;
  if (pending === null) return state.failures > 0 ? "failed" : "idle";
  if (pending.stage !== "sealed") return pending.stage;
  const placed = pending.destinations.filter((id) => isPlaced(state, id, pending.generation)).length;
  if (placed === pending.destinations.length) return "placed";
  return placed > 0 ? "placing" : "sealed";
}

/** Which events each stage takes: the table that the docs print. */
export const TRANSITIONS: Readonly<Record<Stage, readonly RotationEvent["type"][]>> = {
  idle: ["begin", "abandon"],
  failed: ["begin", "abandon"],
  intent: ["issued", "abandon", "begin"],
  issued: ["sealed", "abandon", "begin"],
  sealed: ["placed", "refused", "resume", "settle", "begin"],
  placing: ["placed", "refused", "resume", "settle", "begin"],
  placed: ["placed", "settle", "resume", "begin"],
};

/**
 * One transition. Throws `Unchanged` (code `illegal-transition`) for an event that the stage does not
 * take, since going on would make the record untrue.
 */
export function next(state: TokenState, event: RotationEvent, now: Date): Step {
  const stage = stageOf(state);
  if (!TRANSITIONS[stage].includes(event.type)) {
    throw new Unchanged(`a rotation that is ${stage} cannot take the event ${event.type}`, { code: "illegal-transition" });
  }
  switch (event.type) {
    case "begin":
      return { state: { ...state, pending: begin(state, event, now) }, effect: "issue" };
    case "issued":
      return {
        state: withPending(state, { stage: "issued", fingerprint: event.fingerprint, ref: event.ref, expires_at: event.expiresAt }),
        effect: "seal",
      };
    case "sealed":
      return { state: withPending(state, { stage: "sealed", boxes: recordedBoxes(event.boxes) }), effect: "journal" };
    case "resume":
      return {
        state: withPending(state, { run_id: event.runId, lease_until: lease(now) }),
        effect: stage === "placed" ? "record" : "place",
      };
    case "placed":
    case "refused":
      return placed(state, event, now);
    case "settle":
      return { state: settle(state, now), effect: "record" };
    case "abandon":
      return { state: withFailure({ ...state, pending: null }, event.error, now), effect: "record" };
  }
}

/** The destinations that the pending generation has not reached yet. */
export function remaining(state: TokenState): string[] {
  const { pending } = state;
  return pending === null ? [] : pending.destinations.filter((id) => !isPlaced(state, id, pending.generation));
}

/** The generation that a new credential gets: no number is used for two values, even if one was given up. */
export function nextGeneration(state: TokenState): number {
  return Math.max(state.generation, state.pending?.generation ?? 0) + 1;
}

function isPlaced(state: TokenState, id: string, generation: number): boolean {
  const destination = Object.hasOwn(state.destinations, id) ? state.destinations[id] : undefined;
  return destination?.status === "placed" && destination.generation === generation;
}

function begin(state: TokenState, event: Extract<RotationEvent, { type: "begin" }>, now: Date): PendingState {
  return {
    generation: nextGeneration(state),
    stage: "intent",
    run_id: event.runId,
    started_at: now.toISOString(),
    lease_until: lease(now),
    declaration: event.declaration,
    fingerprint: null,
    ref: null,
    expires_at: null,
    destinations: [...event.destinations],
    boxes: null,
  };
}

function placed(state: TokenState, event: Extract<RotationEvent, { type: "placed" | "refused" }>, now: Date): Step {
  const generation = pendingOf(state).generation;
  const before = Object.hasOwn(state.destinations, event.destination) ? state.destinations[event.destination] : undefined;
  const after =
    event.type === "placed"
      ? ({ status: "placed", generation, placed_at: now.toISOString(), error: null } as const)
      : // What stands there is still the generation that was placed last.
        ({
          status: "failed",
          generation: before?.generation ?? 0,
          placed_at: before?.placed_at ?? null,
          error: recorded(event.error, now),
        } as const);
  const state_ = { ...state, destinations: { ...state.destinations, [event.destination]: after } };
  return { state: state_, effect: stageOf(state_) === "placed" ? "record" : "place" };
}

function settle(state: TokenState, now: Date): TokenState {
  const pending = pendingOf(state);
  const missing = remaining(state);
  if (missing.length > 0) {
    const error = missing.map((id) => state.destinations[id]?.error).find((found) => found !== null && found !== undefined);
    return withFailure(state, error ?? { code: "not-placed", message: `${missing.length} destinations were not reached` }, now);
  }
  const { next_attempt_at: _, exposed_at: __, ...kept } = state;
  return {
    ...kept,
    generation: pending.generation,
    rotated_at: now.toISOString(),
    fingerprint: pending.fingerprint,
    ref: pending.ref,
    expires_at: pending.expires_at ?? null,
    // Only destinations that are still declared: the others' secrets are no longer ours to speak of.
    destinations: Object.fromEntries(pending.destinations.flatMap((id) => (state.destinations[id] ? [[id, state.destinations[id]]] : []))),
    pending: null,
    failures: 0,
    last_error: null,
  };
}

function withFailure(state: TokenState, error: Pick<ReportedError, "code" | "message">, now: Date): TokenState {
  const failures = state.failures + 1;
  const wait = Math.min(BACKOFF_BASE_MS * 2 ** Math.min(failures - 1, 30), BACKOFF_MAX_MS);
  return {
    ...state,
    failures,
    last_error: { at: now.toISOString(), code: error.code, message: error.message },
    next_attempt_at: new Date(now.getTime() + wait).toISOString(),
  };
}

function withPending(state: TokenState, change: Partial<PendingState>): TokenState {
  return { ...state, pending: { ...pendingOf(state), ...change } };
}

function pendingOf(state: TokenState): PendingState {
  if (state.pending === null) throw new Unchanged("nothing is pending for this token", { code: "illegal-transition" });
  return state.pending;
}

function recordedBoxes(boxes: Readonly<Record<string, SealedBox>> | null): PendingState["boxes"] {
  return boxes === null
    ? null
    : Object.fromEntries(Object.entries(boxes).map(([id, box]) => [id, { key_id: box.keyId, sealed: box.sealed }]));
}

function recorded(error: ReportedError, now: Date): RecordedFailure {
  return { at: now.toISOString(), code: error.code, message: error.message };
}

function lease(now: Date): string {
  return new Date(now.getTime() + LEASE_MS).toISOString();
}
