// Discovery of secrets over HTTP: those that the host's token may list, those that it may not, and pages.
import { createHash } from "node:crypto";
import { afterEach, beforeEach, expect, test } from "vitest";
import discover from "../../functions/discover.ts";
import {
  DEFAULT_REPOSITORY,
  DEFAULT_TOKEN,
  startGitHub,
  type TestGitHub,
} from "../../test/github/server.ts";
import { caller } from "../../test/http.ts";
import { createMemory, type Memory } from "./access/memory.ts";
import { hostEdge } from "./access/open-edge.ts";

const NARROW = `ghs_${"Narrow".repeat(6)}`;
const RECORD = JSON.stringify({ version: 1, tokens: { SESSION_KEY: {} } });

let github: TestGitHub;
let memory: Memory;
beforeEach(async () => {
  memory = createMemory();
  const files = { "token_config.json": RECORD };
  github = await startGitHub({
    repositories: [{ fullName: DEFAULT_REPOSITORY, files, environments: ["production"] }],
    tokens: [
      { token: DEFAULT_TOKEN },
      { token: NARROW, permissions: { contents: "read", actions: "write" } },
    ],
  });
  const { actions, dependabot } = github.repository().secretsOf;
  for (const scope of [actions, dependabot, github.repository().environment("production")])
    for (const name of ["API_KEY", "OTHER_KEY"])
      scope.put(
        name,
        { encrypted_value: "AAAA", key_id: scope.publicKey().keyId },
        new Date("2026-01-01T00:00:00Z"),
      );
});
afterEach(() => github.close());

async function ask(query = "", token = DEFAULT_TOKEN) {
  const sha256 = createHash("sha256").update("key").digest("hex");
  const env = {
    TOKEN_AUTOMATION_REPOSITORY: DEFAULT_REPOSITORY,
    TOKEN_AUTOMATION_API_KEYS: JSON.stringify([{ id: "dashboard", sha256, scopes: ["read"] }]),
    GITHUB_TOKEN: token,
    GITHUB_API_URL: github.url,
  };
  const { status, body } = await caller(hostEdge(env, memory)).ask(discover, {
    query,
    headers: { authorization: "Bearer key" },
  });
  return { status, body: Object(body) };
}

test("existing, missing and hidden secrets; nothing is changed", async () => {
  const { status, body } = await ask();
  expect(status).toBe(200);
  expect(body).toMatchObject({
    repository: DEFAULT_REPOSITORY,
    not_listed: [],
    missing: [{ token_name: "SESSION_KEY", placed: false }],
    next_cursor: null,
  });
  expect(body.undeclared).toHaveLength(6);
  expect(body.shadowed.map(({ name }: { name: string }) => name)).toEqual(["API_KEY", "OTHER_KEY"]);
  expect(
    github.requests.filter(({ method, path }) => method !== "GET" && !path.endsWith("/graphql")),
  ).toEqual([]);
});

test("a scope that the host's token may not list is reported with the missing permission, and is not called empty", async () => {
  const { status, body } = await ask("", NARROW);
  expect(status).toBe(200);
  const refused: { scope: string; code: string; hint: string }[] = body.not_listed;
  expect(refused.map(({ scope }) => scope)).toContain(`actions:${DEFAULT_REPOSITORY}`);
  for (const { code, hint } of refused)
    expect([code, hint]).toEqual([
      "permission-missing",
      expect.stringMatching(/permission .*: read/),
    ]);
  expect(body).toMatchObject({ missing: [], undeclared: [], invisible_to_dependabot: null });
  expect(body.scopes.map(({ scope }: { scope: string }) => scope)).not.toContain(
    `actions:${DEFAULT_REPOSITORY}`,
  );
});

test("in pages: each secret once, findings about all of them on each page", async () => {
  const { body: whole } = await ask();
  const ids: string[] = [];
  const empty: string[] = [];
  for (let cursor: string | null = ""; cursor !== null; ) {
    const { body } = await ask(
      `?limit=4${cursor === "" ? "" : `&cursor=${encodeURIComponent(cursor)}`}`,
    );
    const secrets = body.scopes.flatMap((one: { secrets: { id: string }[] }) =>
      one.secrets.map(({ id }) => id),
    );
    expect(secrets.length).toBeLessThanOrEqual(4);
    expect(body).toMatchObject({
      missing: whole.missing,
      shadowed: whole.shadowed,
      undeclared: secrets,
    });
    ids.push(...secrets);
    empty.push(
      ...body.scopes.flatMap((one: { scope: string; secrets: [] }) =>
        one.secrets.length === 0 ? [one.scope] : [],
      ),
    );
    cursor = body.next_cursor;
  }
  expect(ids).toEqual(whole.undeclared);
  expect(new Set(empty).size).toBe(empty.length);
  expect(await ask("?cursor=nowhere")).toMatchObject({
    status: 400,
    body: { code: "cursor-unknown" },
  });
});

test("while GitHub is down: the record from its copy, and each scope as unknown", async () => {
  await ask();
  github.faults.add({
    match: {},
    times: Number.POSITIVE_INFINITY,
    action: { kind: "status", status: 503 },
  });
  const { status, body } = await ask();
  expect(status).toBe(200);
  expect(body).toMatchObject({
    scopes: [],
    undeclared: [],
    missing: [],
    stale: { reason: "github-unavailable" },
  });
  expect(body.not_listed.length).toBeGreaterThan(3);
});
