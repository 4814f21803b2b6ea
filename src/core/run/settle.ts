// Settling: the state of a token after its placements, even if another run took the token up meanwhile. Pure.

import type { ReportedError } from "../base/reported-error.ts";
import type { TokenState } from "../model/schema.ts";
import { next, remaining, stageOf } from "../rotation/state.ts";
import type { Placed } from "./token-run.ts";

export type SettleOptions = {
  readonly runId: string;
  readonly now: Date;
};

/**
 * The state with what was placed and refused. It stays as it was if another run, which took the token up
 * when this one's lease was over, has to say what became of it.
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
  // Which of the two values stands there is not known, so a third one is made, soon.
  return error === null || before.pending !== null
    ? before
    : next(before, { type: "abandon", error, stuckAfter }, now);
}

/** The state with what this run placed of the boxes that another run is placing too; the other run reports what failed here. */
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
 * Why what this run placed may not be what the record holds; null if it is, or if nothing of it can have been placed.
 * @param state as the record has it after the run
 */
export function whyOvertaken(state: TokenState, placed: Placed): ReportedError | null {
  const { generation, prints, outcomes } = placed;
  const holds = state.pending ?? state.current;
  // The same box, placed by the run that took it up: any number of times is as good as once.
  if (holds?.generation === generation && holds.fingerprint === prints.fingerprint) return null;
  if (outcomes.every(({ error }) => error !== null && error.code === "lease-over")) return null;
  return {
    kind: "uncertain",
    code: "overtaken",
    message: `generation ${generation} was placed, or may have been, while another run went on with generation ${holds?.generation ?? 0}`,
    hint: "Which of the two stands there is not known. It is rotated once more by its schedule; without one, rotate it by name.",
  };
}
