// Every route against every kind of insufficient credential: one table.
import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ROUTES } from "../../functions/hosts/routes.ts";
import { FORGED_TOKENS } from "../../test/forged-tokens.ts";
import { caller } from "../../test/http.ts";
import { startIssuer, type TestIssuer } from "../../test/oidc.ts";
import { API_SCOPES, type ApiScope } from "./access/caller.ts";
import { readApiKeys, readWorkflowTrust } from "./access/environment.ts";

const NOW = new Date("2026-06-01T12:00:00Z");
const EXPIRED = "key-canary-expired";
const IDS = { repository_id: "1", repository_owner_id: "2", ref: "refs/heads/main" };
const TRUST = { audience: "tokens.example" };

const keyWithout = (scope: ApiScope) => `key-canary-without-${scope}`;
const sha256 = (key: string) => createHash("sha256").update(key).digest("hex");
const allBut = (scope: ApiScope) => API_SCOPES.filter((other) => other !== scope);

let issuer: TestIssuer;
let host: ReturnType<typeof caller>;
beforeAll(async () => {
  issuer = await startIssuer(() => NOW);
  const keys = [
    {
      id: "expired",
      sha256: sha256(EXPIRED),
      scopes: API_SCOPES,
      expires_at: "2026-06-01T12:00:00Z",
    },
    ...API_SCOPES.map((scope) => ({
      id: `without-${scope}`,
      sha256: sha256(keyWithout(scope)),
      scopes: allBut(scope),
    })),
  ];
  const callers = [
    { id: "all", ...IDS, scopes: API_SCOPES },
    ...API_SCOPES.map((scope) => ({
      id: scope,
      ...IDS,
      ref: `refs/heads/without-${scope}`,
      scopes: allBut(scope),
    })),
  ];
  const env = {
    TOKEN_AUTOMATION_API_KEYS: JSON.stringify(keys),
    TOKEN_AUTOMATION_OIDC: JSON.stringify({ ...TRUST, issuer: issuer.url, callers }),
  };
  host = caller({
    access: { kind: "keys", keys: () => readApiKeys(env), workflows: () => readWorkflowTrust(env) },
    app: () => Promise.reject(new Error("a refused caller reaches no record")),
    fingerprintKey: () => null,
    now: () => NOW,
    newReference: () => "reference-1",
  });
});
afterAll(async () => {
  await issuer.close();
  expect(host.said.join("\n")).not.toContain("canary");
});

const signed = (claims: Record<string, unknown>) => issuer.sign({ ...IDS, ...claims });

/** The credential as sent, and the status of the answer. `null`: no header at all. */
const CREDENTIALS: readonly (readonly [
  what: string,
  header: (scope: ApiScope) => string | null | Promise<string>,
  status: 401 | 403,
])[] = [
  ["none", () => null, 401],
  ["another scheme", () => `Basic ${Buffer.from(`user:${EXPIRED}`).toString("base64")}`, 401],
  ["a key without its scheme", (scope) => keyWithout(scope), 401],
  ["an expired key", () => `Bearer ${EXPIRED}`, 401],
  ["an unknown key", () => "Bearer key-canary-unknown", 401],
  ["the digest of a key", () => `Bearer ${sha256(EXPIRED)}`, 401],
  ["a key and something behind it", (scope) => `Bearer ${keyWithout(scope)} x`, 401],
  ["a key without the scope", (scope) => `Bearer ${keyWithout(scope)}`, 403],
  ...FORGED_TOKENS.map(
    ([what, forge]) => [what, async () => `Bearer ${await forge(issuer, IDS)}`, 401] as const,
  ),
  [
    "a token without the scope",
    async (scope) => `Bearer ${await signed({ ref: `refs/heads/without-${scope}` })}`,
    403,
  ],
];

const GUARDED = ROUTES.flatMap((route) =>
  route.scope === null ? [] : [{ route, scope: route.scope }],
);

describe.each(
  GUARDED.map(({ route, scope }) => ({ name: `${route.method} ${route.path}`, route, scope })),
)("$name", ({ route, scope }) => {
  test.each(CREDENTIALS)("%s is refused", async (_what, header, status) => {
    const authorization = await header(scope);
    const answer = await host.ask(
      route,
      authorization === null ? {} : { headers: { authorization } },
    );
    expect(answer).toMatchObject({
      status,
      headers: { "content-type": "application/problem+json", "cache-control": "no-store" },
      body: { status, code: status === 401 ? "unauthenticated" : "scope-missing" },
    });
    // The missing scope, and nothing about the other scopes, the caller or the record.
    const told = {
      type: "about:blank",
      title: "Forbidden",
      status: 403,
      detail: `this route needs the scope ${scope}`,
      code: "scope-missing",
    };
    if (status === 403) expect(answer.body).toEqual(told);
  });
});

test("a sufficient credential is accepted, so the table above can fail", async () => {
  const authorization = `Bearer ${await signed({})}`;
  for (const { route } of GUARDED) {
    const { status } = await host.ask(route, { headers: { authorization } });
    expect([401, 403]).not.toContain(status);
  }
});
