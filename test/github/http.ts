// Between node:http and the server's own requests and replies.
import type { IncomingMessage, ServerResponse } from "node:http";
import { bodyBytes } from "./answer.ts";
import type { Reply } from "./replies.ts";
import type { GitHubRequest } from "./routes.ts";

/** Reads a request whole. Rejects where the caller goes away first. */
async function readBody(incoming: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

/**
 * The request's target: `/path`, or absolute (`http://api.github.localhost/path`) from a client that
 * takes this server for its HTTP proxy. Enterprise's `/api/v3` and `/api/graphql` are taken off.
 */
export function readTarget(incoming: IncomingMessage): {
  path: string;
  query: URLSearchParams;
  root: string;
} {
  const url = new URL(incoming.url ?? "/", `http://${incoming.headers.host ?? "127.0.0.1"}`);
  const enterprise = /^\/api\/v3(?=\/|$)/.test(url.pathname);
  const path = url.pathname
    .replace(/^\/api\/v3(?=\/|$)/, "")
    .replace(/^\/api\/graphql$/, "/graphql");
  return {
    path: path === "" ? "/" : path,
    query: url.searchParams,
    root: url.origin + (enterprise ? "/api/v3" : ""),
  };
}

/** The request as the server's parts take it. */
export async function readRequest(incoming: IncomingMessage): Promise<GitHubRequest> {
  const body = await readBody(incoming);
  return {
    method: incoming.method ?? "GET",
    ...readTarget(incoming),
    headers: incoming.headers,
    body,
  };
}

/** Sends a reply. */
export function send(outgoing: ServerResponse, reply: Reply): void {
  const bytes = bodyBytes(reply.body);
  const type = reply.body === null ? {} : { "content-type": "application/json; charset=utf-8" };
  outgoing.writeHead(reply.status, {
    ...type,
    ...reply.headers,
    ...(reply.body === null ? {} : { "content-length": bytes.length }),
  });
  outgoing.end(reply.status === 304 || reply.status === 204 ? undefined : bytes);
}

/** Sends the head and half of the body, then cuts. */
export function sendHalf(outgoing: ServerResponse, reply: Reply): Promise<void> {
  const bytes = bodyBytes(reply.body);
  outgoing.writeHead(reply.status, {
    "content-type": "application/json; charset=utf-8",
    ...reply.headers,
    "content-length": bytes.length || 2,
  });
  const half = bytes.subarray(0, Math.floor(bytes.length / 2));
  return new Promise((resolve) => {
    outgoing.write(half.length === 0 ? " " : half, () => {
      outgoing.destroy();
      resolve();
    });
  });
}
