// Declaring a secret that exists already, as it is found: nothing is rotated, and nothing is known of its value.

import { Misconfigured } from "../base/errors.ts";
import { seenName } from "../base/showable.ts";
import { requireValid } from "../config/edit.ts";
import { didYouMean } from "../model/names.ts";
import type {
  DestinationDeclaration,
  TokenConfig,
  TokenDeclaration,
  TriggeredBy,
} from "../model/schema.ts";
import { type GitHubScope, isOnGitHub } from "../model/scope.ts";
import { NEW_TOKEN_STATE, scopeId } from "../model/token.ts";
import type { Commit } from "../ports/store.ts";
import {
  entryOf,
  headline,
  loadRecord,
  type RecordSource,
  reviseRecord,
  withStates,
} from "../record/record.ts";
import { type DiscoverOptions, explore, type Listing } from "./discover.ts";
import type { Discovery } from "./shapes.ts";

export type AdoptRequest = {
  readonly tokenName: string;
  /** Ids of the places that hold one and the same value; empty: the only one there is. */
  readonly at: readonly string[];
  /** Every place that has the name. */
  readonly everywhere: boolean;
  readonly triggeredBy: TriggeredBy;
};

export type Adoption = {
  readonly token_name: string;
  /** Ids, as found. */
  readonly destinations: readonly string[];
  /** As it now stands in the config. */
  readonly declaration: TokenDeclaration;
  readonly commit: Commit | null;
};

export type AdoptOptions = DiscoverOptions & {
  readonly source: RecordSource;
  readonly clock: () => Date;
};

/**
 * Declares what exists, to be rotated by a person who hands in its next value. Its maker is unknown, and
 * a random value in its place would break whatever uses it.
 * Throws `Misconfigured`: `already-declared`, `secret-missing`, `several-found`, `not-found-there`.
 */
export async function adopt(
  { tokenName, at, everywhere, triggeredBy }: AdoptRequest,
  options: AdoptOptions,
): Promise<Adoption> {
  const loaded = await loadRecord(options.source);
  const name = tokenName.toUpperCase();
  requireNew(loaded.config, name);
  const { discovery, listings } = await explore(loaded.config, options);
  const chosen = choose(candidatesOf(discovery, listings), { name, at, everywhere, discovery });
  const destinations = chosen.map(({ scope }) => declarationOf(scope));
  const declaration: TokenDeclaration = { type: "custom", issuer: { use: "manual" }, destinations };
  const now = options.clock();
  const { commit } = await reviseRecord(options.source, loaded, (fresh) => {
    requireNew(fresh, name);
    const declared = { ...fresh, tokens: { ...fresh.tokens, [name]: declaration } };
    // Also without the issuer written out, no random value takes its place.
    const state = { ...NEW_TOKEN_STATE, adopted: { at: now.toISOString() } };
    const config = requireValid(withStates(declared, { [name]: state }), options.home);
    const entries = [entryOf({ event: "adopted", name, triggeredBy, now })];
    return { config, entries, message: headline("adopt", [name]) };
  });
  return { token_name: name, destinations: chosen.map((one) => one.id), declaration, commit };
}

type Candidate = { readonly id: string; readonly name: string; readonly scope: GitHubScope };

function candidatesOf({ undeclared }: Discovery, listings: readonly Listing[]): Candidate[] {
  const open = new Set(undeclared);
  return listings.flatMap(({ scope, secrets }) => {
    // What lies elsewhere was put there by this program.
    if (!isOnGitHub(scope)) return [];
    return secrets
      .map(({ name }) => ({ id: `${scopeId(scope)}:${name}`, name, scope }))
      .filter(({ id }) => open.has(id));
  });
}

type Choice = Omit<AdoptRequest, "tokenName" | "triggeredBy"> & {
  readonly name: string;
  readonly discovery: Discovery;
};

function choose(
  candidates: readonly Candidate[],
  { name, at, everywhere, discovery }: Choice,
): readonly Candidate[] {
  const named = candidates.filter((candidate) => candidate.name === name);
  const ids = named.map(({ id }) => id);
  if (named.length === 0) throw missing(name, candidates, discovery);
  const wrong = at.find((id) => !ids.includes(id));
  if (wrong !== undefined) {
    throw new Misconfigured(`${name} was not found at ${JSON.stringify(wrong.slice(0, 300))}`, {
      code: "not-found-there",
      hint: `It was found at ${ids.join(", ")}.`,
    });
  }
  if (at.length > 0) return named.filter(({ id }) => at.includes(id));
  if (named.length === 1 || everywhere) return named;
  throw new Misconfigured(
    `${name} exists in ${named.length} places, which may hold different values: ${ids.join(", ")}`,
    {
      code: "several-found",
      hint: `One token puts one value into all its places. Name those that are one with --at ${ids[0]} (again for each), or take all with --everywhere.`,
    },
  );
}

function missing(
  name: string,
  candidates: readonly Candidate[],
  { not_listed }: Discovery,
): Misconfigured {
  const names = [...new Set(candidates.map((candidate) => candidate.name))];
  const unseen =
    not_listed.length === 0
      ? ""
      : ` It could not be looked for in ${not_listed.map(({ scope }) => scope).join(", ")}.`;
  return new Misconfigured(`no secret ${seenName(name)} was found that is not declared`, {
    code: "secret-missing",
    hint: `${didYouMean(name, names) ?? "`token-automation discover` lists what there is."}${unseen}`,
  });
}

function requireNew(config: TokenConfig, name: string): void {
  const declared = Object.keys(config.tokens ?? {}).find((known) => known.toUpperCase() === name);
  if (declared === undefined) return;
  throw new Misconfigured(`the token ${declared} is declared already`, {
    code: "already-declared",
    hint: "Add the place to its destinations by hand, if it is to go there too.",
  });
}

/** The repository is left out where it is the home's own, as people write it. */
function declarationOf(scope: GitHubScope): DestinationDeclaration {
  switch (scope.kind) {
    case "environment":
      return { to: "environment", environment: scope.environment };
    case "organization":
      return {
        to: "organization",
        organization: scope.organization,
        ...(scope.app === "actions" ? {} : { app: scope.app }),
      };
    default:
      return { to: scope.kind };
  }
}
