// The state machine of one token's rotation: pure, over the state that the record holds.

import { Misconfigured, Unchanged } from "../base/errors.ts";
import type { TokenConfig, TokenState } from "../model/schema.ts";
import { tokenState } from "../model/token.ts";
import type { RotationEvent, Stage } from "./event.ts";
import * as retirement from "./retirement.ts";
import * as step from "./transitions.ts";

export { BACKOFF_BASE_MS, BACKOFF_MAX_MS, nextGeneration, remaining } from "./transitions.ts";

/** Each stage: its meaning, the events that it takes, and its effect. The docs print this table. */
export const STAGES: Readonly<
  Record<
    Stage,
    {
      readonly meaning: string;
      /** What a run does with a token in this stage. */
      readonly effect: "issue" | "seal" | "place" | "prove" | "revoke" | "none";
      readonly takes: readonly RotationEvent["type"][];
    }
  >
> = {
  idle: {
    meaning: "Never rotated, or proved with nothing left to revoke.",
    effect: "none",
    takes: ["begin", "abandon", "seen", "retry"],
  },
  intent: {
    meaning: "A run is making a credential.",
    effect: "issue",
    takes: ["issued", "abandon", "begin", "revoked", "revoke-failed", "abort"],
  },
  issued: {
    meaning: "The credential exists and works. It is not sealed yet.",
    effect: "seal",
    takes: ["sealed", "abandon", "begin", "revoked", "revoke-failed", "abort"],
  },
  sealed: {
    meaning: "It is sealed and journalled. No destination has it yet.",
    effect: "place",
    takes: [
      "placed",
      "refused",
      "resume",
      "settle",
      "begin",
      "revoked",
      "revoke-failed",
      "retry",
      "abort",
    ],
  },
  placing: {
    meaning: "Some destinations have it.",
    effect: "place",
    takes: [
      "placed",
      "refused",
      "resume",
      "settle",
      "begin",
      "revoked",
      "revoke-failed",
      "retry",
      "abort",
    ],
  },
  placed: {
    meaning: "Every destination has it. No consumer was seen with it yet.",
    effect: "prove",
    takes: ["begin", "abandon", "seen", "revoked", "revoke-failed", "retry"],
  },
  proved: {
    meaning: "A consumer was seen with it. The one before is revoked when the overlap is over.",
    effect: "revoke",
    takes: ["begin", "abandon", "seen", "revoked", "revoke-failed", "retry"],
  },
  retiring: {
    meaning: "Revoking the one before failed. The next run tries again.",
    effect: "revoke",
    takes: ["begin", "abandon", "seen", "revoked", "revoke-failed", "retry"],
  },
  failed: {
    meaning: "The last attempt failed before anything was placed. The next one waits.",
    effect: "none",
    takes: ["begin", "abandon", "seen", "revoked", "revoke-failed", "retry", "abort"],
  },
  stuck: {
    meaning: "It failed too often. A person resumes or aborts it.",
    effect: "none",
    takes: ["begin", "abandon", "seen", "revoked", "revoke-failed", "retry", "abort"],
  },
};

/** The stage that a recorded state is in. */
export function stageOf(state: TokenState): Stage {
  const { pending } = state;
  if (state.stuck_at) return "stuck";
  if (pending !== null) {
    if (pending.stage !== "sealed") return pending.stage;
    const count = Object.keys(pending.destinations).length;
    return step.remaining(state).length < count ? "placing" : "sealed";
  }
  if (state.failures > 0) return "failed";
  const retiring = state.retiring ?? [];
  if (retiring.some((credential) => credential.failures > 0)) return "retiring";
  if (retiring.length > 0) return state.current?.proved_at ? "proved" : "placed";
  return state.current === null || state.current.proved_at ? "idle" : "placed";
}

/**
 * One transition. Throws `Unchanged` (code `illegal-transition`) for an event that the stage does not
 * take, since going on would make the record untrue.
 */
export function next(state: TokenState, event: RotationEvent, now: Date): TokenState {
  const stage = stageOf(state);
  if (!STAGES[stage].takes.includes(event.type)) throw illegal(stage, event);
  switch (event.type) {
    case "begin":
      return step.begin(state, event, now);
    case "issued":
      return step.applyIssued(state, event);
    case "sealed":
      return step.applySealed(state, event);
    case "resume":
      return step.resume(state, event);
    case "placed":
      return step.applyPlaced(state, event, now);
    case "refused":
      return step.applyRefused(state, event, now);
    case "settle":
      return step.settle(state, event, now);
    case "abandon":
      return step.abandon(state, event, now);
    case "seen":
      return step.applySeen(state, event, now);
    case "revoked":
      return retirement.applyRevoked(state, event);
    case "revoke-failed":
      return retirement.applyRevokeFailed(state, event, now);
    case "retry":
      return step.retry(state);
    case "abort":
      return step.abort(state);
  }
}

function illegal(stage: Stage, event: RotationEvent): Unchanged {
  return new Unchanged(`a rotation that is ${stage} cannot take the event ${event.type}`, {
    code: "illegal-transition",
  });
}

/** Throws `Misconfigured` (`nothing-pending`) for tokens that have nothing pending and no failure. */
export function requirePending(config: TokenConfig, names: readonly string[]): void {
  const fine = names.filter((name) => {
    const state = tokenState(config, name);
    return state.pending === null && state.failures === 0 && !state.stuck_at;
  });
  if (fine.length === 0) return;
  throw new Misconfigured(`nothing is pending or failed for ${fine.join(", ")}`, {
    code: "nothing-pending",
    hint: "To rotate anyway, use `token-automation rotate`.",
  });
}
