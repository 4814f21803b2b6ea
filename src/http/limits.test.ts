// Limits of callers and of pages of other sites, at the boundary, with time as an argument.
import { createHash } from "node:crypto";
import { beforeEach, describe, expect, test } from "vitest";
import generate from "../../functions/generate.ts";
import healthz from "../../functions/healthz.ts";
import { ROUTES } from "../../functions/hosts/routes.ts";
import status from "../../functions/status.ts";
import { caller, requestFor, TEST_PORT } from "../../test/http.ts";
import type { Edge } from "./access/edge.ts";
import { readApiKeys } from "./access/environment.ts";

const PAGE = "https://dashboard.example";
let now: Date;
beforeEach(() => {
  now = new Date("2026-06-01T12:00:00Z");
});

function host(more: Partial<Edge> = {}) {
  const keys = ["one", "two"].map((id) => ({
    id,
    sha256: createHash("sha256").update(`key-${id}`).digest("hex"),
    scopes: ["generate"],
  }));
  return caller({
    access: {
      kind: "keys",
      keys: () => readApiKeys({ TOKEN_AUTOMATION_API_KEYS: JSON.stringify(keys) }),
    },
    app: () => Promise.reject(new Error("no record is needed")),
    fingerprintKey: () => null,
    now: () => now,
    newReference: () => "reference-1",
    ...more,
  });
}

const as = (id: string, more: Record<string, string> = {}) => ({
  json: {},
  headers: { authorization: `Bearer key-${id}`, ...more },
});
const pass = (seconds: number) => {
  now = new Date(now.getTime() + seconds * 1000);
};

describe("a caller's budget", () => {
  test("a change costs 5, the budget refills evenly, and retry-after says when", async () => {
    const { ask } = host({ pointsPerMinute: () => 12 });
    const statuses = [];
    for (let count = 0; count < 3; count += 1)
      statuses.push((await ask(generate, as("one"))).status);
    expect(statuses).toEqual([200, 200, 429]);
    expect(await ask(generate, as("one"))).toMatchObject({
      status: 429,
      headers: { "content-type": "application/problem+json", "retry-after": "15" },
      body: { title: "Too Many Requests", code: "too-many-requests" },
    });
    pass(14);
    expect((await ask(generate, as("one"))).headers["retry-after"]).toBe("1");
    pass(1);
    expect((await ask(generate, as("one"))).status).toBe(200);
  });

  test("is its own: another caller and liveness have theirs", async () => {
    const { ask } = host({ pointsPerMinute: () => 5 });
    expect((await ask(generate, as("one"))).status).toBe(200);
    expect((await ask(generate, as("one"))).status).toBe(429);
    expect((await ask(generate, as("two"))).status).toBe(200);
    for (let count = 0; count < 20; count += 1) expect((await ask(healthz)).status).toBe(200);
  });

  test("is spent on requests that are refused, a read at 1; unknown keys have none to spend", async () => {
    const { ask } = host({ pointsPerMinute: () => 5 });
    for (let count = 0; count < 5; count += 1)
      expect((await ask(status, { headers: as("one").headers })).status).toBe(403);
    expect((await ask(status, { headers: as("one").headers })).status).toBe(429);
    for (let count = 0; count < 20; count += 1)
      expect((await ask(generate, as("unknown"))).status).toBe(401);
    expect((await ask(generate, as("two"))).status).toBe(200);
  });

  test("a budget below the cost of a change still allows one", async () => {
    const { ask } = host({ pointsPerMinute: () => 1 });
    expect((await ask(generate, as("one"))).status).toBe(200);
    expect(await ask(generate, as("one"))).toMatchObject({
      status: 429,
      headers: { "retry-after": "60" },
    });
  });
});

describe("pages of other sites", () => {
  const preflight = (origin: string) => ({
    method: "OPTIONS",
    headers: {
      origin,
      "access-control-request-method": "POST",
      "access-control-request-headers": "authorization,content-type",
    },
  });

  test("a listed page gets permission before it sends, and may read every answer, errors too", async () => {
    const { edge } = host({ origins: () => [PAGE] });
    for (const route of ROUTES.filter(({ scope }) => scope !== null)) {
      const response = await route.answer(requestFor(route, preflight(PAGE)), edge);
      expect([
        response.status,
        await response.text(),
        Object.fromEntries(response.headers),
      ]).toEqual([
        204,
        "",
        {
          "access-control-allow-origin": PAGE,
          "access-control-allow-methods": route.method === "GET" ? "GET, HEAD" : "POST",
          "access-control-allow-headers":
            "authorization, content-type, idempotency-key, mcp-method, mcp-name, mcp-protocol-version",
          "access-control-max-age": "600",
          "cache-control": "no-store",
          vary: "origin",
        },
      ]);
    }
    const { ask } = host({ origins: () => [PAGE] });
    for (const headers of [as("one", { origin: PAGE }).headers, { origin: PAGE }]) {
      const answer = await ask(generate, { json: {}, headers });
      expect(answer.headers).toMatchObject({ "access-control-allow-origin": PAGE, vary: "origin" });
      expect(answer.headers).not.toHaveProperty("access-control-allow-credentials");
    }
  });

  test.each([
    "https://evil.example",
    "https://dashboard.example.evil.example",
    "http://dashboard.example",
    "null",
  ])("%s is not listed: no permission", async (origin) => {
    const { ask } = host({ origins: () => [PAGE] });
    for (const asked of [preflight(origin), as("one", { origin })]) {
      const { headers } = await ask(generate, asked);
      expect(Object.keys(headers).filter((name) => name.startsWith("access-control"))).toEqual([]);
    }
  });

  test("no page is listed by default; on this machine a list changes nothing", async () => {
    const { headers, status: code } = await host().ask(generate, preflight(PAGE));
    expect([code, headers["access-control-allow-origin"]]).toEqual([401, undefined]);
    const local = host({ access: { kind: "loopback", port: TEST_PORT }, origins: () => [PAGE] });
    expect(await local.ask(generate, preflight(PAGE))).toMatchObject({
      status: 403,
      body: { code: "foreign-origin" },
    });
  });
});
