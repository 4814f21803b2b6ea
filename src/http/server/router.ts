// The router: all routes behind one web-standard handler, with one answer for unknown routes.
import { Hono } from "hono";
import { nearest } from "../../core/model/names.ts";
import { authenticate } from "../access/authenticate.ts";
import type { Edge } from "../access/edge.ts";
import type { HostEnvironment } from "../access/environment.ts";
import { hostEdge } from "../access/open-edge.ts";
import { requireOwnOrigin } from "../access/origin.ts";
import type { Endpoint } from "../endpoint.ts";
import { errorResponse, HttpProblem } from "../problem/problem.ts";

/** `fetch` answers. Hosts that pass their environment with each request pass it as its second argument. */
export type Router = Hono<{ Bindings: HostEnvironment }>;

/** The routes over one edge, or over an edge that each request's environment makes. */
export function createRouter(
  routes: readonly Endpoint[],
  edgeOf: (environment: HostEnvironment) => Edge,
): Router {
  const app: Router = new Hono();
  for (const { path, answer } of routes)
    app.all(path, (context) => answer(context.req.raw, edgeOf(context.env)));
  const paths = routes.map(({ path }) => path);
  app.notFound((context) => answerUnknown(context.req.raw, edgeOf(context.env), paths));
  app.onError((error, context) => errorResponse(error, edgeOf(context.env)));
  return app;
}

/**
 * The routes as a host runs them: callers by key, all other settings from the environment.
 * @param environmentOf the host's environment (default: the one that comes with the request)
 */
export function hostRouter(
  routes: readonly Endpoint[],
  environmentOf: (bindings: HostEnvironment) => HostEnvironment = (bindings) => bindings,
): Router {
  return createRouter(routes, (bindings) => hostEdge(environmentOf(bindings)));
}

async function answerUnknown(
  request: Request,
  edge: Edge,
  paths: readonly string[],
): Promise<Response> {
  try {
    if (edge.access.kind === "loopback") requireOwnOrigin(request, edge.access.port);
    await authenticate(request, edge);
    const [near] = nearest(new URL(request.url).pathname, paths, 1);
    const hint = near === undefined ? `Routes: ${paths.join(", ")}.` : `Did you mean ${near}?`;
    throw new HttpProblem(404, "there is no such route", {
      code: "route-unknown",
      hint,
      nearest: near,
    });
  } catch (error) {
    return errorResponse(error, edge);
  }
}
