// Workflows as callers, against an issuer that serves its keys over HTTP: the accepted tokens, and all others.
import { createHmac } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import generate from "../../../functions/generate.ts";
import health from "../../../functions/health.ts";
import { caller } from "../../../test/http.ts";
import { startIssuer, type TestIssuer } from "../../../test/oidc.ts";
import { readWorkflowTrust } from "./environment.ts";
import { createMemory } from "./memory.ts";

const NOW = new Date("2026-06-01T12:00:00Z");
const CLAIMS = {
  sub: "repo:acme/widgets:ref:refs/heads/main",
  repository: "acme/widgets",
  repository_id: "101",
  repository_owner: "acme",
  repository_owner_id: "7",
  ref: "refs/heads/main",
  run_id: "42",
};
const MAIN = {
  id: "main",
  repository_id: "101",
  repository_owner_id: "7",
  ref: "refs/heads/main",
  scopes: ["generate"],
};
const PRODUCTION = {
  id: "production",
  repository_id: "202",
  repository_owner_id: "7",
  environment: "production",
  scopes: ["generate"],
};

let issuer: TestIssuer;
let host: ReturnType<typeof caller>;
let now = NOW;
beforeAll(async () => {
  issuer = await startIssuer(() => now);
});
afterAll(() => issuer.close());
beforeEach(() => {
  now = NOW;
  host = hostThatTrusts([MAIN, PRODUCTION]);
});

function hostThatTrusts(callers: readonly object[]) {
  const env = {
    TOKEN_AUTOMATION_OIDC: JSON.stringify({
      audience: "tokens.example",
      issuer: issuer.url,
      callers,
    }),
  };
  return caller({
    access: { kind: "keys", keys: () => [], workflows: () => readWorkflowTrust(env) },
    memory: createMemory(),
    app: () => Promise.reject(new Error("no record is needed")),
    fingerprintKey: () => null,
    now: () => now,
    newReference: () => "reference-1",
  });
}

const send = (token: string) =>
  host.ask(generate, { json: {}, headers: { authorization: `Bearer ${token}` } });
const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
const later = (minutes: number) => new Date(NOW.getTime() + minutes * 60_000);

test("a workflow on the trusted branch is let in, with its scopes and no others", async () => {
  const token = await issuer.sign(CLAIMS);
  expect((await send(token)).status).toBe(200);
  expect(await host.ask(health, { headers: { authorization: `Bearer ${token}` } })).toMatchObject({
    status: 403,
    body: { code: "scope-missing", detail: "this route needs the scope read" },
  });
});

test("`sub` decides nothing: a copied one lets no caller in, and a strange one keeps none out", async () => {
  const foreign = { ...CLAIMS, repository_id: "999", repository_owner_id: "998" };
  expect((await send(await issuer.sign(foreign))).status).toBe(401);
  expect((await send(await issuer.sign({ ...CLAIMS, sub: "customized" }))).status).toBe(200);
});

test.each([
  ["another repository of that name", { repository_id: "102" }],
  ["a repository that another owner took over", { repository_owner_id: "8" }],
  ["another branch", { ref: "refs/heads/feature" }],
  ["a branch that only begins so", { ref: "refs/heads/main2" }],
  ["a pull request", { ref: "refs/pull/1/merge" }],
  ["ids as numbers", { repository_id: 101 }],
  ["no ids", { repository_id: undefined, repository_owner_id: undefined }],
  ["another audience", { aud: "https://github.com/acme" }],
  ["an empty audience", { aud: "" }],
  ["another issuer", { iss: "https://token.actions.githubusercontent.com" }],
  ["a beginning in the future", { nbf: Math.floor(NOW.getTime() / 1000) + 600 }],
])("%s: 401", async (_what, claims) => {
  expect(await send(await issuer.sign({ ...CLAIMS, ...claims }))).toMatchObject({
    status: 401,
    body: { code: "unauthenticated" },
  });
});

test("an environment is required if it is configured, on any branch", async () => {
  const job = { ...CLAIMS, repository_id: "202", ref: "refs/heads/release" };
  expect((await send(await issuer.sign({ ...job, environment: "production" }))).status).toBe(200);
  expect((await send(await issuer.sign({ ...job, environment: "staging" }))).status).toBe(401);
  expect((await send(await issuer.sign(job))).status).toBe(401);
});

test("a token is valid until it ends, plus or minus the tolerance of clocks", async () => {
  const token = await issuer.sign(CLAIMS);
  now = later(5);
  expect((await send(token)).status).toBe(200);
  now = later(6);
  expect((await send(token)).status).toBe(401);
});

describe("forged", () => {
  const claims = () => ({
    ...CLAIMS,
    iss: issuer.url,
    aud: "tokens.example",
    iat: NOW.getTime() / 1000,
    exp: NOW.getTime() / 1000 + 300,
  });

  test("alg none", async () => {
    for (const alg of ["none", "None", "NONE"]) {
      const unsigned = `${part({ alg, typ: "JWT", kid: "one" })}.${part(claims())}.`;
      expect((await send(unsigned)).status).toBe(401);
    }
  });

  test("HS256 with the public key as the secret", async () => {
    const head = `${part({ alg: "HS256", typ: "JWT", kid: "one" })}.${part(claims())}`;
    const signature = createHmac("sha256", JSON.stringify(issuer.publicJwk))
      .update(head)
      .digest("base64url");
    expect((await send(`${head}.${signature}`)).status).toBe(401);
  });

  test("no key's id, an unknown one, one of another kind", async () => {
    for (const kid of [undefined, "", "two", 1])
      expect((await send(await issuer.sign(CLAIMS, { kid }))).status).toBe(401);
  });

  test("a key that the token brings along", async () => {
    const other = await startIssuer(() => now);
    try {
      const jwk = other.publicJwk;
      const token = await other.sign({ ...CLAIMS, iss: issuer.url }, { jwk, jku: other.jwksUrl });
      expect((await send(token)).status).toBe(401);
      expect(other.fetched).toBe(0);
    } finally {
      await other.close();
    }
  });

  test("claims changed after signing, a signature cut, nonsense of the right form", async () => {
    const [head = "", , signature = ""] = (
      await issuer.sign({ ...CLAIMS, ref: "refs/heads/feature" })
    ).split(".");
    const forged = [
      `${head}.${part(claims())}.${signature}`,
      `${head}.${part(claims())}.`,
      "a.b.c",
      `${head}.${head}.${signature}`,
    ];
    for (const token of forged) expect((await send(token)).status).toBe(401);
  });
});

test("no workflow is trusted unless configured", async () => {
  host = caller({ ...hostThatTrusts([MAIN]).edge, access: { kind: "keys", keys: () => [] } });
  expect((await send(await issuer.sign(CLAIMS))).status).toBe(401);
});

test("keys are fetched once for many tokens, and again for a key that is not known yet", async () => {
  const before = issuer.fetched;
  for (let count = 0; count < 5; count += 1) await send(await issuer.sign(CLAIMS));
  expect(issuer.fetched - before).toBe(1);
});

test("without the issuer's keys: 503, neither admitted nor refused; admitted when they are there again", async () => {
  issuer.isUp = false;
  const token = await issuer.sign(CLAIMS);
  expect(await send(token)).toMatchObject({
    status: 503,
    body: { kind: "unchanged", code: "issuer-unavailable" },
  });
  issuer.isUp = true;
  expect((await send(token)).status).toBe(200);
});
