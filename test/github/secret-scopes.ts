// All scopes of secrets of the tests' GitHub: of a repository by app, of its environments, of an organization by app.
import { createSecretScope, type KeyRegistry, type SecretScope } from "./secrets.ts";

export const SECRET_APPS = ["actions", "dependabot", "codespaces", "agents"] as const;
export type SecretApp = (typeof SECRET_APPS)[number];

/** docs.github.com, "Limits for secrets"; codespaces have their own. */
const MAX_OF_REPOSITORY = 100;
const MAX_OF_ORGANIZATION = 1000;
const MAX_OF_ORGANIZATION_CODESPACES = 100;

/** Which of an organization's repositories may read a secret. */
type Visibility = "all" | "private" | "selected";
export type Readers = { readonly visibility: Visibility; readonly selected: readonly number[] };

export type Organization = {
  readonly login: string;
  readonly secrets: Readonly<Record<SecretApp, SecretScope>>;
  /** By app and name. */
  readonly readers: Readonly<Record<SecretApp, Map<string, Readers>>>;
};

/** Key ids begin far apart, so that no two scopes ever share one. */
const FIRST_KEY_ID = 568_250_000_000;
const KEYS_OF_REPOSITORY = 1000;
const KEYS_OF_APP = 100;
const FIRST_ORGANIZATION_KEY_ID = 668_250_000_000;
const FIRST_ENVIRONMENT_KEY_ID = 768_250_000_000;

/** A repository's scopes. `id` numbers its keys. */
export async function repositoryScopes(
  id: number,
  registry: KeyRegistry,
): Promise<Readonly<Record<SecretApp, SecretScope>>> {
  const first = FIRST_KEY_ID + id * KEYS_OF_REPOSITORY;
  return byApp((_, at) =>
    createSecretScope({
      firstKeyId: first + at * KEYS_OF_APP,
      registry,
      limit: MAX_OF_REPOSITORY,
      holder: "repository",
    }),
  );
}

/** One environment's scope. `at` distinguishes it from the repository's others. */
export function environmentScope(
  id: number,
  at: number,
  registry: KeyRegistry,
): Promise<SecretScope> {
  const firstKeyId =
    FIRST_ENVIRONMENT_KEY_ID + id * KEYS_OF_REPOSITORY * KEYS_OF_APP + at * KEYS_OF_APP;
  return createSecretScope({
    firstKeyId,
    registry,
    limit: MAX_OF_REPOSITORY,
    holder: "environment",
  });
}

/** An organization without secrets. `id` numbers its keys. */
export async function createOrganization(
  login: string,
  id: number,
  registry: KeyRegistry,
): Promise<Organization> {
  const first = FIRST_ORGANIZATION_KEY_ID + id * KEYS_OF_REPOSITORY;
  const secrets = await byApp((app, at) =>
    createSecretScope({
      firstKeyId: first + at * KEYS_OF_APP,
      registry,
      limit: app === "codespaces" ? MAX_OF_ORGANIZATION_CODESPACES : MAX_OF_ORGANIZATION,
      holder: "organization",
    }),
  );
  return {
    login,
    secrets,
    readers: {
      actions: new Map(),
      dependabot: new Map(),
      codespaces: new Map(),
      agents: new Map(),
    },
  };
}

async function byApp(
  make: (app: SecretApp, at: number) => Promise<SecretScope>,
): Promise<Record<SecretApp, SecretScope>> {
  const [actions, dependabot, codespaces, agents] = [
    make("actions", 0),
    make("dependabot", 1),
    make("codespaces", 2),
    make("agents", 3),
  ];
  return {
    actions: await actions,
    dependabot: await dependabot,
    codespaces: await codespaces,
    agents: await agents,
  };
}
