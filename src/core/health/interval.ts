// Advised rotation intervals, from a small table that facts about the token tighten.

import { HOUR_MS, instantMs } from "../base/instant.ts";
import {
  type HistoryEntry,
  MAX_INTERVAL_HOURS,
  MIN_INTERVAL_HOURS,
  type TokenState,
  type TokenType,
} from "../model/schema.ts";
import type { Token } from "../model/token.ts";
import { rotatedMs } from "../plan/condition.ts";

/**
 * Hours, by type. API keys travel with every request and are cheap to replace; secret keys sign or
 * encrypt what outlives a request; passwords and what people issued cost a person an effort.
 */
const RECOMMENDED_HOURS: Readonly<Record<TokenType, number>> = {
  api_key: 7 * 24,
  secret_key: 14 * 24,
  custom: 14 * 24,
  hex: 14 * 24,
  base64url: 14 * 24,
  uuid: 14 * 24,
  key_pair: 30 * 24,
  github_pat: 30 * 24,
  password: 30 * 24,
};
/** Groups whose tokens are worth more to a thief, and the share of the table's interval that they get. */
const CRITICAL_GROUP = /CRITICAL|PROD|SECUR|ADMIN|HIGH/i;
const CRITICAL_SHARE = 1 / 4;
/** Groups that a person called unimportant may wait longer. */
const RELAXED_GROUP = /^LOW|_LOW/i;
const RELAXED_FACTOR = 2;
/** A morning of trying things out is no rhythm, so none counts for less than this, in hours. */
const SHORTEST_RHYTHM_HOURS = 24;
/** Rotations needed before a token's own rhythm says anything. */
const RHYTHM_ROTATIONS = 3;

/** The median time between a token's rotations in hours, by its name; only tokens with at least three of them. */
export function rhythms(history: readonly HistoryEntry[]): Map<string, number> {
  const times = new Map<string, number[]>();
  for (const entry of history) {
    const at = instantMs(entry.at);
    if (entry.event !== "rotated" || entry.token_name === null || at === null) continue;
    const mine = times.get(entry.token_name);
    if (mine === undefined) times.set(entry.token_name, [at]);
    else mine.push(at);
  }
  const medians = new Map<string, number>();
  for (const [name, mine] of times) {
    if (mine.length < RHYTHM_ROTATIONS) continue;
    const gaps = mine.slice(1).map((at, index) => Math.abs(at - (mine[index] ?? at)));
    gaps.sort((a, b) => a - b);
    medians.set(name, (gaps[Math.floor(gaps.length / 2)] ?? 0) / HOUR_MS);
  }
  return medians;
}

/**
 * The recommended interval in whole hours: the type's, a quarter of it in a critical group, twice it
 * in an unimportant one; no longer than the rhythm the token was rotated in, nor than four fifths of
 * a lifetime that its issuer sets; never shorter than the interval of its own rule, which a person chose.
 * @param rhythm hours between its rotations, where they are known
 */
export function recommendedInterval(
  token: Token,
  state: TokenState,
  now: number,
  rhythm: number | null,
): number {
  let hours = RECOMMENDED_HOURS[token.type];
  if (token.groups.some((group) => CRITICAL_GROUP.test(group))) hours *= CRITICAL_SHARE;
  else if (token.groups.some((group) => RELAXED_GROUP.test(group))) hours *= RELAXED_FACTOR;
  if (rhythm !== null) hours = Math.min(hours, Math.max(rhythm, SHORTEST_RHYTHM_HOURS));
  const [rotated, expires] = [rotatedMs(state, now), instantMs(state.current?.expires_at)];
  if (rotated !== null && expires !== null && expires > rotated)
    hours = Math.min(hours, ((expires - rotated) / HOUR_MS) * 0.8);
  hours = Math.max(
    Math.floor(hours),
    MIN_INTERVAL_HOURS,
    Math.ceil(token.rule?.intervalHours ?? 0),
  );
  return Math.min(hours, MAX_INTERVAL_HOURS);
}
