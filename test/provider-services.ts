// Servers on port 0 that make keys as Cloudflare, SendGrid, Datadog and npm document it: what docs/issuers/http.md is tested against.
import { randomBytes } from "node:crypto";
import { createServer } from "node:http";
import { listen } from "./http-servers.ts";

type Key = { readonly id: string; readonly name: string; readonly secret: string };
type Call = {
  readonly admin: boolean;
  readonly presented: string;
  readonly body: unknown;
  readonly page: number;
  readonly query: URLSearchParams;
};
type Answer = { readonly status: number; readonly body?: unknown };

type Provider = {
  /** Where keys are made, and listed. */
  readonly keys: string;
  /** Where one is deleted; its id follows. */
  readonly one: string;
  readonly check: string;
  /** The headers by which the administrator is known, with what must stand in them. */
  readonly admin: Readonly<Record<string, string>>;
  /** The header that a new key is presented in. */
  readonly presents: string;
  readonly perPage: number;
  readonly firstPage: number;
  readonly nameOf: (body: never) => unknown;
  readonly made: (key: Key) => Answer;
  readonly listed: (keys: readonly Key[]) => unknown;
  readonly works: unknown;
  readonly refused: Answer;
};

const bearer = (value: string) => ({ authorization: `Bearer ${value}` });
const datadog = (kind: string, path: string, check: string, presents: string): Provider => ({
  keys: `/api/v2/${path}`,
  one: `/api/v2/${path}/`,
  check,
  admin: { "dd-api-key": "canary-DATADOG_API_KEY", "dd-application-key": "canary-DATADOG_APP_KEY" },
  presents,
  perPage: 2,
  firstPage: 0,
  nameOf: ({ data }: { data: { type: string; attributes: { name: string } } }) =>
    data.type === kind ? data.attributes.name : undefined,
  made: ({ id, name, secret }) => ({
    status: 201,
    body: { data: { type: kind, id, attributes: { key: secret, name, last4: secret.slice(-4) } } },
  }),
  listed: (keys) => ({
    data: keys.map(({ id, name }) => ({ type: kind, id, attributes: { name } })),
  }),
  works: { valid: true, data: [] },
  refused: { status: 403, body: { errors: ["Forbidden"] } },
});

export const PROVIDERS: Readonly<Record<string, Provider>> = {
  CLOUDFLARE_API_TOKEN: {
    keys: "/client/v4/user/tokens",
    one: "/client/v4/user/tokens/",
    check: "/client/v4/user/tokens/verify",
    admin: bearer("canary-CLOUDFLARE_ADMIN_TOKEN"),
    presents: "authorization",
    perPage: 2,
    firstPage: 1,
    nameOf: ({ name, policies }: { name: string; policies: unknown[] }) =>
      policies.length > 0 && name.length <= 120 ? name : undefined,
    made: ({ id, name, secret }) => ({
      status: 200,
      body: { success: true, result: { id, name, status: "active", value: secret } },
    }),
    listed: (keys) => ({
      success: true,
      result: keys.map(({ id, name }) => ({ id, name, status: "active" })),
    }),
    works: { success: true, result: { status: "active" } },
    refused: {
      status: 401,
      body: { success: false, errors: [{ code: 1000, message: "Invalid API Token" }] },
    },
  },
  SENDGRID_API_KEY: {
    keys: "/v3/api_keys",
    one: "/v3/api_keys/",
    check: "/v3/scopes",
    admin: bearer("canary-SENDGRID_ADMIN_KEY"),
    presents: "authorization",
    perPage: 100,
    firstPage: 1,
    nameOf: ({ name }: { name: string }) => name,
    made: ({ id, name, secret }) => ({
      status: 201,
      body: { api_key: secret, api_key_id: id, name, scopes: ["mail.send"] },
    }),
    listed: (keys) => ({ result: keys.map(({ id, name }) => ({ name, api_key_id: id })) }),
    works: { scopes: ["mail.send"] },
    refused: { status: 401, body: { errors: [{ message: "authorization required" }] } },
  },
  DD_API_KEY: datadog("api_keys", "api_keys", "/api/v1/validate", "dd-api-key"),
  DD_APP_KEY: datadog(
    "application_keys",
    "current_user/application_keys",
    "/api/v2/current_user/application_keys",
    "dd-application-key",
  ),
  NPM_TOKEN: {
    keys: "/-/npm/v1/tokens",
    one: "/-/npm/v1/tokens/token/",
    check: "/-/whoami",
    admin: bearer("canary-NPM_ADMIN_TOKEN"),
    presents: "authorization",
    perPage: 2,
    firstPage: 0,
    nameOf: ({ name, password }: { name: string; password: string }) =>
      password === "canary-NPM_PASSWORD" ? name : undefined,
    made: ({ id, name, secret }) => ({
      status: 200,
      body: { token: secret, key: id, name, created: "2026-03-01T00:00:00.000Z" },
    }),
    listed: (keys) => ({
      objects: keys.map(({ id, name }) => ({ key: id, name, token: "npm_ab" })),
      urls: {},
    }),
    works: { username: "acme-bot" },
    refused: { status: 401, body: { message: "Unauthorized" } },
  },
};

/** Starts the server of one provider, as its documentation has it. */
export async function startProvider(provider: Provider) {
  const keys = new Map<string, Key>();
  const accepts = (secret: string | undefined) =>
    [...keys.values()].some((key) => key.secret === secret);
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(Buffer.from(chunk));
    const { pathname, searchParams } = new URL(request.url ?? "/", "http://service.invalid");
    const headers = request.headers;
    const call: Call = {
      admin: Object.entries(provider.admin).every(([name, value]) => headers[name] === value),
      presented: String(headers[provider.presents] ?? "").replace(/^Bearer /, ""),
      body: chunks.length === 0 ? null : JSON.parse(Buffer.concat(chunks).toString("utf8")),
      page: Number(
        searchParams.get("page") ?? searchParams.get("page[number]") ?? provider.firstPage,
      ),
      query: searchParams,
    };
    const { status, body } = answer(`${request.method}`, pathname, call);
    response
      .writeHead(status, { "content-type": "application/json" })
      .end(body === undefined ? "" : JSON.stringify(body));
  });
  function answer(method: string, path: string, call: Call): Answer {
    if (method === "GET" && path === provider.check && accepts(call.presented))
      return { status: 200, body: provider.works };
    if (!call.admin) return provider.refused;
    if (method === "POST" && path === provider.keys) {
      const name = provider.nameOf(call.body as never);
      if (typeof name !== "string") return { status: 400, body: { error: "malformed" } };
      const key = {
        id: randomBytes(8).toString("hex"),
        name,
        secret: randomBytes(24).toString("base64url"),
      };
      keys.set(key.id, key);
      return provider.made(key);
    }
    if (method === "GET" && path === provider.keys) {
      const from = (call.page - provider.firstPage) * provider.perPage;
      return {
        status: 200,
        body: provider.listed([...keys.values()].slice(from, from + provider.perPage)),
      };
    }
    if (method !== "DELETE" || !path.startsWith(provider.one)) return { status: 405 };
    return { status: keys.delete(path.slice(provider.one.length)) ? 204 : 404 };
  }
  return {
    ...(await listen(server)),
    accepts,
  };
}
