// Secrets of an organization, by app, and who may read them: https://docs.github.com/rest/actions/secrets and its like
import type { paths } from "@octokit/openapi-types";
import type { Permission } from "./auth.ts";
import { type Body, json, notFound, validationFailed } from "./replies.ts";
import {
  jsonObject,
  type OrganizationCall,
  organizationRoute,
  paginate,
  type Route,
} from "./routes.ts";
import { seconds } from "./routes-secrets.ts";
import type { Readers, SecretApp } from "./secret-scopes.ts";
import type { StoredSecret } from "./secrets.ts";

type Secret = Body<"/orgs/{org}/actions/secrets/{secret_name}", "get", 200>;
type SecretList = Body<"/orgs/{org}/actions/secrets", "get", 200>;
type PublicKey = Body<"/orgs/{org}/actions/secrets/public-key", "get", 200>;
type Repositories = Body<"/orgs/{org}/actions/secrets/{secret_name}/repositories", "get", 200>;
type RepositoryList = Omit<Repositories, "repositories"> & {
  repositories: Pick<Repositories["repositories"][number], "id" | "name" | "full_name">[];
};
type Base = keyof paths & `/orgs/{org}/${SecretApp}/secrets`;

/** Unless a PUT says which repositories are selected, none is. Dependabot takes ids as strings, all others integers. */
function readersOf(app: SecretApp, body: Readonly<Record<string, unknown>>): Readers {
  const { visibility, selected_repository_ids: ids = [] } = body;
  if (visibility !== "all" && visibility !== "private" && visibility !== "selected")
    throw validationFailed(
      `Invalid request.\n\n"visibility" must be one of all, private, selected.`,
    );
  const kind = app === "dependabot" ? "string" : "number";
  if (!Array.isArray(ids) || !ids.every((id) => typeof id === kind))
    throw validationFailed(
      `Invalid request.\n\nFor 'properties/selected_repository_ids', an item is not a ${kind}.`,
    );
  if (visibility !== "selected" && "selected_repository_ids" in body)
    throw validationFailed(
      "selected_repository_ids can only be given when visibility is selected.",
    );
  return { visibility, selected: ids.map(Number) };
}

function routesOf(base: Base, app: SecretApp, needs: Permission): Route[] {
  const readers = ({ organization }: OrganizationCall, name: string): Readers =>
    organization.readers[app].get(name) ?? { visibility: "all", selected: [] };
  const named = ({ organization, params }: OrganizationCall): StoredSecret => {
    const found = organization.secrets[app].get(params.secret_name ?? "");
    if (found === null) throw notFound();
    return found;
  };
  const view = (call: OrganizationCall, { name, createdAt, updatedAt }: StoredSecret): Secret => {
    const { visibility } = readers(call, name);
    const url = `${call.request.root}/orgs/${call.organization.login}/${app}/secrets/${name}/repositories`;
    const selected = visibility === "selected" ? { selected_repositories_url: url } : {};
    return {
      name,
      created_at: seconds(createdAt),
      updated_at: seconds(updatedAt),
      visibility,
      ...selected,
    };
  };
  return [
    organizationRoute("get", `${base}/public-key`, needs, "read", ({ organization }) => {
      const { keyId, key } = organization.secrets[app].publicKey();
      return json<PublicKey>({ key_id: keyId, key });
    }),
    organizationRoute("get", base, needs, "read", (call) => {
      const all = call.organization.secrets[app].list();
      const { page, headers } = paginate(call.request, all);
      return json<SecretList>(
        { total_count: all.length, secrets: page.map((secret) => view(call, secret)) },
        200,
        headers,
      );
    }),
    organizationRoute("get", `${base}/{secret_name}/repositories`, needs, "read", (call) => {
      const { selected } = readers(call, named(call).name);
      const all = call.repositories
        .filter(({ id }) => selected.includes(id))
        .map(({ id, fullName }) => ({
          id,
          name: fullName.split("/")[1] ?? "",
          full_name: fullName,
        }));
      const { page, headers } = paginate(call.request, all);
      return json<RepositoryList>(
        { total_count: selected.length, repositories: [...page] },
        200,
        headers,
      );
    }),
    organizationRoute("get", `${base}/{secret_name}`, needs, "read", (call) =>
      json<Secret>(view(call, named(call))),
    ),
    organizationRoute("put", `${base}/{secret_name}`, needs, "write", (call) => {
      const { organization, request, params, now } = call;
      const body = jsonObject(request);
      const allowed = readersOf(app, body);
      const outcome = organization.secrets[app].put(params.secret_name ?? "", body, now);
      organization.readers[app].set(named(call).name, allowed);
      return outcome === "created" ? json({}, 201) : { status: 204, body: null };
    }),
    organizationRoute("delete", `${base}/{secret_name}`, needs, "write", (call) => {
      const { name } = named(call);
      call.organization.secrets[app].remove(name);
      call.organization.readers[app].delete(name);
      return { status: 204, body: null };
    }),
  ];
}

export const organizationSecretRoutes: readonly Route[] = [
  ...routesOf("/orgs/{org}/actions/secrets", "actions", "organization_secrets"),
  ...routesOf("/orgs/{org}/dependabot/secrets", "dependabot", "organization_dependabot_secrets"),
  ...routesOf("/orgs/{org}/codespaces/secrets", "codespaces", "organization_codespaces_secrets"),
  ...routesOf("/orgs/{org}/agents/secrets", "agents", "organization_agents_secrets"),
  // What everybody may see of an organization.
  organizationRoute("get", "/orgs/{org}", "metadata", "read", ({ organization }) =>
    json({ login: organization.login, id: 1, type: "Organization" }),
  ),
];
