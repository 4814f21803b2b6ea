// The condition of the credential in place, by declaration and record: its age, its expiry, whether it was exposed.
import { instantMs } from "../base/instant.ts";
import type { TokenState } from "../model/schema.ts";
import type { Token } from "../model/token.ts";

/** The maker of a credential that a person handed in. No issuer can make another one like it. */
export const SUPPLIED = "manual";

/**
 * Why no value may be drawn for a token unless a request names it; null if one may.
 * A random value in place of one that a service or a person issued breaks whatever uses it.
 */
export function issuerMissing(token: Token, state: TokenState): string | null {
  if (token.issuing.use === "manual")
    return `its value is made by ${token.issuing.owner ?? "a person"}: hand in the new one`;
  if (token.issuerDeclared) return null;
  if (token.type === "github_pat")
    return "GitHub issues these only to people: it needs a value (new_token) or an issuer";
  const { pending, current, adopted } = state;
  const maker = pending?.issuer ?? current?.issuer ?? (adopted ? SUPPLIED : null);
  if (maker !== SUPPLIED) return null;
  return 'a person handed in its value, and a random one would break what uses it: hand in the next one, or declare "issuer": {"use": "generate"}';
}

/** When the credential was last rotated. A time ahead of `now` was written by a clock that runs fast, and counts as just now. */
export function rotatedMs(state: TokenState, now: number): number | null {
  const rotated = instantMs(state.current?.rotated_at);
  return rotated === null ? null : Math.min(rotated, now);
}

/** True if the credential in place was seen in plaintext in the git history, and was not rotated since. */
export function isExposed(state: TokenState, now: number): boolean {
  if (!state.exposed_at) return false;
  const rotated = rotatedMs(state, now);
  return rotated === null || rotated < (instantMs(state.exposed_at) ?? now);
}

/** When the credential in place stops working; null if it is unknown. A declared date before the last rotation speaks of an earlier one. */
export function expiryMs(token: Token, state: TokenState): number | null {
  const recorded = instantMs(state.current?.expires_at);
  const declared = instantMs(token.expiresAt);
  if (declared === null) return recorded;
  const rotated = instantMs(state.current?.rotated_at);
  if (rotated !== null && rotated >= declared) return recorded;
  return recorded === null ? declared : Math.min(recorded, declared);
}

/** The choice that a person has about a token that is stuck. */
export function stuckHelp(name: string): string {
  return `fix what failed, then \`token-automation resume ${name}\`, or give it up with \`token-automation abort ${name}\``;
}

/** How often in a row it failed, for people: `failed once`, `failed 3 times`. */
export function failedTimes(state: TokenState): string {
  return `failed ${state.failures === 1 ? "once" : `${state.failures} times`}`;
}
