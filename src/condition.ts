// What the declaration and the record tell of the credential in place: its age, its expiry, whether it was exposed.
import { instantMs } from "./instant.ts";
import type { TokenState } from "./schema.ts";
import type { Token } from "./token.ts";

/** Whether a token has no way to a working value by itself: GitHub issues `github_pat`s only to people. */
export function issuerRequired(token: Token): boolean {
  return token.type === "github_pat" && !token.issuerDeclared;
}

/** When the credential was last rotated; a time ahead of `now` was written by a clock that runs fast and counts as just now. */
export function rotatedMs(state: TokenState, now: number): number | null {
  const rotated = instantMs(state.rotated_at);
  return rotated === null ? null : Math.min(rotated, now);
}

/** Whether the credential in place was seen in plaintext in the git history: exposed, and not rotated since. */
export function isExposed(state: TokenState, now: number): boolean {
  if (!state.exposed_at) return false;
  const rotated = rotatedMs(state, now);
  return rotated === null || rotated < (instantMs(state.exposed_at) ?? now);
}

/** When the credential in place stops working; null where nobody said. A declared date before the last rotation speaks of an earlier one. */
export function expiryMs(token: Token, state: TokenState): number | null {
  const recorded = instantMs(state.expires_at);
  const declared = instantMs(token.expiresAt);
  if (declared === null) return recorded;
  const rotated = instantMs(state.rotated_at);
  if (rotated !== null && rotated >= declared) return recorded;
  return recorded === null ? declared : Math.min(recorded, declared);
}

/** How often in a row it failed, for people: `failed once`, `failed 3 times`. */
export function failedTimes(state: TokenState): string {
  return `failed ${state.failures === 1 ? "once" : `${state.failures} times`}`;
}
