// A route for people: what goes wrong is told as a page to those who take HTML, and as everywhere else to programs.
import type { Edge } from "../access/edge.ts";
import { hostEdge } from "../access/open-edge.ts";
import { type Endpoint, endpoint, type RouteDefinition } from "../endpoint.ts";
import { pageResponse } from "./frame.ts";
import { problemPage, type ShownProblem, signInPage } from "./problem-page.ts";

export function pageEndpoint<Input>(route: RouteDefinition<Input>): Endpoint {
  const inner = endpoint(route);
  const { method, path, summary, scope, input } = inner;
  const answer = async (request: Request, edge: Edge) =>
    forPeople(request, await inner.answer(request, edge));
  return Object.assign((request: Request) => answer(request, hostEdge(process.env)), {
    method,
    path,
    summary,
    scope,
    input,
    answer,
  });
}

async function forPeople(request: Request, response: Response): Promise<Response> {
  const takesHtml = /\btext\/html\b/.test(request.headers.get("accept") ?? "");
  if (response.ok || !takesHtml || request.method !== "GET") return response;
  const problem: ShownProblem = await response.json();
  const headers = Object.fromEntries(
    ["www-authenticate", "retry-after"].flatMap((name) =>
      response.headers.has(name) ? [[name, response.headers.get(name) ?? ""]] : [],
    ),
  );
  // A browser that only followed a link has no way to send a key, so the answer is the way to enter one.
  const body = response.status === 401 ? signInPage() : problemPage(problem);
  return pageResponse(body, response.status, headers);
}
