// What a consumer's position shows of the declared secrets, compared with the record: pure.
import { matchesFingerprint } from "./fingerprint.ts";
import { STAGES, stageOf } from "./rotation.ts";
import type { TokenConfig, TokenState } from "./schema.ts";
import type { Secret } from "./secret.ts";
import { type Home, resolveToken, type Token, tokenState } from "./token.ts";

/**
 * - `current`: the value of the generation that the record calls current: proof;
 * - `previous`: one before, or one that was given up: the consumer is late (GitHub reads secrets when a run is queued), not adrift;
 * - `other`: neither: somebody changed it, or it never arrived;
 * - `unknown`: the record keeps no fingerprint to compare with, or a rotation is under way;
 * - `not_seen`: this process sees no variable of that name.
 */
export type Observation = "current" | "previous" | "other" | "unknown" | "not_seen";

export type Observed = { readonly token: Token; readonly state: TokenState; readonly observation: Observation };

export type ObserveOptions = {
  readonly home: Home;
  /** Values by the secret's name: the environment of a job. */
  readonly seen: ReadonlyMap<string, Secret>;
  readonly key: Secret | null;
};

/** Judges every declared token by what is seen of it. */
export function observe(config: TokenConfig, options: ObserveOptions): Observed[] {
  return Object.keys(config.tokens ?? {}).flatMap((name) => {
    const token = resolveToken(config, name, options.home);
    if (token === null) return [];
    const state = tokenState(config, name);
    return [{ token, state, observation: observeToken(token, state, options) }];
  });
}

function observeToken(token: Token, state: TokenState, { seen, key }: ObserveOptions): Observation {
  const namesOf = (placements: Token["placements"]) => [...new Set(placements.map((placement) => placement.secretName))];
  if (!namesOf(token.placements).some((name) => seen.has(name))) return "not_seen";
  if (state.generation === 0 || state.pending !== null || !STAGES[stageOf(state)].takes.includes("seen")) return "unknown";
  // Where nothing was placed yet, what stands there is somebody's own, and says nothing of drift.
  const placed = token.placements.filter(({ id }) => Object.hasOwn(state.destinations, id));
  const values = namesOf(placed).flatMap((name) => seen.get(name) ?? []);
  const verdicts = values.map((value) => observeValue(value, state, key));
  // The worst of several says what to do; a doubt is worse than a proof.
  return (["other", "previous", "unknown", "current"] as const).find((verdict) => verdicts.includes(verdict)) ?? "unknown";
}

function observeValue(value: Secret, state: TokenState, key: Secret | null): Exclude<Observation, "not_seen"> {
  const current = matchesFingerprint(value, state.fingerprint, key);
  if (current !== "mismatch") return current === "match" ? "current" : "unknown";
  const retiring = (state.retiring ?? []).map((credential) => credential.fingerprint);
  const before = [state.previous_fingerprint ?? null, ...retiring, ...(state.earlier_fingerprints ?? [])];
  return before.some((recorded) => matchesFingerprint(value, recorded, key) === "match") ? "previous" : "other";
}
