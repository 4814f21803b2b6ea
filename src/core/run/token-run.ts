// One token on its way through a run.

import type { ReportedError } from "../base/reported-error.ts";
import type { TokenState } from "../model/schema.ts";
import type { Token } from "../model/token.ts";
import type { SealedBox } from "../ports/destination.ts";
import type { Prints } from "../rotation/event.ts";
import { nextGeneration } from "../rotation/state.ts";

/** The number that the new credential has: the announced one, where its making was announced. */
export function generationOf({ token, state, how }: Selected): number {
  const { pending } = state;
  const isAnnounced = how === "issue" && token.outside && pending?.stage === "intent";
  return isAnnounced ? pending.generation : nextGeneration(state);
}

/**
 * What a failed attempt left with the service: nothing; the credential with that ref, which could not be revoked; or
 * nobody knows, so that it is to be looked for by its label.
 */
export type Leftover =
  | { readonly kind: "nothing" | "unknown" }
  | { readonly kind: "credential"; readonly ref: string };

export const NOTHING: Leftover = { kind: "nothing" };

export type Outcome = { readonly id: string; readonly error: ReportedError | null };

/** A token that is ready to be journalled and placed. */
export type Prepared = {
  readonly selected: Selected;
  readonly generation: number;
  readonly resumed: boolean;
  readonly prints: Prints;
  readonly ref: string | null;
  readonly issuer: string;
  readonly expiresAt: string | null;
  /** By destination id: what is still to be placed. */
  readonly boxes: Readonly<Record<string, SealedBox>>;
  readonly warnings: readonly string[];
  /** Revokes what was made, where it cannot be placed after all; absent where this run made nothing. Never throws a `Failure`. */
  readonly discard?: () => Promise<Leftover>;
};

export type Preparation =
  | { readonly ok: true; readonly prepared: Prepared }
  /** `attempted`: an issuer was asked, so the failure counts towards the token's backoff. */
  | {
      readonly ok: false;
      readonly selected: Selected;
      readonly error: Error;
      readonly attempted: boolean;
      readonly left: Leftover;
    };

/** What was made for nothing, and what of it is left with its service. */
export type Lost = { readonly selected: Selected; readonly left: Leftover };

/** How one token fared. */
export type TokenOutcome =
  | { readonly kind: "planned"; readonly selected: Selected }
  | { readonly kind: "unprepared"; readonly selected: Selected; readonly error: ReportedError }
  | { readonly kind: "lost"; readonly selected: Selected; readonly reason: string }
  /** `overtaken`: why the record may hold another value, if it may; `unrecorded`: why it could not be committed after placing, if it could not. */
  | {
      readonly kind: "tried";
      readonly prepared: Prepared;
      readonly outcomes: readonly Outcome[];
      readonly overtaken: ReportedError | null;
      readonly unrecorded: ReportedError | null;
    };

/** One token that the run takes up. */
export type Selected = {
  readonly token: Token;
  /** As the record had it when the run decided. */
  readonly state: TokenState;
  readonly reason: string;
  /** `resume`: the journalled boxes are placed again; `issue`: a new generation is made. */
  readonly how: "resume" | "issue";
};

export type Selection = {
  readonly selected: readonly Selected[];
  readonly skipped: readonly {
    readonly token_name: string;
    readonly reason: string;
    readonly state: TokenState;
  }[];
  /** Workflows whose run this is: their `last_run_at` moves. */
  readonly workflows: readonly string[];
  /** Workflows that nobody has noted yet: their `first_seen_at` is set. */
  readonly unseen: readonly string[];
  /** Tokens that are no longer declared, and of which the record still holds something pending. */
  readonly removed: readonly string[];
};
