// The contract suite of hosts, which runs on each of the real runtimes against the tests' GitHub.
import { createHash } from "node:crypto";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ROUTES } from "../../functions/hosts/routes.ts";
import { FORGED_TOKENS } from "../forged-tokens.ts";
import {
  DEFAULT_REPOSITORY,
  DEFAULT_TOKEN,
  startGitHub,
  type TestGitHub,
} from "../github/server.ts";
import { startIssuer, type TestIssuer } from "../oidc.ts";

/** A host that runs: Requests in, Responses out, whatever is between. */
export type RunningHost = {
  readonly fetch: (request: Request) => Promise<Response>;
  readonly close: () => Promise<void>;
};

/** Starts a host whose environment holds nothing but these variables, as far as the host lets one choose. */
export type StartHost = (environment: Readonly<Record<string, string>>) => Promise<RunningHost>;

const SCOPES = ["read", "generate", "rotate", "admin", "reveal"];
const KEY = "key-canary-all";
const EXPIRED = "key-canary-expired";
/** Neither ASCII nor plain: what a host mangles shows here. */
const CANARY = `canary-ü-✓-𝔘-${"v".repeat(24)}`;
const RECORD = `${JSON.stringify({ version: 1, tokens: { API_KEY: {}, DB_PASSWORD: { type: "password" } } }, null, 2)}\n`;

/** Whose workflows are trusted: with all scopes on the main branch, and on one for each scope that is missing. */
const CLAIMS = { repository_id: "1", repository_owner_id: "2", ref: "refs/heads/main" };
const refWithout = (scope: string) => `refs/heads/no-${scope}`;

const digest = (key: string) => createHash("sha256").update(key).digest("hex");

/** The environment of a host over the tests' GitHub: a key with every scope, one that has expired, one for each scope that is missing. */
export function hostEnvironment(github: TestGitHub): Record<string, string> {
  const lacking = SCOPES.map((scope) => ({
    id: `no-${scope}`,
    key: `key-canary-no-${scope}`,
    scopes: SCOPES.filter((other) => other !== scope),
  }));
  const keys = [
    { id: "all", key: KEY, scopes: SCOPES },
    { id: "expired", key: EXPIRED, scopes: SCOPES, expires_at: "2020-01-01T00:00:00Z" },
    ...lacking,
  ];
  return {
    TOKEN_AUTOMATION_REPOSITORY: DEFAULT_REPOSITORY,
    TOKEN_AUTOMATION_MODE: "direct",
    TOKEN_AUTOMATION_GITHUB_TOKEN: DEFAULT_TOKEN,
    TOKEN_AUTOMATION_API_KEYS: JSON.stringify(
      keys.map(({ key, ...rest }) => ({ ...rest, sha256: digest(key) })),
    ),
    GITHUB_API_URL: github.url,
    GITHUB_GRAPHQL_URL: github.graphqlUrl,
  };
}

/** What lets workflows in by the tokens of that issuer. */
function workflowTrust(issuer: TestIssuer): string {
  const lacking = SCOPES.map((scope) => ({
    ...{ id: `no-${scope}`, ...CLAIMS, ref: refWithout(scope) },
    scopes: SCOPES.filter((other) => other !== scope),
  }));
  const callers = [{ id: "workflow", ...CLAIMS, scopes: SCOPES }, ...lacking];
  return JSON.stringify({ audience: "tokens.example", issuer: issuer.url, callers });
}

/** The tests' GitHub with a record of two tokens. */
export function startRecord(): Promise<TestGitHub> {
  return startGitHub({
    repositories: [{ fullName: DEFAULT_REPOSITORY, files: { "token_config.json": RECORD } }],
  });
}

/** A request as a client sends it, with the key that has every scope unless told otherwise. */
export function requestTo(
  path: string,
  { method = "GET", key = KEY as string | null, json = undefined as unknown } = {},
): Request {
  return new Request(`https://tokens.example${path}`, {
    method,
    headers: {
      host: "tokens.example",
      ...(key === null ? {} : { authorization: `Bearer ${key}` }),
      ...(json === undefined ? {} : { "content-type": "application/json" }),
    },
    ...(json === undefined ? {} : { body: JSON.stringify(json) }),
  });
}

