// A route for people. A failure is a page for callers that accept HTML, and a problem for programs.
import type { Edge } from "../access/edge.ts";
import { hostEdge } from "../access/open-edge.ts";
import { type Endpoint, endpoint, type RouteDefinition } from "../endpoint.ts";
import { html, type Markup, markup } from "../markup.ts";
import { frame, pageResponse } from "./frame.ts";

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
  // A browser that only followed a link has no way to send a key, so the answer is a form to enter one.
  const body = response.status === 401 ? signInPage() : problemPage(problem);
  return pageResponse(body, response.status, headers);
}

/** The members of a problem (RFC 9457) that are shown, in their JSON form. */
export type ShownProblem = {
  readonly status: number;
  readonly title: string;
  readonly detail: string;
  readonly code?: string;
  readonly hint?: string;
  readonly reference?: string;
  readonly problems?: readonly ShownMistake[];
};

type ShownMistake = {
  readonly message: string;
  readonly hint: string | null;
  readonly position: { readonly line: number } | null;
};

/** Asks for a key. Its field has no name, so that no form can ever send it. Only the script sends it, in a header. */
export function signInPage(): string {
  const content = html`<section class="narrow" aria-labelledby="enter"><h1 id="enter">Sign in</h1><p>This page shows the record to callers with an API key that has the scope <code>read</code>.</p><form id="key-form" hidden><label>API key <input id="key" type="password" autocomplete="off" spellcheck="false" required></label><label class="check"><input id="keep" type="checkbox"> Keep it in this tab until the tab is closed</label><p id="key-wrong" role="alert"></p><button class="strong">Show the record</button></form><p class="note no-script">The key goes into a header, which needs JavaScript. Without it: <code>curl --header "Authorization: Bearer …"</code> and <code>/tokens/status</code>.</p></section>`;
  return markup(frame({ title: "Sign in", place: "", head: html``, content, after: html`` }));
}

export function problemPage({
  title,
  detail,
  hint,
  code,
  reference,
  problems = [],
}: ShownProblem): string {
  // A single mistake without a position is the detail already.
  const listed = problems.length > 1 || (problems[0]?.position ?? null) !== null;
  const content = html`<section class="narrow" aria-labelledby="wrong"><h1 id="wrong">${title}</h1><p>${detail}</p>${hint !== undefined && !listed && html`<p><b>What to do:</b> ${hint}</p>`}${listed && html`<ul>${problems.map(mistake)}</ul>`}<p class="quiet">${code !== undefined && html`<code>${code}</code>`}${reference !== undefined && html` <code>${reference}</code>`}</p><p><a href="?">Try again</a></p></section>`;
  return markup(
    frame({
      title,
      place: "",
      head: html`<p><button type="button" id="leave" hidden>Sign out</button></p>`,
      content,
      after: html``,
    }),
  );
}

function mistake({ message, hint, position }: ShownMistake): Markup {
  return html`<li>${position !== null && `line ${position.line}: `}${message}${hint !== null && html`<br><span class="quiet">${hint}</span>`}</li>`;
}
