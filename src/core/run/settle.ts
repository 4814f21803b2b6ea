// What a run's placements make of a token's state, which another run may have taken up meanwhile: pure.

import type { ReportedError } from "../base/reported-error.ts";
import type { TokenState } from "../model/schema.ts";
import { next, remaining, stageOf } from "../rotation/state.ts";
import type { Outcome, Prepared } from "./token-run.ts";

/** The state after the outcomes: as it was where they are another run's to tell, which took the token up when this one's lease was over. */
export function settled(
  before: TokenState,
  prepared: Prepared,
  outcomes: readonly Outcome[],
  of: { readonly runId: string; readonly stuckAfter: number; readonly now: Date },
): TokenState {
  const { runId, stuckAfter, now } = of;
  if (before.pending?.run_id === runId) {
    let state = before;
    for (const { id, error } of outcomes) {
      state = next(
        state,
        error === null
          ? { type: "placed", destination: id }
          : { type: "refused", destination: id, error },
        now,
      ).state;
    }
    return next(state, { type: "settle", stuckAfter }, now).state;
  }
  const error = overtaken(before, prepared, outcomes);
  if (error === null && before.pending !== null && stageOf(before) !== "stuck")
    return helped(before, outcomes, of);
  // Which of the two values stands there is not known, so a third one is made, soon.
  return error === null || before.pending !== null
    ? before
    : next(before, { type: "abandon", error, stuckAfter }, now).state;
}

/** The state with what this run placed of the boxes that another is placing too; what failed here is that one's to tell. */
function helped(
  before: TokenState,
  outcomes: readonly Outcome[],
  of: { readonly stuckAfter: number; readonly now: Date },
): TokenState {
  const left = remaining(before);
  const placed = outcomes.filter(({ id, error }) => error === null && left.includes(id));
  const state = placed.reduce(
    (current, { id }) => next(current, { type: "placed", destination: id }, of.now).state,
    before,
  );
  return remaining(state).length > 0
    ? state
    : next(state, { type: "settle", stuckAfter: of.stuckAfter }, of.now).state;
}

/**
 * Why what this run placed may not be what the record holds; null where it is, or where nothing of it can have been placed.
 * @param state as the record has it after the run
 */
export function overtaken(
  state: TokenState,
  prepared: Prepared,
  outcomes: readonly Outcome[],
): ReportedError | null {
  const { generation, prints } = prepared;
  const holds = state.pending ?? state;
  // The same box, placed by whoever took it up: any number of times is as good as once.
  if (holds.generation === generation && holds.fingerprint === prints.fingerprint) return null;
  if (outcomes.every(({ error }) => error !== null && error.code === "lease-over")) return null;
  return {
    kind: "uncertain",
    code: "overtaken",
    message: `generation ${generation} was placed, or may have been, while another run went on with generation ${holds.generation}`,
    hint: "Which of the two stands there is not known. It is rotated once more by its schedule; without one, rotate it by name.",
  };
}
