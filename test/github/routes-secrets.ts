// Secrets of a repository, by app, and of its environments: https://docs.github.com/rest/actions/secrets and its like
import { type Body, json, notFound, type Reply } from "./replies.ts";
import { findEnvironment } from "./repository.ts";
import {
  jsonObject,
  paginate,
  type RepositoryCall,
  type Route,
  repositoryRoute,
} from "./routes.ts";
import type { SecretApp } from "./secret-scopes.ts";
import type { SecretScope, StoredSecret } from "./secrets.ts";

type Secret = Body<"/repos/{owner}/{repo}/actions/secrets/{secret_name}", "get", 200>;
type SecretList = Body<"/repos/{owner}/{repo}/actions/secrets", "get", 200>;
type PublicKey = Body<"/repos/{owner}/{repo}/actions/secrets/public-key", "get", 200>;
type Environment = Pick<
  NonNullable<Body<"/repos/{owner}/{repo}/environments", "get", 200>["environments"]>[number],
  "id" | "name"
>;

/** GitHub gives whole seconds. */
export const seconds = (date: Date) => date.toISOString().replace(/\.\d+Z$/, "Z");

function view(secret: StoredSecret): Secret {
  return {
    name: secret.name,
    created_at: seconds(secret.createdAt),
    updated_at: seconds(secret.updatedAt),
  };
}

function listed(secrets: readonly StoredSecret[], { request }: RepositoryCall): Reply {
  const { page, headers } = paginate(request, secrets);
  return json<SecretList>({ total_count: secrets.length, secrets: page.map(view) }, 200, headers);
}

/** The five routes of one kind of scope. */
function routesOf(
  base:
    | `/repos/{owner}/{repo}/${SecretApp}/secrets`
    | "/repos/{owner}/{repo}/environments/{environment_name}/secrets",
  needs: Parameters<typeof repositoryRoute>[2],
  scopeOf: (call: RepositoryCall) => SecretScope,
): Route[] {
  const named = (call: RepositoryCall): StoredSecret => {
    const found = scopeOf(call).get(call.params.secret_name ?? "");
    if (found === null) throw notFound();
    return found;
  };
  return [
    repositoryRoute("get", `${base}/public-key`, needs, "read", (call) => {
      const { keyId, key } = scopeOf(call).publicKey();
      return json<PublicKey>({ key_id: keyId, key });
    }),
    repositoryRoute("get", base, needs, "read", (call) => listed(scopeOf(call).list(), call)),
    repositoryRoute("get", `${base}/{secret_name}`, needs, "read", (call) =>
      json<Secret>(view(named(call))),
    ),
    repositoryRoute("put", `${base}/{secret_name}`, needs, "write", (call) => {
      const outcome = scopeOf(call).put(
        call.params.secret_name ?? "",
        jsonObject(call.request),
        call.now,
      );
      return outcome === "created" ? json({}, 201) : { status: 204, body: null };
    }),
    repositoryRoute("delete", `${base}/{secret_name}`, needs, "write", (call) => {
      scopeOf(call).remove(named(call).name);
      return { status: 204, body: null };
    }),
  ];
}

function environmentOf({ repository, params }: RepositoryCall): SecretScope {
  const found = findEnvironment(repository, params.environment_name ?? "");
  if (found === null) throw notFound();
  return found;
}

/** An organization's secrets that this repository may read. */
function visibleTo(
  { repository, owner }: RepositoryCall,
  app: "actions" | "agents",
): StoredSecret[] {
  return owner.secrets[app].list().filter(({ name }) => {
    const readers = owner.readers[app].get(name);
    if (readers === undefined || readers.visibility === "all") return true;
    return readers.visibility === "private"
      ? repository.visibility !== "public"
      : readers.selected.includes(repository.id);
  });
}

export const secretRoutes: readonly Route[] = [
  ...routesOf(
    "/repos/{owner}/{repo}/actions/secrets",
    "secrets",
    ({ repository }) => repository.secretsOf.actions,
  ),
  ...routesOf(
    "/repos/{owner}/{repo}/dependabot/secrets",
    "dependabot_secrets",
    ({ repository }) => repository.secretsOf.dependabot,
  ),
  ...routesOf(
    "/repos/{owner}/{repo}/codespaces/secrets",
    "codespaces_secrets",
    ({ repository }) => repository.secretsOf.codespaces,
  ),
  ...routesOf(
    "/repos/{owner}/{repo}/agents/secrets",
    "agents_secrets",
    ({ repository }) => repository.secretsOf.agents,
  ),
  ...routesOf(
    "/repos/{owner}/{repo}/environments/{environment_name}/secrets",
    ["secrets", "environments"],
    environmentOf,
  ),
  repositoryRoute(
    "get",
    "/repos/{owner}/{repo}/actions/organization-secrets",
    "secrets",
    "read",
    (call) => listed(visibleTo(call, "actions"), call),
  ),
  repositoryRoute(
    "get",
    "/repos/{owner}/{repo}/agents/organization-secrets",
    "agents_secrets",
    "read",
    (call) => listed(visibleTo(call, "agents"), call),
  ),
  repositoryRoute(
    "get",
    "/repos/{owner}/{repo}/environments",
    "actions",
    "read",
    ({ repository, request }) => {
      const all = [...repository.environments.keys()].map(
        (name, at): Environment => ({ id: at + 1, name }),
      );
      const { page, headers } = paginate(request, all);
      return json({ total_count: all.length, environments: page }, 200, headers);
    },
  ),
];
