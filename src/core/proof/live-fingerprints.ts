// By what the values of a token that may be in use are recognized: pure.
import { HOUR_MS } from "../base/instant.ts";
import type { TokenConfig } from "../model/schema.ts";
import { type Home, resolveToken, tokenState } from "../model/token.ts";

/**
 * Fingerprints of at most two generations: the current one, and beside it the one that is being placed, else the one before
 * for as long as the token's overlap lasts. Empty for a token that nobody declared, or whose values have none.
 */
export function liveFingerprints(
  config: TokenConfig,
  { home, now }: { readonly home: Home; readonly now: Date },
  name: string,
): string[] {
  const token = resolveToken(config, name, home);
  if (token === null) return [];
  const {
    fingerprint,
    pending,
    previous_fingerprint: previous,
    rotated_at: rotatedAt,
  } = tokenState(config, name);
  const overlaps =
    rotatedAt !== null && now.getTime() < Date.parse(rotatedAt) + token.overlapHours * HOUR_MS;
  const other =
    pending === null
      ? overlaps
        ? previous
        : null
      : pending.stage === "sealed"
        ? pending.fingerprint
        : null;
  return [fingerprint, other].flatMap((one) => one ?? []);
}
