// Discovery of undeclared secrets in all scopes around the record. Changes nothing.
import { describeError } from "../base/errors.ts";
import type { TokenConfig } from "../model/schema.ts";
import {
  type Home,
  isLocal,
  lastPlacement,
  type Scope,
  scopeId,
  tokenState,
} from "../model/token.ts";
import type { Destination, SecretInfo } from "../ports/destination.ts";
import type { Discovery, FoundSecret } from "./shapes.ts";
import {
  chainsOf,
  declaredPlacements,
  idOf,
  isOwner,
  keyOf,
  type Surroundings,
} from "./surroundings.ts";

export type DiscoverOptions = {
  readonly home: Home;
  readonly destination: (scope: Scope) => Promise<Destination>;
  /** What else there is around a repository. Asked for the home's own. */
  readonly surroundings: (repository: string) => Promise<Surroundings>;
};

export type Listing = { readonly scope: Scope; readonly secrets: readonly SecretInfo[] };

/** Lists every scope that is declared or around the repository, and compares. A scope that cannot be listed is told as such. */
export async function discover(config: TokenConfig, options: DiscoverOptions): Promise<Discovery> {
  return (await explore(config, options)).discovery;
}

/** The same, with the scopes themselves. */
export async function explore(
  config: TokenConfig,
  options: DiscoverOptions,
): Promise<{ readonly discovery: Discovery; readonly listings: readonly Listing[] }> {
  const { repository } = options.home;
  const around = repository === null ? null : await options.surroundings(repository);
  const placements = declaredPlacements(config, options.home);
  const declared = placements.map(({ placement }) => placement.scope);
  const shared = new Set(around?.shared.map(({ scope }) => keyOf(scope)));
  const asked = new Map(
    [...declared, ...(around?.scopes ?? [])].map((scope) => [keyOf(scope), scope]),
  );
  const listed = await Promise.all(
    [...asked.values()].map((scope) => listScope(scope, options.destination)),
  );
  const own = listed.flatMap((one) => ("secrets" in one ? [one] : []));
  // What the repository can see of its organization's secrets counts here, not what the organization has.
  const seen = [...own.filter(({ scope }) => !shared.has(keyOf(scope))), ...(around?.shared ?? [])];
  const names = new Map(
    placements.map(({ token_name, placement }) => [
      idOf(placement.scope, placement.secretName),
      token_name,
    ]),
  );
  const nearby = new Set(
    [...(around?.scopes ?? []), ...(around?.shared.map(({ scope }) => scope) ?? [])].map(keyOf),
  );
  const isNear = (scope: Scope) => scope.kind === "vault" || nearby.has(keyOf(scope));
  const told = seen.map(({ scope, secrets }) => ({
    scope,
    secrets: secrets.map((info) => found(scope, info, names)),
  }));
  const failed = listed.flatMap((one) => ("error" in one ? [one] : []));
  const refused = [...(around?.refused ?? []), ...failed];
  const discovery = {
    repository,
    scopes: told.map(({ scope, secrets }) => ({ scope: scopeId(scope), secrets })),
    not_listed: refused.map(notListed),
    undeclared: told
      .filter(({ scope }) => isNear(scope))
      .flatMap(({ secrets }) =>
        secrets.flatMap(({ id, token_name }) => (token_name === null ? [id] : [])),
      ),
    missing: missingOf(config, placements, own),
    shadowed: repository === null ? [] : shadowsOf(seen, repository),
    invisible_to_dependabot:
      repository === null || isUntold(repository, around, failed)
        ? null
        : invisibleOf(seen, repository),
  };
  return { discovery, listings: seen };
}

function notListed({
  scope,
  error,
}: {
  readonly scope: Scope | string;
  readonly error: unknown;
}): Discovery["not_listed"][number] {
  const { code, message, hint } = describeError(error);
  return { scope: typeof scope === "string" ? scope : scopeId(scope), code, message, hint };
}

