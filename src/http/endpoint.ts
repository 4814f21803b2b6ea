// One route as a web-standard handler: its callers, its input, and every answer in one form.
import * as z from "zod";
import type { App } from "../core/app.ts";
import type { Secret } from "../core/base/secret.ts";
import type { RequestMark, TriggeredBy } from "../core/model/schema.ts";
import type { Stale } from "../core/ports/copies.ts";
import type { WorkflowRuns } from "../core/ports/workflow-runs.ts";
import { authenticate, requireScope } from "./access/authenticate.ts";
import type { ApiScope, Caller } from "./access/caller.ts";
import { answerPreflight, shareWith } from "./access/cors.ts";
import type { Edge } from "./access/edge.ts";
import type { Overall } from "./access/memory.ts";
import { hostEdge } from "./access/open-edge.ts";
import { requireOwnOrigin } from "./access/origin.ts";
import { spend } from "./access/rate-limit.ts";
import { readBody, readQuery } from "./input/body.ts";
import { markOfRequest } from "./input/idempotency-key.ts";
import { errorResponse, HttpProblem, jsonResponse } from "./problem/problem.ts";

/** One accepted request, as a route's `handle` gets it. */
type Call<Input> = {
  readonly input: Input;
  /** Whether the reply may contain the new values. */
  readonly reveal: boolean;
  /** Whether the caller also has that scope. */
  readonly may: (scope: ApiScope) => boolean;
  readonly now: Date;
  readonly triggeredBy: TriggeredBy;
  /** The mark of a request that changes something, by which a repeated request is recognized. Null if the request has no key. */
  readonly mark: RequestMark | null;
  readonly app: () => Promise<App>;
  /** Null: this service rotates by itself. Otherwise it only starts the workflow that rotates. */
  readonly runs: (() => Promise<WorkflowRuns>) | null;
  /** Null: a caller without a key does not see the state of all tokens. */
  readonly overall: (() => Promise<Overall>) | null;
  /** The address at which callers reach this service, without a slash at its end. */
  readonly origin: () => string;
  readonly fingerprintKey: Secret | null;
};

/** JSON, or a whole response if the route answers in another format. */
export type Reply =
  | {
      readonly status: number;
      readonly body: unknown;
      readonly headers?: Readonly<Record<string, string>>;
    }
  | Response;

export type RouteDefinition<Input> = {
  readonly method: "GET" | "POST";
  readonly path: string;
  /** One line, for the API's description. */
  readonly summary: string;
  /** Null: anyone may call it. */
  readonly scope: ApiScope | null;
  /** The schema of a POST's body or a GET's query. */
  readonly input: z.ZodType<Input>;
  /** Throws `Failure` or `HttpProblem`. Any other error is answered with 500 and a reference. */
  readonly handle: (call: Call<Input>) => Promise<Reply>;
};

/** A route. Called as a function, it is a host's handler. `answer` serves it in every other place. */
export type Endpoint = ((request: Request, context?: unknown) => Promise<Response>) &
  Pick<RouteDefinition<unknown>, "method" | "path" | "summary" | "scope" | "input"> & {
    readonly answer: (request: Request, edge: Edge) => Promise<Response>;
  };

/** Makes a route's handler. As a function of a host, it reads that host's environment at each request. */
export function endpoint<Input>(route: RouteDefinition<Input>): Endpoint {
  return buildRoute(route, (request, edge) => respond(route, request, edge));
}

type MessageRoute = Pick<RouteDefinition<unknown>, "method" | "path" | "summary"> & {
  readonly scope: ApiScope;
  /** Gets the request unread, from a caller with the scope. */
  readonly answer: (
    request: Request,
    known: { readonly edge: Edge; readonly caller: Caller },
  ) => Promise<Response>;
};

/** Makes the handler of a route that speaks a protocol of its own, behind the same checks as every other. */
export function messageEndpoint(route: MessageRoute): Endpoint {
  return buildRoute({ ...route, input: z.unknown() }, async (request, edge) => {
    // A message changes nothing by itself. The route that carries it out counts its cost.
    const caller = await enter(route, request, edge, false);
    if (caller === null) throw new Error("a route with a scope has a caller");
    return route.answer(request, { edge, caller });
  });
}

type Described = Pick<RouteDefinition<unknown>, "method" | "path" | "summary" | "scope" | "input">;

function buildRoute(
  route: Described,
  respondTo: (request: Request, edge: Edge) => Promise<Response>,
): Endpoint {
  const answer = async (request: Request, edge: Edge): Promise<Response> => {
    try {
      const origins =
        route.scope === null || edge.access.kind === "loopback" ? [] : (edge.origins?.() ?? []);
      const preflight = answerPreflight(request, allowedMethods(route), origins);
      if (preflight !== null) return preflight;
      const response = await respondTo(request, edge).catch((error: unknown) =>
        errorResponse(error, edge),
      );
      return shareWith(
        request,
        request.method === "HEAD" ? new Response(null, response) : response,
        origins,
      );
    } catch (error) {
      return errorResponse(error, edge);
    }
  };
  const { method, path, summary, scope, input } = route;
  return Object.assign((request: Request) => answer(request, hostEdge(process.env)), {
    method,
    path,
    summary,
    scope,
    input,
    answer,
  });
}