/** Sends requests to a host that listens there. */
export function forwardTo(origin: string): RunningHost["fetch"] {
  return (request) => {
    const { pathname, search } = new URL(request.url);
    const forwarded = new Request(new URL(`${pathname}${search}`, origin), request);
    // A connection of its own for each: a server that refuses a request closes it, for it has not read the body.
    forwarded.headers.set("connection", "close");
    return fetch(forwarded);
  };
}

/** @param everyPath whether paths that are no route reach the program too */
export function hostContract(name: string, start: StartHost, { everyPath = true } = {}): void {
  describe(`the host contract: ${name}`, () => {
    let github: TestGitHub;
    let issuer: TestIssuer;
    let host: RunningHost;
    beforeAll(async () => {
      github = await startRecord();
      issuer = await startIssuer(() => new Date());
      host = await start({
        ...hostEnvironment(github),
        TOKEN_AUTOMATION_OIDC: workflowTrust(issuer),
      });
    });
    afterAll(async () => {
      await host?.close();
      await issuer?.close();
      await github?.close();
    });
    const ask = async (...asked: Parameters<typeof requestTo>) => {
      const response = await host.fetch(requestTo(...asked));
      const text = await response.text();
      expect(text).not.toMatch(/key-canary/);
      return {
        status: response.status,
        type: response.headers.get("content-type"),
        headers: response.headers,
        text,
      };
    };
    const json = async (...asked: Parameters<typeof requestTo>) => {
      const { status, text } = await ask(...asked);
      return { status, body: text === "" ? null : JSON.parse(text) };
    };
    describe("who may call", () => refusals(ask, json, everyPath));
    describe("which workflows may", () => workflows(ask, () => issuer));
    describe("what it does", () => operations(ask, json, () => github));
    test("lets an agent in, over MCP and by its description", () => letsAgentsIn(host, json));
  });
}

type Ask = (
  ...asked: Parameters<typeof requestTo>
) => Promise<{ status: number; type: string | null; headers: Headers; text: string }>;
type AskJson = (
  ...asked: Parameters<typeof requestTo>
) => Promise<{ status: number; body: Record<string, unknown> }>;

const guarded = ROUTES.flatMap(({ method, path, scope }) =>
  scope === null ? [] : [{ method, path, scope }],
);

function refusals(ask: Ask, json: AskJson, everyPath: boolean): void {
  test.each([
    ["no key", null],
    ["a forged key", "key-forged"],
    ["an expired key", EXPIRED],
  ])("%s: 401 on every route", async (_, key) => {
    for (const { method, path } of guarded) {
      const { status, type, headers } = await ask(path, {
        method,
        key,
        ...(method === "POST" ? { json: {} } : {}),
      });
      expect({ path, status, type, cache: headers.get("cache-control") }).toEqual({
        path,
        status: 401,
        type: "application/problem+json",
        cache: "no-store",
      });
    }
  });

  test("a key without the scope: 403 on every route, naming the scope", async () => {
    for (const { method, path, scope } of guarded) {
      const { status, body } = await json(path, {
        method,
        key: `key-canary-no-${scope}`,
        ...(method === "POST" ? { json: {} } : {}),
      });
      expect({ path, status, detail: body.detail }).toEqual({
        path,
        status: 403,
        detail: `this route needs the scope ${scope}`,
      });
    }
  });

  test.runIf(everyPath)(
    "a path that is no route: 401 without a key, with one 404 and the nearest",
    async () => {
      expect(await json("/tokens/helth", { key: null })).toMatchObject({ status: 401 });
      expect(await json("/tokens/helth")).toMatchObject({
        status: 404,
        body: { code: "route-unknown", nearest: "/tokens/health" },
      });
    },
  );
}

