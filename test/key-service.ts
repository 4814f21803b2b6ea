// A service of API keys that speaks HTTP on port 0: an administrator makes, lists and deletes keys, and a key can be checked.
import { randomBytes } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { listen } from "./http-servers.ts";

type Key = { readonly id: string; readonly name: string; readonly secret: string };

/** What goes wrong with requests whose `METHOD /path` matches: answered instead of acting, or once it has acted. */
export type ServiceFault = {
  readonly match: RegExp;
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** It acts first. */
  readonly acts?: boolean;
  /** The connection is cut, or nothing is answered, instead of the status. */
  readonly ends?: "cut" | "hang";
  /** The number of requests that it hits (default: every one) */
  times?: number;
};

type Seen = {
  readonly line: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
};

/** Starts the service; `admin` is its administrator's key. Besides the keys, every request is kept. */
export async function startKeyService(admin: string) {
  const keys = new Map<string, Key>();
  const requests: Seen[] = [];
  const faults: ServiceFault[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(Buffer.from(chunk));
    const body = Buffer.concat(chunks).toString("utf8");
    const line = `${request.method} ${request.url}`;
    requests.push({ line, headers: request.headers, body });
    const fault = faults.find((one) => one.match.test(line) && (one.times ?? 1) > 0);
    if (fault?.times !== undefined) fault.times -= 1;
    const answer = fault === undefined || fault.acts ? act({ admin, keys }, request, body) : null;
    if (fault?.ends === "hang") return;
    if (fault?.ends === "cut") return void response.socket?.destroy();
    if (fault !== undefined)
      respond(
        response,
        fault.status ?? answer?.status ?? 500,
        fault.body ?? answer?.body ?? "",
        fault.headers,
      );
    else respond(response, answer?.status ?? 500, answer?.body ?? "");
  });
  return {
    ...(await listen(server)),
    keys,
    requests,
    faults,
    accepts: (secret: string | undefined) =>
      [...keys.values()].some((key) => key.secret === secret),
  };
}

export type KeyService = Awaited<ReturnType<typeof startKeyService>>;

function respond(
  response: ServerResponse,
  status: number,
  body: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, { "content-type": "application/json", ...headers }).end(body);
}

type Answer = { readonly status: number; readonly body: string };
const json = (status: number, value: unknown): Answer => ({ status, body: JSON.stringify(value) });

function act(
  { admin, keys }: { admin: string; keys: Map<string, Key> },
  { method, url = "/", headers }: IncomingMessage,
  body: string,
): Answer {
  const { pathname } = new URL(url, "http://service.invalid");
  const bearer = /^Bearer (.+)$/.exec(headers.authorization ?? "")?.[1];
  if (`${method} ${pathname}` === "GET /me") {
    const key = [...keys.values()].find(({ secret }) => secret === bearer);
    return key === undefined ? json(401, { error: "no such key" }) : json(200, { id: key.id });
  }
  if (bearer !== admin) return json(403, { error: `not with ${bearer}` });
  const id = /^\/keys\/([\w-]+)$/.exec(pathname)?.[1];
  if (method === "DELETE" && id !== undefined)
    return keys.delete(id) ? { status: 204, body: "" } : json(404, { error: "gone" });
  if (pathname !== "/keys") return json(404, { error: "no such thing" });
  if (method === "GET")
    return json(200, { keys: [...keys.values()].map(({ id: one, name }) => ({ id: one, name })) });
  if (method !== "POST") return json(405, {});
  const key = {
    id: `key-${randomBytes(6).toString("hex")}`,
    name: String(JSON.parse(body).name),
    secret: randomBytes(24).toString("base64url"),
  };
  keys.set(key.id, key);
  return json(201, { key: { ...key, expires_at: "2027-03-01T00:00:00Z" } });
}
