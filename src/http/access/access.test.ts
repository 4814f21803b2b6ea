// Access by key and by origin, at the boundary of every route.
import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import generate from "../../../functions/generate.ts";
import healthz from "../../../functions/healthz.ts";
import { ROUTES } from "../../../functions/hosts/routes.ts";
import { answerOf, caller, requestFor, TEST_PORT } from "../../../test/http.ts";
import type { Access } from "./caller.ts";
import { readApiKeys } from "./environment.ts";
import { isLoopback } from "./origin.ts";

const NOW = new Date("2026-06-01T12:00:00Z");
const SECURE = { "cache-control": "no-store", "x-content-type-options": "nosniff" };

function edgeWith(access: Access) {
  return caller({
    access,
    app: () => Promise.reject(new Error("a refused request needs no app")),
    fingerprintKey: () => null,
    now: () => NOW,
    newReference: () => "reference-1",
  });
}

type KeySetup = {
  readonly id: string;
  readonly key: string;
  readonly scopes: readonly string[];
  readonly expires_at?: string;
};

function withKeys(...keys: readonly KeySetup[]) {
  const value = keys.map(({ key, ...rest }) => ({
    ...rest,
    sha256: createHash("sha256").update(key).digest("hex"),
  }));
  const env = { TOKEN_AUTOMATION_API_KEYS: JSON.stringify(value) };
  return edgeWith({ kind: "keys", keys: () => readApiKeys(env) });
}

const bearer = (key: string) => ({ headers: { authorization: `Bearer ${key}` } });
const GENERATE = { json: { type: "api_key" } };

describe("with keys", () => {
  test("no key configured: only liveness and the description are allowed", async () => {
    const { ask } = withKeys();
    const statuses = await Promise.all(
      ROUTES.map(async (route) => [
        route.path,
        (await ask(route, { ...bearer("anything") })).status,
      ]),
    );
    expect(statuses).toEqual(
      ROUTES.map(({ path }) => [
        path,
        { "/healthz": 200, "/openapi.json": 200, "/badge.svg": 404 }[path] ?? 401,
      ]),
    );
    expect(await ask(healthz)).toEqual({
      status: 200,
      headers: { ...SECURE, "content-type": "application/json" },
      body: { status: "ok" },
    });
  });

  test.each([
    ["none", undefined],
    ["another scheme", "Basic cGFzczpwYXNz"],
    ["an empty one", "Bearer "],
  ])("%s sent: 401 that says how to send a key", async (_what, authorization) => {
    const { ask } = withKeys({ id: "ci", key: "right", scopes: ["generate"] });
    expect(
      await ask(generate, {
        ...GENERATE,
        ...(authorization === undefined ? {} : { headers: { authorization } }),
      }),
    ).toEqual({
      status: 401,
      headers: {
        ...SECURE,
        "content-type": "application/problem+json",
        "www-authenticate": "Bearer",
      },
      body: {
        type: "about:blank",
        title: "Unauthorized",
        status: 401,
        detail: "this route needs an API key",
        code: "unauthenticated",
        hint: "Send it as `Authorization: Bearer <key>`.",
      },
    });
  });

  test("unknown and expired keys get the same answer; a key is valid until its last moment", async () => {
    const { ask, said } = withKeys(
      {
        id: "old",
        key: "canary-expired",
        scopes: ["generate"],
        expires_at: "2026-06-01T12:00:00Z",
      },
      {
        id: "new",
        key: "canary-live",
        scopes: ["generate"],
        expires_at: "2026-06-01T12:00:00.001Z",
      },
    );
    const unknown = await ask(generate, { ...GENERATE, ...bearer("canary-unknown") });
    expect(unknown).toMatchObject({
      status: 401,
      headers: { "www-authenticate": "Bearer" },
      body: { code: "unauthenticated" },
    });
    expect(await ask(generate, { ...GENERATE, ...bearer("canary-expired") })).toEqual(unknown);
    expect(
      (await ask(generate, { json: {}, headers: { authorization: "bearer canary-live" } })).status,
    ).toBe(200);
    expect(said.join("\n")).not.toContain("canary");
  });

  test("a key without the scope: 403 names the scope and nothing more", async () => {
    const scopes = ["read", "generate", "rotate", "admin", "reveal"];
    for (const route of ROUTES) {
      if (route.scope === null) continue;
      const { ask } = withKeys({
        id: "ci",
        key: "right",
        scopes: scopes.filter((scope) => scope !== route.scope),
      });
      expect(await ask(route, bearer("right"))).toEqual({
        status: 403,
        headers: { ...SECURE, "content-type": "application/problem+json" },
        body: {
          type: "about:blank",
          title: "Forbidden",
          status: 403,
          detail: `this route needs the scope ${route.scope}`,
          code: "scope-missing",
        },
      });
    }
  });

  test("each route asks for the scope that the contract names", () => {
    expect(
      Object.fromEntries(ROUTES.map(({ method, path, scope }) => [`${method} ${path}`, scope])),
    ).toEqual({
      "POST /tokens/generate": "generate",
      "POST /tokens/rotate": "rotate",
      "POST /tokens/setup-rotation": "admin",
      "POST /tokens/workflow/create": "admin",
      "POST /tokens/workflow/run": "rotate",
      "POST /tokens/plan": "read",
      // The scope of the applied change, too.
      "POST /tokens/apply": "read",
      "GET /tokens/health": "read",
      "GET /tokens/suggest": "read",
      "GET /tokens/status": "read",
      "GET /tokens/discover": "read",
      "GET /tokens/badge.svg": "read",
      "GET /badge.svg": null,
      "GET /": "read",
      "GET /tokens/runs/:id": "read",
      "POST /git/commit": "admin",
      "POST /mcp": "read",
      "GET /openapi.json": null,
      "GET /healthz": null,
    });
  });

  test("malformed keys: 500 that names the variable; liveness still answers", async () => {
    const { ask } = edgeWith({
      kind: "keys",
      keys: () => readApiKeys({ TOKEN_AUTOMATION_API_KEYS: '[{"canary": "canary"}]' }),
    });
    const { status, body } = await ask(generate, { ...GENERATE, ...bearer("right") });
    expect({ status, body }).toMatchObject({
      status: 500,
      body: {
        code: "environment-invalid",
        detail: expect.stringContaining("TOKEN_AUTOMATION_API_KEYS"),
      },
    });
    expect(JSON.stringify(body)).not.toContain("canary");
    expect((await ask(healthz)).status).toBe(200);
  });
});

