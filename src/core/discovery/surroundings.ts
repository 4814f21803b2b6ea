// The scopes around a repository, and how names in them hide each other: pure.
import type { TokenConfig } from "../model/schema.ts";
import {
  type Home,
  isLocal,
  type Placement,
  resolveToken,
  type Scope,
  scopeId,
} from "../model/token.ts";
import type { SecretInfo } from "../ports/destination.ts";

/** What there is around a repository beside what the record declares. */
export type Surroundings = {
  /** The repository's own scopes, its environments', and those of its organization that are listed as they are. */
  readonly scopes: readonly Scope[];
  /** Of its organization's scopes: the secrets that this repository can see. */
  readonly shared: readonly { readonly scope: Scope; readonly secrets: readonly SecretInfo[] }[];
  /** What could not be looked at. */
  readonly refused: readonly { readonly scope: string; readonly error: unknown }[];
};

/** What is equal for two spellings of one scope: GitHub knows no capitals. */
export function keyOf(scope: Scope): string {
  const id = scopeId(scope);
  return isLocal(scope) ? id : id.toLowerCase();
}

/** What is equal for two spellings of one secret's id. */
export function idOf(scope: Scope, secretName: string): string {
  return `${keyOf(scope)}:${isLocal(scope) ? secretName : secretName.toUpperCase()}`;
}

/** Every place that a declared token goes to. */
export function declaredPlacements(
  config: TokenConfig,
  home: Home,
): { readonly token_name: string; readonly placement: Placement }[] {
  return Object.keys(config.tokens ?? {}).flatMap((token_name) =>
    (resolveToken(config, token_name, home)?.placements ?? []).map((placement) => ({
      token_name,
      placement,
    })),
  );
}

/** Scopes of one consumer, the one that wins first: https://docs.github.com/actions/reference/security/secrets */
export function chainsOf(scopes: readonly Scope[], repository: string): Scope[][] {
  const isOf = (scope: Scope) =>
    "repository" in scope && scope.repository.toLowerCase() === repository.toLowerCase();
  const chain = (app: string) => [
    ...scopes.filter((scope) => scope.kind === app && isOf(scope)),
    ...scopes.filter(
      (scope) => scope.kind === "organization" && scope.app === app && isOwner(scope, repository),
    ),
  ];
  const environments = scopes.filter((scope) => scope.kind === "environment" && isOf(scope));
  return [
    ...environments.map((environment) => [environment, ...chain("actions")]),
    ...["actions", "dependabot", "codespaces", "agents"].map(chain),
  ];
}

/** Whether the repository is one of that organization's. */
export function isOwner(
  { organization }: Extract<Scope, { kind: "organization" }>,
  repository: string,
): boolean {
  return repository.toLowerCase().startsWith(`${organization.toLowerCase()}/`);
}