function workflows(ask: Ask, issuer: () => TestIssuer): void {
  const statuses = async (tokenFor: (scope: string) => Promise<string>) => {
    const answers: [path: string, status: number][] = [];
    for (const { method, path, scope } of guarded) {
      const { status } = await ask(path, {
        method,
        key: await tokenFor(scope),
        ...(method === "POST" ? { json: {} } : {}),
      });
      answers.push([path, status]);
    }
    return answers;
  };
  const everywhere = (status: number) => guarded.map(({ path }) => [path, status]);

  test("one that is trusted is let in, on every route", async () => {
    const token = await issuer().sign(CLAIMS);
    for (const [path, status] of await statuses(async () => token))
      expect([path, status === 401 || status === 403]).toEqual([path, false]);
  });

  test("one without the scope: 403 on every route", async () => {
    expect(await statuses((scope) => issuer().sign({ ...CLAIMS, ref: refWithout(scope) }))).toEqual(
      everywhere(403),
    );
  });

  test.each(FORGED_TOKENS)("%s: 401 on every route", async (_, forge) => {
    const token = await forge(issuer(), CLAIMS);
    expect(await statuses(async () => token)).toEqual(everywhere(401));
  });
}

async function letsAgentsIn(host: RunningHost, json: AskJson): Promise<void> {
  const agent = new Client(
    { name: "test", version: "1" },
    { versionNegotiation: { mode: "auto" } },
  );
  await agent.connect(
    new StreamableHTTPClientTransport(new URL("https://tokens.example/mcp"), {
      requestInit: { headers: { authorization: `Bearer ${KEY}`, host: "tokens.example" } },
      fetch: (url, init) => host.fetch(new Request(url, init)),
    }),
  );
  const { tools } = await agent.listTools();
  expect(tools.map(({ name }) => name)).toContain("rotate_token");
  const { structuredContent } = await agent.callTool({ name: "get_health", arguments: {} });
  expect(structuredContent).toMatchObject({ total_tokens: 2 });
  await agent.close();
  const { status, body } = await json("/openapi.json", { key: null });
  expect({ status, body }).toMatchObject({
    status: 200,
    body: { openapi: "3.1.0", paths: { "/tokens/rotate": {} } },
  });
}

function operations(ask: Ask, json: AskJson, github: () => TestGitHub): void {
  test("answers whether it is alive, to anybody", async () => {
    expect(await json("/healthz", { key: null })).toEqual({ status: 200, body: { status: "ok" } });
    expect(await ask("/healthz", { key: null, method: "HEAD" })).toMatchObject({
      status: 200,
      text: "",
    });
  });

  test("reads the record: health, and status with its query", async () => {
    expect(await json("/tokens/health")).toMatchObject({
      status: 200,
      body: { total_tokens: 2, never_rotated: ["API_KEY", "DB_PASSWORD"] },
    });
    expect(await json("/tokens/status?history=0")).toMatchObject({
      status: 200,
      body: { history: [] },
    });
    expect(await json("/tokens/status?history=many")).toMatchObject({ status: 400 });
  });

  test("makes a value", async () => {
    expect(
      await json("/tokens/generate", { method: "POST", json: { type: "password", length: 40 } }),
    ).toMatchObject({
      status: 200,
      body: { token: expect.stringMatching(/^.{40}$/), issued: false },
    });
  });

  test("seals what it is given, to the last character, and two at once from the start", async () => {
    const rotate = (token_name: string) =>
      json("/tokens/rotate", {
        method: "POST",
        json: { token_name, new_token: `${CANARY}-${token_name}` },
      });
    const [one, other] = await Promise.all([rotate("API_KEY"), rotate("DB_PASSWORD")]);
    expect([one, other]).toMatchObject([{ status: 200 }, { status: 200 }]);
    const held = ["API_KEY", "DB_PASSWORD"].map(
      (name) => github().repository().secret(name)?.value,
    );
    expect(held).toEqual([`${CANARY}-API_KEY`, `${CANARY}-DB_PASSWORD`]);
    const sent = github().requests.map(({ body }) => body);
    expect(sent.join("\n")).not.toContain("canary");
  });

  test("a wrong body is told, as a problem", async () => {
    const { status, body } = await json("/tokens/rotate", {
      method: "POST",
      json: { token_nam: "API_KEY" },
    });
    expect({ status, body }).toMatchObject({
      status: 400,
      body: { title: "Bad Request", problems: expect.any(Array) },
    });
  });
}