async function listScope(
  scope: Scope,
  destination: DiscoverOptions["destination"],
): Promise<Listing | { readonly scope: Scope; readonly error: unknown }> {
  try {
    return { scope, secrets: await (await destination(scope)).list() };
  } catch (error) {
    return { scope, error };
  }
}

function found(
  scope: Scope,
  { name, updatedAt }: SecretInfo,
  names: ReadonlyMap<string, string>,
): FoundSecret {
  return {
    id: `${scopeId(scope)}:${name}`,
    name,
    updated_at: updatedAt,
    token_name: names.get(idOf(scope, name)) ?? null,
  };
}

function missingOf(
  config: TokenConfig,
  placements: ReturnType<typeof declaredPlacements>,
  own: readonly Listing[],
): Discovery["missing"] {
  const listings = new Map(
    own.map(({ scope, secrets }) => [
      keyOf(scope),
      new Set(secrets.map(({ name }) => idOf(scope, name))),
    ]),
  );
  return placements.flatMap(({ token_name, placement: { id, scope, secretName } }) => {
    const present = listings.get(keyOf(scope));
    if (present === undefined || present.has(idOf(scope, secretName))) return [];
    const placed = lastPlacement(tokenState(config, token_name), id)?.status === "placed";
    return [{ id, token_name, placed }];
  });
}

/** Environment over repository over organization, for each app by itself. */
function shadowsOf(seen: readonly Listing[], repository: string): Discovery["shadowed"] {
  return chainsOf(
    seen.map(({ scope }) => scope),
    repository,
  ).flatMap((chain) => {
    const listings = chain.flatMap((scope) =>
      seen.filter((one) => keyOf(one.scope) === keyOf(scope)),
    );
    const [first, ...others] = listings;
    return (first?.secrets ?? []).flatMap(({ name }) => {
      const hidden = others.filter(({ secrets }) => secrets.some((other) => other.name === name));
      if (first === undefined || hidden.length === 0) return [];
      return [
        {
          name,
          read: `${scopeId(first.scope)}:${name}`,
          hidden: hidden.map(({ scope }) => `${scopeId(scope)}:${name}`),
        },
      ];
    });
  });
}

/** Whether it is open what Dependabot's runs get: in a list that is not known any name may stand. */
function isUntold(
  repository: string,
  around: Surroundings | null,
  failed: readonly { readonly scope: Scope }[],
): boolean {
  const organization = repository.split("/")[0] ?? "";
  const needed: Scope[] = [
    { kind: "actions", repository },
    { kind: "dependabot", repository },
    { kind: "organization", organization, app: "dependabot" },
  ];
  const owners = scopeId({ kind: "organization", organization, app: "actions" });
  return (
    (around?.refused ?? []).some(({ scope }) => scope === owners) ||
    failed.some(({ scope }) => needed.some((one) => keyOf(one) === keyOf(scope)))
  );
}

function invisibleOf(seen: readonly Listing[], repository: string): string[] {
  const isDependabots = ({ scope }: Listing) =>
    scope.kind === "organization"
      ? scope.app === "dependabot" && isOwner(scope, repository)
      : keyOf(scope) === keyOf({ kind: "dependabot", repository });
  const given = new Set(
    seen.filter(isDependabots).flatMap(({ secrets }) => secrets.map(({ name }) => name)),
  );
  const ofActions = seen.filter(({ scope }) => {
    if (isLocal(scope)) return false;
    if (scope.kind === "organization") return scope.app === "actions" && isOwner(scope, repository);
    return (
      (scope.kind === "actions" || scope.kind === "environment") &&
      scope.repository.toLowerCase() === repository.toLowerCase()
    );
  });
  const names = new Set(ofActions.flatMap(({ secrets }) => secrets.map(({ name }) => name)));
  return [...names].filter((name) => !given.has(name)).toSorted();
}
