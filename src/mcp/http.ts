// MCP over streamable HTTP, from a Request to a Response. No state is kept between requests, so that any host can serve it.
import type { McpOptions } from "./server.ts";
import { buildMcpServer } from "./server.ts";

/** The largest message that is read, in bytes. A route's body has the same limit. */
const MAX_MESSAGE_BYTES = 64 * 1024;

/** Answers one message of a client, of the 2026-07-28 protocol or an older one. */
export async function answerMcp(request: Request, options: McpOptions): Promise<Response> {
  const { createMcpHandler } = await import("@modelcontextprotocol/server");
  const handler = createMcpHandler(() => buildMcpServer(options), {
    maxRequestBodySize: MAX_MESSAGE_BYTES,
    // The tools do not change while a client listens.
    maxSubscriptions: 0,
  });
  const response = await handler.fetch(request);
  response.headers.set("cache-control", "no-store");
  response.headers.set("x-content-type-options", "nosniff");
  return response;
}
