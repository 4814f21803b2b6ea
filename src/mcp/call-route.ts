// One operation for an agent, through the same route that answers requests, so that every check is the same.
import type { Edge } from "../http/access/edge.ts";
import type { Endpoint } from "../http/endpoint.ts";
import { fillPath, pathNames } from "../http/input/path-names.ts";

export type Answer = { readonly ok: boolean; readonly body: unknown };

/** An address that no site can have (RFC 2606), since these requests go to no server. */
const NOWHERE = "http://agent.invalid";

/** @param edge whose caller is known already; a refusal by the route is an answer, not an exception */
export async function callRoute(
  route: Endpoint,
  given: Readonly<Record<string, unknown>>,
  edge: Edge,
): Promise<Answer> {
  const text = (value: unknown) =>
    typeof value === "object" ? JSON.stringify(value) : String(value);
  const inPath = pathNames(route.path);
  const path = fillPath(route.path, (name) => text(given[name] ?? ""));
  const url = new URL(path, NOWHERE);
  if (route.method === "GET") {
    for (const [name, value] of Object.entries(given))
      if (!inPath.includes(name)) url.searchParams.append(name, text(value));
  }
  const body =
    route.method === "GET"
      ? {}
      : { body: JSON.stringify(given), headers: { "content-type": "application/json" } };
  const response = await route.answer(new Request(url, { method: route.method, ...body }), edge);
  const told: unknown = await response.json();
  // An agent sees no headers.
  const wait = response.headers.get("retry-after");
  return {
    ok: response.ok,
    body: wait === null ? told : { ...Object(told), retry_after_seconds: Number(wait) },
  };
}
