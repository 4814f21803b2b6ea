// One request to one reply: who asks, within which budget, which route, may they.
import { createHash } from "node:crypto";
import { authenticate } from "./apps.ts";
import type { AppSetup } from "./auth.ts";
import { authorize, authorizeOrganization, type Token } from "./auth.ts";
import { answerGraphql, operationOf } from "./graphql.ts";
import { budgetHeaders, type Charge, type Limits, type Resource } from "./limits.ts";
import { json, notFound, Refusal, type Reply } from "./replies.ts";
import type { Repository } from "./repository.ts";
import { findRoute, type GitHubRequest } from "./routes.ts";
import { accountRoutes } from "./routes-account.ts";
import { actionsRoutes } from "./routes-actions.ts";
import { appRoutes } from "./routes-apps.ts";
import { contentsRoutes } from "./routes-contents.ts";
import { gitRoutes } from "./routes-git.ts";
import { issueRoutes } from "./routes-issues.ts";
import { keyRoutes } from "./routes-keys.ts";
import { organizationSecretRoutes } from "./routes-organization-secrets.ts";
import { pullRoutes } from "./routes-pulls.ts";
import { secretRoutes } from "./routes-secrets.ts";
import { variableRoutes } from "./routes-variables.ts";
import type { Organization } from "./secret-scopes.ts";
import type { KeyRegistry } from "./secrets.ts";

/** The whole state that requests act on. */
export type World = {
  readonly tokens: Token[];
  readonly apps: readonly AppSetup[];
  /** By lower-case full name. */
  readonly repositories: Map<string, Repository>;
  /** The owners of repositories, by lower-case login. */
  readonly organizations: Map<string, Organization>;
  readonly registry: KeyRegistry;
  readonly limits: Limits;
  readonly now: () => Date;
};

const ROUTES = [
  ...secretRoutes,
  ...organizationSecretRoutes,
  ...issueRoutes,
  ...pullRoutes,
  ...actionsRoutes,
  ...keyRoutes,
  ...variableRoutes,
  ...appRoutes,
  ...contentsRoutes,
  ...gitRoutes,
  ...accountRoutes,
];

/** Every REST operation that this server answers: `GET /user`. */
export const SERVED_OPERATIONS: readonly string[] = [
  ...ROUTES.map(({ method, path }) => `${method.toUpperCase()} ${path}`),
  "GET /rate_limit",
].sort();

function expiryHeader({ expiresAt }: Token): Record<string, string> {
  if (expiresAt === null) return {};
  const stamp = expiresAt
    .toISOString()
    .replace("T", " ")
    .replace(/\.\d+Z$/, " UTC");
  return { "github-authentication-token-expiration": stamp };
}

function act(world: World, request: GitHubRequest, token: Token, now: Date): Reply {
  if (request.path === "/graphql" && request.method === "POST") {
    const find = (fullName: string) => world.repositories.get(fullName.toLowerCase()) ?? null;
    return answerGraphql(request, {
      token,
      now,
      find,
      budget: world.limits.budget(token, "graphql", now),
    });
  }
  const found = findRoute(ROUTES, request);
  if (found === null) throw notFound();
  const { route, params } = found;
  const call = { request, params, token, now };
  if (route.of === "anybody") return route.handle(call);
  if (route.of === "organization") {
    const organization = world.organizations.get((params.org ?? "").toLowerCase());
    if (organization === undefined) throw notFound();
    for (const permission of route.needs)
      authorizeOrganization(token, organization.login, permission, route.access);
    return route.handle({
      ...call,
      organization,
      repositories: repositoriesOf(world, organization),
    });
  }
  const repository = world.repositories.get(`${params.owner}/${params.repo}`.toLowerCase());
  const owner = world.organizations.get((params.owner ?? "").toLowerCase());
  if (repository === undefined || owner === undefined) throw notFound();
  authorize(token, repository, route.needs, route.access);
  return route.handle({ ...call, repository, owner });
}

function repositoriesOf({ repositories }: World, { login }: Organization): Repository[] {
  return [...repositories.values()].filter(({ fullName }) =>
    fullName.toLowerCase().startsWith(`${login.toLowerCase()}/`),
  );
}

/** A reply's body as it goes out. */
export function bodyBytes(body: unknown): Buffer {
  if (body === null) return Buffer.alloc(0);
  return Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body));
}

/** Adds the ETag, and turns the reply into a 304 where the caller already has it. */
function conditional(request: GitHubRequest, reply: Reply): Reply {
  if (request.method !== "GET" || reply.status !== 200) return reply;
  const etag = `W/"${createHash("sha256").update(bodyBytes(reply.body)).digest("hex")}"`;
  if (request.headers["if-none-match"] === etag)
    return { status: 304, headers: { etag }, body: null };
  return { ...reply, headers: { ...reply.headers, etag } };
}

function rateLimitReply(world: World, token: Token, now: Date): Reply {
  const core = world.limits.budget(token, "core", now);
  return json({
    resources: { core, search: core, graphql: world.limits.budget(token, "graphql", now) },
    rate: core,
  });
}

/** Acts on one request. Synchronous: no other request comes between what it reads and what it writes. */
export function answer(world: World, request: GitHubRequest, inFlight: number): Reply {
  const now = world.now();
  const resource: Resource = request.path === "/graphql" ? "graphql" : "core";
  let headers: Record<string, string> = {
    "x-github-media-type": "github.v3; format=json",
    "x-github-api-version-selected": "2022-11-28",
  };
  const refused = (error: unknown): Reply => {
    if (error instanceof Refusal)
      return { ...error.reply, headers: { ...headers, ...error.reply.headers } };
    throw error;
  };
  try {
    const token = authenticate(world, request.headers.authorization?.toString(), now);
    const write =
      resource === "graphql" ? operationOf(request)?.kind === "mutation" : request.method !== "GET";
    const charge: Charge = { token, resource, write, inFlight, now };
    const free = request.path === "/rate_limit";
    const limited = free ? null : world.limits.charge(charge);
    const describe = () => ({
      ...headers,
      ...expiryHeader(token),
      ...budgetHeaders(world.limits.budget(token, resource, now), resource),
    });
    headers = describe();
    if (limited !== null) return { ...limited, headers: { ...headers, ...limited.headers } };
    const reply = conditional(
      request,
      free ? rateLimitReply(world, token, now) : act(world, request, token, now),
    );
    if (reply.status === 304) world.limits.refund(charge);
    return { ...reply, headers: { ...describe(), ...reply.headers } };
  } catch (error) {
    return refused(error);
  }
}
