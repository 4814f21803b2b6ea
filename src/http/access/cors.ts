// CORS (https://fetch.spec.whatwg.org/#http-cors-protocol) for the listed sites, whose pages may call.
// No page may call if no site is listed.
// hono/cors answers every OPTIONS request with 204, even one from a page that is not listed, which
// must be refused like any other request. A function that is bundled alone would also load Hono:
// 20 KB, and about 3 ms before it starts (the health function: 38 ms of CPU instead of 35).

/** How long a browser may keep the permission it got, in seconds. */
const MAX_AGE_S = 600;
/** Headers that MCP clients send: https://modelcontextprotocol.io/specification (transports) */
const REQUEST_HEADERS =
  "authorization, content-type, idempotency-key, mcp-method, mcp-name, mcp-protocol-version";
/** Response headers that a page may read beside the body. */
const RESPONSE_HEADERS =
  "age, idempotency-replayed, location, retry-after, x-token-automation-stale";

/**
 * The answer to a browser's preflight for a page of a listed origin. Null for every other request,
 * which then gets the answer that it would get without CORS.
 */
export function answerPreflight(
  request: Request,
  methods: string,
  origins: readonly string[],
): Response | null {
  const origin = allowedOrigin(request, origins);
  if (
    origin === null ||
    request.method !== "OPTIONS" ||
    !request.headers.has("access-control-request-method")
  )
    return null;
  return new Response(null, {
    status: 204,
    headers: {
      "access-control-allow-origin": origin,
      "access-control-allow-methods": methods,
      "access-control-allow-headers": REQUEST_HEADERS,
      "access-control-max-age": String(MAX_AGE_S),
      "cache-control": "no-store",
      vary: "origin",
    },
  });
}

/** Lets a page of a listed origin read the response. Cookies are never allowed, because callers send their key themselves. */
export function shareWith(
  request: Request,
  response: Response,
  origins: readonly string[],
): Response {
  if (origins.length === 0) return response;
  response.headers.append("vary", "origin");
  const origin = allowedOrigin(request, origins);
  if (origin === null) return response;
  response.headers.set("access-control-allow-origin", origin);
  response.headers.set("access-control-expose-headers", RESPONSE_HEADERS);
  return response;
}

function allowedOrigin(request: Request, origins: readonly string[]): string | null {
  const origin = request.headers.get("origin");
  return origin !== null && origins.includes(origin) ? origin : null;
}
