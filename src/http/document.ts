// Answers for people in place of JSON: HTML and SVG, with headers that let a browser do
// nothing else with them.
// hono/secure-headers sets the same headers on every answer of an application. Here each page adds
// to the forbidden list, and a function that is bundled alone loads no application.

/** Directives that every such answer forbids. Allowed sources are added. Fetch directives, then those that `default-src` does not cover (CSP Level 3). */
const NOTHING = ["default-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"];

type Document = {
  readonly type: "text/html" | "image/svg+xml";
  readonly body: string;
  readonly status?: number;
  /** Directives of the content security policy beside those that forbid everything. */
  readonly allow?: readonly string[];
  readonly headers?: Readonly<Record<string, string>>;
};

/** A document that no cache keeps (unless its headers say otherwise), no other site frames, and no browser takes for another type. */
export function documentResponse({
  type,
  body,
  status = 200,
  allow = [],
  headers = {},
}: Document): Response {
  return new Response(body, {
    status,
    headers: {
      "content-type": `${type}; charset=utf-8`,
      "cache-control": "no-store",
      "content-security-policy": [...NOTHING, ...allow].join("; "),
      "referrer-policy": "no-referrer",
      "x-content-type-options": "nosniff",
      ...headers,
    },
  });
}
