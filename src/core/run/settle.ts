// The state of a token after its placements, even if another run took the token up meanwhile. Pure.

import type { ReportedError } from "../base/reported-error.ts";
import type { TokenState } from "../model/schema.ts";
import { next, remaining, stageOf } from "../rotation/state.ts";
import type { Placed } from "./token-run.ts";

export type SettleOptions = {
  readonly runId: string;
  readonly now: Date;
};

/**
 * The state with each placement's outcome. It stays as it was if another run took the token up
 * after this one's lease, since that run records the outcome.
 */
export function settle(before: TokenState, placed: Placed, options: SettleOptions): TokenState {
  const { runId, now } = options;
  const { stuckAfter } = placed.token;
  if (before.pending?.run_id === runId) {
    let state = before;
    for (const { id: destination, error } of placed.outcomes) {
      state = next(
        state,
        error === null ? { type: "placed", destination } : { type: "refused", destination, error },
        now,
      );
    }
    return next(state, { type: "settle", stuckAfter }, now);
  }
  const error = whyOvertaken(before, placed);
  if (error === null && before.pending !== null && stageOf(before) !== "stuck")
    return settleForOther(before, placed, now);
  // It is unknown which of the two values is there, so the next run makes a third one.
  return error === null || before.pending !== null
    ? before
    : next(before, { type: "abandon", error, stuckAfter }, now);
}

/** The state with this run's placements of boxes that another run is placing too. The other run reports the failures. */
function settleForOther(before: TokenState, { outcomes, token }: Placed, now: Date): TokenState {
  const left = remaining(before);
  const state = outcomes
    .filter(({ id, error }) => error === null && left.includes(id))
    .reduce((current, { id }) => next(current, { type: "placed", destination: id }, now), before);
  return remaining(state).length > 0
    ? state
    : next(state, { type: "settle", stuckAfter: token.stuckAfter }, now);
}

/**
 * The reason why a destination may hold another value than the record; null if the record is right, or if this run placed nothing.
 * @param state as the record has it after the run
 */
export function whyOvertaken(state: TokenState, placed: Placed): ReportedError | null {
  const { generation, prints, outcomes } = placed;
  const holds = state.pending ?? state.current;
  // The run that took the token up placed the same box: twice is as good as once.
  if (holds?.generation === generation && holds.fingerprint === prints.fingerprint) return null;
  if (outcomes.every(({ error }) => error !== null && error.code === "lease-over")) return null;
  return {
    kind: "uncertain",
    code: "overtaken",
    message: `generation ${generation} was placed, or may have been, while another run went on with generation ${holds?.generation ?? 0}`,
    hint: "It is unknown which of the two is there. Its schedule rotates it once more. Without a schedule, rotate it by name.",
  };
}
