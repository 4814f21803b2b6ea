// Compares what can be seen with what the record holds, and replays the history's chain.
import { describeError } from "../base/errors.ts";
import type { ReportedError } from "../base/reported-error.ts";
import type { TokenConfig } from "../model/schema.ts";
import {
  type Home,
  isSeenBeside,
  lastPlacement,
  liveGeneration,
  resolveToken,
  type Scope,
  type Token,
} from "../model/token.ts";
import type { Destination, SecretInfo } from "../ports/destination.ts";
import { entryDigest, entryName, verifyChain } from "../record/history.ts";
import type { HistoryPart } from "../record/read-history.ts";
import { type Observation, type Observed, type ObserveOptions, observe } from "./observe.ts";

/** How much later than our own clock's placement GitHub may date the same change, in milliseconds. */
const CLOCK_TOLERANCE_MS = 5 * 60_000;

/** By scope id: the secrets that it has, or why it could not be asked. */
export type Listings = ReadonlyMap<string, readonly SecretInfo[] | ReportedError>;

/** Asks every declared scope what it has. A scope that cannot be asked reports nothing, which is an answer of its own. */
export async function listScopes(
  config: TokenConfig,
  {
    home,
    destination,
  }: { readonly home: Home; readonly destination: (scope: Scope) => Promise<Destination> },
): Promise<Listings> {
  const scopes = new Map<string, Scope>();
  for (const name of Object.keys(config.tokens ?? {})) {
    for (const { scopeId, scope } of resolveToken(config, name, home)?.placements ?? [])
      scopes.set(scopeId, scope);
  }
  const listed = [...scopes].map(
    async ([id, scope]): Promise<[string, readonly SecretInfo[] | ReportedError]> => [
      id,
      await destination(scope)
        .then((found) => found.list())
        .catch(describeError),
    ],
  );
  return new Map(await Promise.all(listed));
}

export type VerifyOptions = ObserveOptions & {
  readonly listings: Listings;
  /** The newest entries of the history. */
  readonly history: Pick<HistoryPart, "entries" | "older">;
};

/** Every declared token gets a verdict; "not seen" and "could not tell" are verdicts of their own. Changes nothing. */
export function verifyRecord(config: TokenConfig, options: VerifyOptions): Verification {
  const tokens = observe(config, options).map((observed) => ({
    token_name: observed.token.name,
    ...verdictOf(observed, options),
  }));
  return { tokens, history: chainOf(config, options.history) };
}

/** The chain of the entries that were read; the newest of them must be the one that the record names. */
function chainOf(
  config: TokenConfig,
  { entries, older }: VerifyOptions["history"],
): Verification["history"] {
  const { breaks } = verifyChain(entries, older ? undefined : null);
  const told = breaks.map(({ entry, message }) => ({ entry, message }));
  const stated = config.state?.history ?? { entries: 0, digest: null };
  const newest = entries.at(-1);
  const digest = newest === undefined ? null : entryDigest(newest);
  if (digest !== stated.digest) {
    const message = "the newest entry is not the one that the record names";
    told.push({ entry: newest === undefined ? "" : entryName(newest), message });
  } else if (!older && entries.length !== stated.entries) {
    const message = `the record counts ${stated.entries} entries, and ${entries.length} are there`;
    told.push({ entry: newest === undefined ? "" : entryName(newest), message });
  }
  return { ok: told.length === 0, entries: entries.length, whole: !older, breaks: told };
}

type Judged = { readonly verdict: ProofVerdict; readonly detail: string };

const SEEN: Readonly<Record<Exclude<Observation, "not_seen" | "current">, Judged>> = {
  previous: {
    verdict: "previous",
    detail: "this process still sees the generation before: not yet",
  },
  other: {
    verdict: "mismatch",
    detail: "this process sees another value than the one that was placed",
  },
  unknown: {
    verdict: "unknown",
    detail:
      "this process sees it, but the record holds no fingerprint that shows whether it is the placed value",
  },
};

function verdictOf(
  observed: Observed,
  { listings, home }: { readonly listings: Listings; readonly home: Home },
): Judged {
  const { observation, state } = observed;
  if (observation === "other" || observation === "previous") return SEEN[observation];
  const sign = signOf(observed, listings);
  if (sign?.verdict === "gone") return sign;
  if (observation === "current")
    return { verdict: "match", detail: `this process sees generation ${liveGeneration(state)}` };
  return (
    sign ??
    (observation === "unknown"
      ? SEEN.unknown
      : { verdict: "not_seen", detail: unseen(observed.token, home) })
  );
}

/** A token of several fields is seen by the names of its secrets, not by its own. */
function unseen({ name, placements }: Token, home: Home): string {
  const names = new Set(
    placements.flatMap(({ scope, secretName }) => (isSeenBeside(scope, home) ? [secretName] : [])),
  );
  if (names.size === 0 || (names.size === 1 && names.has(name)))
    return "this process sees no variable of that name";
  return `this process sees no variable named ${[...names].join(" or ")}`;
}

/** What the destinations' own listings say against the record; null where they say nothing. */
function signOf({ token, state }: Observed, listings: Listings): Judged | null {
  for (const { id, scopeId, secretName } of token.placements) {
    const placed = lastPlacement(state, id);
    if (placed?.status !== "placed") continue;
    const listing = listings.get(scopeId);
    if (listing === undefined || "message" in listing) {
      return {
        verdict: "unknown",
        detail: `${scopeId} could not be asked what it has${listing === undefined ? "" : `: ${listing.message}`}`,
      };
    }
    const info = listing.find(({ name }) => name === secretName);
    if (info === undefined)
      return { verdict: "gone", detail: `${scopeId} has no secret ${secretName} any more` };
    const changed = Date.parse(info.updatedAt ?? "");
    if (changed > Date.parse(placed.placed_at ?? "") + CLOCK_TOLERANCE_MS) {
      return {
        verdict: "changed_later",
        detail: `${secretName} in ${scopeId} was changed at ${info.updatedAt}, after it was placed`,
      };
    }
  }
  return null;
}

/**
 * What can be told of one token without rotating it.
 * - `match`: what this process sees is the current generation;
 * - `previous`: it sees the one before: not yet;
 * - `mismatch`: it sees something else: drift;
 * - `gone`: a destination no longer has the secret;
 * - `changed_later`: a destination's secret was changed after it was placed: a softer sign of drift;
 * - `unknown`: it could not be told; `not_seen`: nothing is seen of it, and its destinations show nothing wrong.
 */
export type ProofVerdict =
  | "match"
  | "previous"
  | "mismatch"
  | "gone"
  | "changed_later"
  | "unknown"
  | "not_seen";

/** What can be told of the declared secrets, and whether the record's history hangs together. */
export type Verification = {
  readonly tokens: readonly {
    readonly token_name: string;
    readonly verdict: ProofVerdict;
    readonly detail: string;
  }[];
  readonly history: {
    readonly ok: boolean;
    readonly entries: number;
    /** Whether those are all the entries; if not, `history --verify` replays the rest. */
    readonly whole: boolean;
    readonly breaks: readonly { readonly entry: string; readonly message: string }[];
  };
};