describe("without keys, on this machine", () => {
  const local = edgeWith({ kind: "loopback", port: TEST_PORT });

  test.each(["localhost:5000", "127.0.0.1:5000", "[::1]:5000", "LocalHost:5000"])(
    "Host %s is its own",
    async (host) => {
      expect((await local.ask(generate, { ...GENERATE, headers: { host } })).status).toBe(200);
    },
  );

  test.each([
    "localhost",
    "localhost:5001",
    "evil.example:5000",
    "localhost.evil.example:5000",
    "127.0.0.1.nip.io:5000",
    "0.0.0.0:5000",
    "evil@localhost:5000",
  ])("Host %s is refused on every route, liveness too", async (host) => {
    for (const route of ROUTES) {
      expect(await local.ask(route, { headers: { host } })).toMatchObject({
        status: 403,
        body: { code: "foreign-host" },
      });
    }
  });

  test("a request without Host is refused: HTTP/1.1 requires one", async () => {
    const request = requestFor(generate, GENERATE);
    request.headers.delete("host");
    expect(await answerOf(await generate.answer(request, local.edge))).toMatchObject({
      status: 403,
      body: { code: "foreign-host" },
    });
  });

  test.each(["http://localhost:5000", "http://127.0.0.1:5000", "http://[::1]:5000"])(
    "Origin %s is its own page",
    async (origin) => {
      expect((await local.ask(generate, { ...GENERATE, headers: { origin } })).status).toBe(200);
    },
  );

  test.each([
    "https://evil.example",
    "null",
    "",
    "http://localhost:3000",
    "https://localhost:5000",
    "http://localhost:5000.evil.example",
  ])("Origin %j is refused, without permission to read the answer", async (origin) => {
    const { status, headers, body } = await local.ask(generate, {
      ...GENERATE,
      headers: { origin },
    });
    expect({ status, body }).toMatchObject({ status: 403, body: { code: "foreign-origin" } });
    expect(Object.keys(headers).filter((name) => name.startsWith("access-control"))).toEqual([]);
  });

  test("a preflight gets 405 and no permission", async () => {
    const { status, headers } = await local.ask(generate, {
      method: "OPTIONS",
      headers: { "access-control-request-method": "POST" },
    });
    expect({ status, allow: headers.allow, cors: headers["access-control-allow-origin"] }).toEqual({
      status: 405,
      allow: "POST",
      cors: undefined,
    });
  });

  test("on port 80 the port may be left out", async () => {
    const { ask } = edgeWith({ kind: "loopback", port: 80 });
    expect(
      (
        await ask(generate, {
          ...GENERATE,
          headers: { host: "localhost", origin: "http://localhost" },
        })
      ).status,
    ).toBe(200);
  });
});

test.each([
  ["127.0.0.1", true],
  ["127.1.2.3", true],
  ["localhost", true],
  ["::1", true],
  ["0.0.0.0", false],
  ["::", false],
  ["192.168.1.2", false],
  ["127.0.0.1.example", false],
  ["example.com", false],
])("listening on %s reaches no further than this machine: %s", (host, expected) => {
  expect(isLoopback(host)).toBe(expected);
});