/** A 200 with that body. */
export function ok(body: unknown): Reply {
  return { status: 200, body };
}

/** A reply with a header that says whether it repeats the result of an earlier copy of the same request. */
export function once(
  result: { readonly replayed?: true },
  body: unknown = result,
  status = 200,
): Reply {
  return {
    status,
    body,
    ...(result.replayed ? { headers: { "idempotency-replayed": "true" } } : {}),
  };
}

/**
 * Identifies the caller. Null if the route lets any caller in.
 * @throws `HttpProblem` 401, or 403 for what a page of another site may have sent
 */
async function admit(request: Request, edge: Edge, scope: ApiScope | null): Promise<Caller | null> {
  if (edge.access.kind === "loopback") requireOwnOrigin(request, edge.access.port);
  return scope === null ? null : authenticate(request, edge);
}

/** Also counts requests that are refused for their content. A caller over its budget sees that refusal first. */
function spendOn(
  caller: Caller | null,
  changes: boolean,
  { memory, pointsPerMinute, now, access }: Edge,
): void {
  if (caller === null || access.kind === "loopback") return;
  const asked = {
    callerId: caller.id,
    changes,
    pointsPerMinute: pointsPerMinute?.() ?? null,
    now: now(),
  };
  spend(memory.budgets, asked);
}

/** The checks that every route begins with, in their order. Returns the caller if it may call. Throws `HttpProblem`. */
async function enter(
  route: Pick<RouteDefinition<unknown>, "method" | "path" | "scope">,
  request: Request,
  edge: Edge,
  changes = route.method !== "GET",
): Promise<Caller | null> {
  const caller = await admit(request, edge, route.scope);
  spendOn(caller, changes, edge);
  requireMethod(route, request.method);
  if (route.scope !== null && caller !== null) requireScope(caller, route.scope);
  return caller;
}

async function respond<Input>(
  route: RouteDefinition<Input>,
  request: Request,
  edge: Edge,
): Promise<Response> {
  const caller = await enter(route, request, edge);
  const input =
    route.method === "POST"
      ? await readBody(request, route.input)
      : readQuery(request, route.input, route.path);
  const fingerprintKey = edge.fingerprintKey();
  const asked = { callerId: caller?.id ?? "", path: route.path, input, fingerprintKey };
  let opened: App | null = null;
  const app = async () => {
    opened ??= await edge.app(...(route.method === "GET" ? (["read"] as const) : []));
    return opened;
  };
  const reply = await route.handle({
    input,
    mark: route.method === "POST" ? markOfRequest(request, asked) : null,
    reveal: caller?.scopes.has("reveal") ?? false,
    may: (scope) => caller?.scopes.has(scope) ?? false,
    now: edge.now(),
    triggeredBy: {
      kind: edge.access.kind === "admitted" ? "mcp" : "api",
      actor: caller?.id ?? null,
      ...(caller?.runUrl ? { run_url: caller.runUrl } : {}),
      ...(caller?.agent ? { agent: true } : {}),
    },
    app,
    runs: edge.runs?.() ?? null,
    overall: edge.overall?.() ?? null,
    origin: () => edge.publicUrl?.() ?? new URL(request.url).origin,
    fingerprintKey,
  });
  return buildResponse(reply, staleOf(opened));
}

function staleOf(app: App | null): Stale | null {
  return app?.stale() ?? null;
}

/** The reply. If it was made from a copy, it has the copy's age (RFC 9111 §5.1, and a field of its own). */
function buildResponse(reply: Reply, stale: Stale | null): Response {
  if (reply instanceof Response) {
    for (const [name, value] of Object.entries(staleHeaders(stale))) reply.headers.set(name, value);
    return reply;
  }
  const body = stale === null ? reply.body : { ...Object(reply.body), stale };
  return jsonResponse(reply.status, body, { ...reply.headers, ...staleHeaders(stale) });
}

function staleHeaders(stale: Stale | null): Record<string, string> {
  return stale === null
    ? {}
    : { age: String(stale.age_seconds), "x-token-automation-stale": stale.reason };
}

function requireMethod(
  route: Pick<RouteDefinition<unknown>, "method" | "path">,
  method: string,
): void {
  if (method === route.method || (method === "HEAD" && route.method === "GET")) return;
  const allow = allowedMethods(route);
  throw new HttpProblem(405, `${route.path} answers ${allow} only`, {
    code: "method-not-allowed",
    headers: { allow },
  });
}

function allowedMethods({ method }: Pick<RouteDefinition<unknown>, "method">): string {
  return method === "GET" ? "GET, HEAD" : method;
}
