// Actions secrets of a repository: https://docs.github.com/rest/actions/secrets
import { type Body, json, notFound } from "./replies.ts";
import { jsonObject, paginate, type RepositoryCall, type Route, repositoryRoute } from "./routes.ts";
import type { StoredSecret } from "./secrets.ts";

type ActionsSecret = Body<"/repos/{owner}/{repo}/actions/secrets/{secret_name}", "get", 200>;
type SecretList = Body<"/repos/{owner}/{repo}/actions/secrets", "get", 200>;
type ActionsPublicKey = Body<"/repos/{owner}/{repo}/actions/secrets/public-key", "get", 200>;

/** GitHub gives whole seconds. */
const seconds = (date: Date) => date.toISOString().replace(/\.\d+Z$/, "Z");

function view(secret: StoredSecret): ActionsSecret {
  return { name: secret.name, created_at: seconds(secret.createdAt), updated_at: seconds(secret.updatedAt) };
}

function named({ repository, params }: RepositoryCall): StoredSecret {
  const found = repository.actionsSecrets.get(params.secret_name ?? "");
  if (found === null) throw notFound();
  return found;
}

export const secretRoutes: readonly Route[] = [
  repositoryRoute("get", "/repos/{owner}/{repo}/actions/secrets/public-key", "secrets", "read", ({ repository }) => {
    const { keyId, key } = repository.actionsSecrets.publicKey();
    return json<ActionsPublicKey>({ key_id: keyId, key });
  }),
  repositoryRoute("get", "/repos/{owner}/{repo}/actions/secrets", "secrets", "read", ({ repository, request }) => {
    const all = repository.actionsSecrets.list();
    const { page, headers } = paginate(request, all);
    return json<SecretList>({ total_count: all.length, secrets: page.map(view) }, 200, headers);
  }),
  repositoryRoute("get", "/repos/{owner}/{repo}/actions/secrets/{secret_name}", "secrets", "read", (call) =>
    json<ActionsSecret>(view(named(call))),
  ),
  repositoryRoute(
    "put",
    "/repos/{owner}/{repo}/actions/secrets/{secret_name}",
    "secrets",
    "write",
    ({ repository, params, request, now }) => {
      const outcome = repository.actionsSecrets.put(params.secret_name ?? "", jsonObject(request), now);
      return outcome === "created" ? json({}, 201) : { status: 204, body: null };
    },
  ),
  repositoryRoute("delete", "/repos/{owner}/{repo}/actions/secrets/{secret_name}", "secrets", "write", (call) => {
    call.repository.actionsSecrets.remove(named(call).name);
    return { status: 204, body: null };
  }),
];
