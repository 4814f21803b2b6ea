// Observation of the declared secrets from a consumer's position, compared with the record. Pure.

import { HOUR_MS, instantMs } from "../base/instant.ts";
import type { Secret } from "../base/secret.ts";
import { fingerprintKeyId, matchesFingerprint } from "../credentials/fingerprint.ts";
import type { CurrentCredential, TokenConfig, TokenState } from "../model/schema.ts";
import {
  type Home,
  isSeenBeside,
  lastPlacement,
  resolveToken,
  type Token,
  tokenState,
} from "../model/token.ts";
import { STAGES, stageOf } from "../rotation/state.ts";

/**
 * - `current`: the value of the generation that the record calls current: proof;
 * - `previous`: one before, or one that was given up: the consumer is late (GitHub reads secrets when a run is queued), not adrift;
 * - `other`: neither: it was changed, or it never arrived;
 * - `unknown`: the record keeps no fingerprint to compare with, or a rotation is under way;
 * - `not_seen`: this process sees no variable of that name.
 */
export type Observation = "current" | "previous" | "other" | "unknown" | "not_seen";

export type Observed = {
  readonly token: Token;
  readonly state: TokenState;
  readonly observation: Observation;
  /** The destinations whose secret this process sees with the current generation. */
  readonly proved: readonly string[];
  /** The destinations that must have been seen before the generation counts as proved. */
  readonly required: readonly string[];
};

export type ObserveOptions = {
  readonly home: Home;
  /** Values by the secret's name: the environment of a job. */
  readonly seen: ReadonlyMap<string, Secret>;
  readonly key: Secret | null;
  readonly now: Date;
};

/** How long after a value was overwritten that the record does not know a job that still sees it says nothing, in milliseconds: it was queued before. */
const QUEUED_MS = HOUR_MS;

/** Judges every declared token by what is seen of it. */
export function observe(config: TokenConfig, options: ObserveOptions): Observed[] {
  return Object.keys(config.tokens ?? {}).flatMap((name) => {
    const token = resolveToken(config, name, options.home);
    if (token === null) return [];
    const state = tokenState(config, name);
    return [
      {
        token,
        state,
        ...observeToken(token, state, options),
        required: requiredOf(token, options.home),
      },
    ];
  });
}

function requiredOf(token: Token, home: Home): string[] {
  return token.proof === "required" ? visibleOf(token, home).map(({ id }) => id) : [];
}

/** A variable named like a secret that only Dependabot or another repository can see has another owner, and proves nothing. */
function visibleOf({ placements }: Token, home: Home): Token["placements"] {
  return placements.filter(({ scope }) => isSeenBeside(scope, home));
}

type Seen = Pick<Observed, "observation" | "proved">;

function observeToken(
  token: Token,
  state: TokenState,
  { home, seen, key, now }: ObserveOptions,
): Seen {
  const visible = visibleOf(token, home);
  if (!visible.some(({ secretName }) => seen.has(secretName)))
    return { observation: "not_seen", proved: [] };
  const { current } = state;
  if (
    current === null ||
    state.pending !== null ||
    !STAGES[stageOf(state)].takes.includes("seen")
  ) {
    return { observation: "unknown", proved: [] };
  }
  // If nothing was placed yet, the value there is not the program's, and does not show drift.
  const placed = visible.filter(({ id }) => lastPlacement(state, id) !== undefined);
  const verdicts = placed.flatMap((placement) => {
    const value = seen.get(placement.secretName);
    return value === undefined
      ? []
      : [
          {
            id: placement.id,
            verdict: observeValue(value, {
              home,
              state,
              current,
              field: placement.field,
              key,
              now,
            }),
          },
        ];
  });
  // The worst of several says what to do; a doubt is worse than a proof.
  const observation =
    (["other", "previous", "unknown", "current"] as const).find((each) =>
      verdicts.some(({ verdict }) => verdict === each),
    ) ?? "unknown";
  return {
    observation,
    proved: verdicts.filter(({ verdict }) => verdict === "current").map(({ id }) => id),
  };
}

type Judged = Exclude<Observation, "not_seen"> | "beside";

function observeValue(
  value: Secret,
  about: Omit<ObserveOptions, "seen"> & {
    readonly state: TokenState;
    readonly current: CurrentCredential;
    readonly field: string;
  },
): Judged {
  const { state, current, field, home, key, now } = about;
  const { fingerprint, fingerprints = {} } = current;
  if (Object.hasOwn(fingerprints, field)) {
    // Of the fields beside the main one no earlier fingerprints are kept, so a mismatch shows nothing.
    return matchesFingerprint(value, fingerprints[field] ?? null, key) === "match"
      ? "current"
      : "beside";
  }
  if (isOtherKey(current.fingerprint_key, fingerprint, key)) return "unknown";
  const match = matchesFingerprint(value, fingerprint, key);
  if (match !== "mismatch") return match === "match" ? "current" : "unknown";
  const retiring = (state.retiring ?? []).map((credential) => credential.fingerprint);
  const before = [
    state.previous_fingerprint ?? null,
    ...retiring,
    ...(state.earlier_fingerprints ?? []),
  ];
  if (before.some((recorded) => matchesFingerprint(value, recorded, key) === "match"))
    return "previous";
  const overwrote = overwroteUnknown(state, current, home);
  if (overwrote !== null && Math.abs(now.getTime() - overwrote) < QUEUED_MS) return "unknown";
  // It may be the one before, which only the key before could tell.
  return isOtherKey(state.previous_fingerprint_key, state.previous_fingerprint ?? null, key)
    ? "unknown"
    : "other";
}

/**
 * When a value was overwritten that the record has no fingerprint of: a drift, or where jobs are queued also a weak value,
 * and what stood there before the first rotation.
 */
function overwroteUnknown(
  { overwrote_drift_at, previous_fingerprint: previous }: TokenState,
  { rotated_at }: CurrentCredential,
  home: Home,
): number | null {
  return (
    instantMs(overwrote_drift_at) ??
    (previous || home.kind === "local" ? null : instantMs(rotated_at))
  );
}

/** Whether a fingerprint was made with another key than this one. Records of earlier versions do not say with which. */
function isOtherKey(
  keyId: string | undefined,
  fingerprint: string | null,
  key: Secret | null,
): boolean {
  return keyId !== undefined && key !== null && keyId !== fingerprintKeyId(fingerprint, key);
}

/**
 * Fingerprints of at most two generations: the current one, and beside it the one that is being placed, else the one before
 * for as long as the token's overlap lasts. Empty for an undeclared token, or whose values have none.
 */
export function liveFingerprints(
  config: TokenConfig,
  { home, now }: { readonly home: Home; readonly now: Date },
  name: string,
): string[] {
  const token = resolveToken(config, name, home);
  if (token === null) return [];
  const { current, pending, previous_fingerprint: previous } = tokenState(config, name);
  const rotated = instantMs(current?.rotated_at);
  const overlaps = rotated !== null && now.getTime() < rotated + token.overlapHours * HOUR_MS;
  const other =
    pending === null
      ? overlaps
        ? previous
        : null
      : pending.stage === "sealed"
        ? pending.fingerprint
        : null;
  return [current?.fingerprint, other].flatMap((one) => one ?? []);
}
