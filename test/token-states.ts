// Token states as fixtures: a live credential with what a test says of it, beside what the token has as a whole.
import type { CurrentCredential, TokenState } from "../src/core/model/schema.ts";
import { NEW_TOKEN_STATE } from "../src/core/model/token.ts";

/** A live credential: the first generation, of which nothing is known besides. */
export function credential(more: Partial<CurrentCredential> = {}): CurrentCredential {
  return {
    generation: 1,
    fingerprint: null,
    ref: null,
    expires_at: null,
    destinations: {},
    rotated_at: null,
    ...more,
  };
}

/** A token that was rotated. */
export function rotatedState(
  live: Partial<CurrentCredential>,
  more: Partial<TokenState> = {},
): TokenState {
  return { ...NEW_TOKEN_STATE, current: credential(live), ...more };
}
