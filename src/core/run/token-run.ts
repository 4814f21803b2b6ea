// One token on its way through a run: a union that each phase narrows.

import type { ReportedError } from "../base/reported-error.ts";
import type { TokenState } from "../model/schema.ts";
import type { Token } from "../model/token.ts";
import type { SealedBox } from "../ports/destination.ts";
import type { Prints } from "../rotation/event.ts";
import { nextGeneration } from "../rotation/state.ts";

/**
 * The way of a token: `selected` → `lost | failed | prepared`, `prepared` → `lost | placed`, `placed` → `settled`.
 * A run keeps one list of them, in the order in which it selected the tokens. Each phase replaces
 * the entries that it is about and passes the others on.
 */
export type TokenRun = Selected | Lost | Failed | Prepared | Placed | Settled;

/** Before anything is placed. */
export type Unplaced = Selected | Lost | Failed | Prepared;
/** After placing: what was prepared is placed. */
export type Tried = Selected | Lost | Failed | Placed;
/** At the end; a token of a dry run is still `selected`. */
export type Finished = Selected | Lost | Failed | Settled;

/** The run's decision for the token, before any side effect. */
export type Choice = {
  readonly token: Token;
  /** As the record had it when the run decided, or when the run announced the credential. */
  readonly state: TokenState;
  readonly reason: string;
  /** `resume`: the journalled boxes are placed again; `issue`: a new generation is made. */
  readonly how: "resume" | "issue";
};

export type Selected = Choice & { readonly phase: "selected" };

/** The token is another run's now, or its declaration is another one. */
export type Lost = Choice & {
  readonly phase: "lost";
  readonly why: LossReason;
  /** The credential that this run had issued and its service still keeps. */
  readonly left: Leftover;
  /** Revokes the credential that this run made for nothing; absent if it made none. Never throws a `Failure`. */
  readonly discard?: () => Promise<Leftover>;
};

export const DECLARATION_CHANGED = "its declaration was changed meanwhile";
export const TAKEN_UP = "another run took it up meanwhile";
export type LossReason = typeof DECLARATION_CHANGED | typeof TAKEN_UP;

/** Preflight, issuing, the check or sealing failed: nothing was placed. */
export type Failed = Choice & {
  readonly phase: "failed";
  readonly error: Error;
  /** An issuer was asked, so the failure counts towards the token's backoff. */
  readonly attempted: boolean;
  readonly left: Leftover;
};

/** The credential is sealed and can be journalled and placed. */
export type Prepared = Choice & {
  readonly phase: "prepared";
  readonly generation: number;
  readonly resumed: boolean;
  readonly prints: Prints;
  readonly ref: string | null;
  readonly issuer: string;
  readonly expiresAt: string | null;
  /** By destination id: what is still to be placed. */
  readonly boxes: Readonly<Record<string, SealedBox>>;
  readonly warnings: readonly string[];
  /** Revokes the credential if it cannot be placed; absent if this run made none. Never throws a `Failure`. */
  readonly discard?: () => Promise<Leftover>;
};

/** Every destination was tried once. */
export type Placed = Omit<Prepared, "phase"> & {
  readonly phase: "placed";
  readonly outcomes: readonly PlacementOutcome[];
};

/** The outcome was recorded, or could not be. */
export type Settled = Omit<Placed, "phase"> & {
  readonly phase: "settled";
  /** The reason why the record may hold another value; null if it holds this one. */
  readonly overtaken: ReportedError | null;
  /** The reason why the outcome could not be committed; null if it was. */
  readonly unrecorded: ReportedError | null;
};

export type PlacementOutcome = { readonly id: string; readonly error: ReportedError | null };

/**
 * The rest that a failed attempt left with the service: nothing, the credential with that ref (it could not be revoked),
 * or something unknown that the next run looks for by its label.
 */
export type Leftover =
  | { readonly kind: "nothing" | "unknown" }
  | { readonly kind: "credential"; readonly ref: string };

export const NOTHING: Leftover = { kind: "nothing" };

/** The entries that are in that phase. */
export function inPhase<Run extends TokenRun, Phase extends Run["phase"]>(
  tokens: readonly Run[],
  phase: Phase,
): Extract<Run, { phase: Phase }>[] {
  return tokens.filter((one): one is Extract<Run, { phase: Phase }> => one.phase === phase);
}

/** The list with the replaced entries in the places of the same tokens. */
export function replaceIn(
  tokens: readonly Unplaced[],
  replaced: readonly Unplaced[],
): readonly Unplaced[] {
  const byName = new Map(replaced.map((one) => [one.token.name, one]));
  return tokens.map((one) => byName.get(one.token.name) ?? one);
}

export function lose(one: Selected | Prepared, why: LossReason): Lost {
  const { token, state, reason, how } = one;
  const made = one.phase === "prepared" && one.discard ? { discard: one.discard } : {};
  return { token, state, reason, how, phase: "lost", why, left: NOTHING, ...made };
}

/** @param details `attempted`: an issuer was asked; `left`: what it still keeps (default: nothing) */
export function fail(
  { token, state, reason, how }: Choice,
  error: Error,
  details: { readonly attempted: boolean; readonly left?: Leftover },
): Failed {
  const { attempted, left = NOTHING } = details;
  return { token, state, reason, how, phase: "failed", error, attempted, left };
}

/** The number that the new credential has: the announced one, if its making was announced. */
export function generationOf({ token, state, how }: Choice): number {
  const { pending } = state;
  const isAnnounced = how === "issue" && token.outside && pending?.stage === "intent";
  return isAnnounced ? pending.generation : nextGeneration(state);
}
