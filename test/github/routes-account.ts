// The repository itself, the caller, and the budget: https://docs.github.com/rest/repos/repos and others
import type { components } from "@octokit/openapi-types";
import { allows, reaches } from "./auth.ts";
import { type Body, json } from "./replies.ts";
import { type Call, type RepositoryCall, type Route, repositoryRoute, route } from "./routes.ts";

type FullRepository = components["schemas"]["full-repository"];
/** The fields of the hundred that clients decide by. */
type RepositoryBody = Pick<
  FullRepository,
  | "id"
  | "node_id"
  | "name"
  | "full_name"
  | "private"
  | "visibility"
  | "html_url"
  | "url"
  | "description"
  | "fork"
  | "archived"
  | "disabled"
> & {
  owner: Pick<
    components["schemas"]["simple-user"],
    "login" | "id" | "node_id" | "type" | "url" | "html_url"
  >;
} & Required<Pick<FullRepository, "default_branch" | "permissions">>;
type Caller = Pick<
  Body<"/user", "get", 200>,
  "login" | "id" | "node_id" | "url" | "html_url" | "type" | "site_admin"
>;

/** Where the website would be: every link for people starts with it. */
export const WEBSITE = "https://github.example";

/** A global node id, opaque to callers. */
export function nodeId(prefix: string, ...parts: readonly (string | number)[]): string {
  return `${prefix}_${Buffer.from(parts.join(":")).toString("base64url")}`;
}

function describeRepository({ repository, request, token }: RepositoryCall): RepositoryBody {
  const { fullName, id } = repository;
  const [owner = "", name = ""] = fullName.split("/");
  return {
    id,
    node_id: nodeId("R", fullName),
    name,
    full_name: fullName,
    private: repository.visibility !== "public",
    visibility: repository.visibility,
    html_url: `${WEBSITE}/${fullName}`,
    url: `${request.root}/repos/${fullName}`,
    description: null,
    fork: false,
    archived: false,
    disabled: false,
    owner: {
      login: owner,
      id: 1,
      node_id: nodeId("O", owner),
      type: "Organization",
      url: `${request.root}/users/${owner}`,
      html_url: `${WEBSITE}/${owner}`,
    },
    default_branch: repository.defaultBranch,
    permissions: {
      admin: false,
      push: allows(token, repository, "contents", "write"),
      pull: reaches(token, fullName) || repository.visibility === "public",
    },
  };
}

function describeCaller({ request, token }: Call): Caller {
  const login = encodeURIComponent(token.login);
  return {
    login: token.login,
    id: 2,
    node_id: nodeId("U", token.login),
    url: `${request.root}/users/${login}`,
    html_url: `${WEBSITE}/${login}`,
    type: token.kind === "pat" ? "User" : "Bot",
    site_admin: false,
  };
}

export const accountRoutes: readonly Route[] = [
  repositoryRoute("get", "/repos/{owner}/{repo}", "metadata", "read", (call) =>
    json<RepositoryBody>(describeRepository(call)),
  ),
  route("get", "/user", (call) => json<Caller>(describeCaller(call))),
  route("get", "/", ({ request }) =>
    json({
      current_user_url: `${request.root}/user`,
      rate_limit_url: `${request.root}/rate_limit`,
    }),
  ),
];
