// The shape of a route, and the search for the route of a request.
import type { paths } from "@octokit/openapi-types";
import type { Access, Permission, Token } from "./auth.ts";
import { type Reply, refusal } from "./replies.ts";
import type { Repository } from "./repository.ts";
import type { Organization } from "./secret-scopes.ts";

export type Method = "get" | "put" | "post" | "patch" | "delete";

/** A request, read whole. `path` has neither the query nor the `/api/v3` of an Enterprise server. */
export type GitHubRequest = {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
  /** Where the caller believes this server's REST root to be, for links. */
  readonly root: string;
};

/** What a handler is given. */
export type Call = {
  readonly request: GitHubRequest;
  readonly params: Readonly<Record<string, string | undefined>>;
  readonly token: Token;
  readonly now: Date;
};

export type RepositoryCall = Call & {
  readonly repository: Repository;
  readonly owner: Organization;
};
export type OrganizationCall = Call & {
  readonly organization: Organization;
  readonly repositories: readonly Repository[];
};

type Needs = { readonly needs: readonly Permission[]; readonly access: Access };
/** A route below `/repos/{owner}/{repo}` or `/orgs/{org}` says what permissions it needs; the others get the caller only. */
export type Route = {
  readonly method: Method;
  /** As GitHub's OpenAPI description writes it. */
  readonly path: keyof paths;
  readonly pattern: RegExp;
} & (
  | ({ readonly of: "repository"; readonly handle: (call: RepositoryCall) => Reply } & Needs)
  | ({ readonly of: "organization"; readonly handle: (call: OrganizationCall) => Reply } & Needs)
  | { readonly of: "anybody"; readonly handle: (call: Call) => Reply }
);

function compile(path: string): RegExp {
  // A path's `{path}` and a ref's name may hold slashes, everything else may not.
  const source = path.replace(/\{(\w+)\}/g, (_, name: string) =>
    name === "path" || name === "ref" || name === "branch" ? `(?<${name}>.+)` : `(?<${name}>[^/]+)`,
  );
  return new RegExp(`^${source}$`);
}

/** A route of one repository; its path is one that GitHub's OpenAPI description has. */
export function repositoryRoute(
  method: Method,
  path: keyof paths & `/repos/{owner}/{repo}${string}`,
  needs: Permission | readonly Permission[],
  access: Access,
  handle: (call: RepositoryCall) => Reply,
): Route {
  return {
    method,
    path,
    pattern: compile(path),
    of: "repository",
    needs: typeof needs === "string" ? [needs] : needs,
    access,
    handle,
  };
}

/** A route of one organization. */
export function organizationRoute(
  method: Method,
  path: keyof paths & `/orgs/{org}${string}`,
  needs: Permission,
  access: Access,
  handle: (call: OrganizationCall) => Reply,
): Route {
  const pattern = compile(path);
  return { method, path, pattern, of: "organization", needs: [needs], access, handle };
}

/** A route for any caller. */
export function route(method: Method, path: keyof paths, handle: (call: Call) => Reply): Route {
  return { method, path, pattern: compile(path), of: "anybody", handle };
}

function decoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    throw refusal(400, "Bad Request");
  }
}

/** The route for a request with the path's decoded parameters. */
export function findRoute(
  routes: readonly Route[],
  request: GitHubRequest,
): { route: Route; params: Record<string, string> } | null {
  for (const candidate of routes) {
    if (candidate.method !== request.method.toLowerCase()) continue;
    const match = candidate.pattern.exec(request.path);
    if (match === null) continue;
    const groups = Object.entries(match.groups ?? {}).map(([name, value]) => [
      name,
      decoded(value),
    ]);
    return { route: candidate, params: Object.fromEntries(groups) };
  }
  return null;
}

/** The request's JSON object; anything else is an empty one, which the handler then finds wanting. */
export function jsonObject(request: GitHubRequest): Record<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(request.body.toString("utf8"));
    return typeof parsed === "object" && parsed !== null && !Array.isArray(parsed)
      ? { ...parsed }
      : {};
  } catch {
    return {};
  }
}

/** One page of a list, with GitHub's Link header. `per_page` is at most 100 (default: 30). */
export function paginate<T>(
  request: GitHubRequest,
  items: readonly T[],
): { page: readonly T[]; headers: Record<string, string> } {
  const size = Math.min(100, Math.max(1, Number(request.query.get("per_page")) || 30));
  const page = Math.max(1, Number(request.query.get("page")) || 1);
  const last = Math.max(1, Math.ceil(items.length / size));
  const link = (to: number, rel: string) => {
    const query = new URLSearchParams(request.query);
    query.set("page", String(to));
    return `<${request.root}${request.path}?${query}>; rel="${rel}"`;
  };
  const links = [
    ...(page > 1 ? [link(page - 1, "prev"), link(1, "first")] : []),
    ...(page < last ? [link(page + 1, "next"), link(last, "last")] : []),
  ];
  return {
    page: items.slice((page - 1) * size, page * size),
    headers: links.length === 0 ? {} : { link: links.join(", ") },
  };
}
