// Costs of a polling dashboard in GitHub's budget, and its answers while GitHub is down. Requests are counted, and time is an argument.
import { createHash } from "node:crypto";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import badge from "../../functions/badge.ts";
import health from "../../functions/health.ts";
import rotate from "../../functions/rotate.ts";
import status from "../../functions/status.ts";
import {
  DEFAULT_REPOSITORY,
  DEFAULT_TOKEN,
  startGitHub,
  type TestGitHub,
} from "../../test/github/server.ts";
import { caller, requestFor } from "../../test/http.ts";
import { createMemory, type Memory } from "./access/memory.ts";
import { hostEdge } from "./access/open-edge.ts";
import type { Endpoint } from "./endpoint.ts";

const RECORD = JSON.stringify({ version: 1, tokens: { ALPHA: {} } });
const headers = { authorization: "Bearer key" };
const DOWN = {
  match: {},
  times: Number.POSITIVE_INFINITY,
  action: { kind: "status", status: 503 },
} as const;

let github: TestGitHub;
let memory: Memory;
let now: Date;
beforeEach(async () => {
  now = new Date();
  memory = createMemory();
  const files = { "token_config.json": RECORD };
  github = await startGitHub({ repositories: [{ fullName: DEFAULT_REPOSITORY, files }] });
  github.repository().setBranch("records/live", github.repository().head() ?? "");
});
afterEach(() => github.close());

function host(more: Readonly<Record<string, string>> = {}) {
  const sha256 = createHash("sha256").update("key").digest("hex");
  const env = {
    TOKEN_AUTOMATION_REPOSITORY: DEFAULT_REPOSITORY,
    TOKEN_AUTOMATION_API_KEYS: JSON.stringify([
      { id: "dashboard", sha256, scopes: ["read", "rotate"] },
    ]),
    TOKEN_AUTOMATION_MODE: "direct",
    TOKEN_AUTOMATION_RATE_LIMIT: "off",
    GITHUB_TOKEN: DEFAULT_TOKEN,
    GITHUB_API_URL: github.url,
    ...more,
  };
  return caller(hostEdge(env, memory, () => now));
}

const ask = (route: Endpoint, more: Readonly<Record<string, string>> = {}) =>
  host(more).ask(route, { headers });
const later = (seconds: number) => {
  now = new Date(now.getTime() + seconds * 1000);
};
/** Requests that GitHub counted: all but those it answered with 304. */
const paid = () => github.requests.filter((request) => request.status !== 304);

describe.each([
  ["the default branch", {}, undefined],
  ["another branch", { TOKEN_AUTOMATION_BRANCH: "records/live" }, "records/live"],
])("polling %s", (_what, more, branch) => {
  test("costs nothing while the record is unchanged, and two requests after a change", async () => {
    expect(await ask(health, more)).toMatchObject({ status: 200, body: { total_tokens: 1 } });
    expect(paid()).toHaveLength(2);
    github.reset();
    for (let count = 0; count < 50; count += 1) {
      later(2);
      expect((await ask(health, more)).status).toBe(200);
    }
    expect([github.requests.length, paid()]).toEqual([50, []]);
    github
      .repository()
      .commit({ "token_config.json": RECORD.replace("ALPHA", "BETA") }, "Another", branch);
    github.reset();
    expect(await ask(health, more)).toMatchObject({ body: { never_rotated: ["BETA"] } });
    expect(paid()).toHaveLength(2);
    github.reset();
    expect(await ask(status, more)).toMatchObject({ body: { tokens: { BETA: {} } } });
    expect(paid()).toEqual([]);
  });
});

test("a change reads the record again, and the next read is not marked as a copy", async () => {
  await ask(health);
  expect((await host().ask(rotate, { headers, json: { token_name: "ALPHA" } })).status).toBe(200);
  const answer = await ask(health);
  expect(answer.body).toMatchObject({ recently_rotated: ["ALPHA"] });
  expect(answer.body).not.toHaveProperty("stale");
  expect(answer.headers).not.toHaveProperty("age");
});

describe("while GitHub is down", () => {
  test("the last good copy is shown, with its age; GitHub is left alone for a while, and asked again after it", async () => {
    const asOf = now.toISOString();
    await ask(health);
    later(60);
    github.faults.add(DOWN);
    github.reset();
    expect(await ask(health)).toMatchObject({
      status: 200,
      headers: { age: "60", "x-token-automation-stale": "github-unavailable" },
      body: {
        total_tokens: 1,
        stale: { as_of: asOf, age_seconds: 60, reason: "github-unavailable" },
      },
    });
    const asked = github.requests.length;
    later(5);
    expect(await ask(status)).toMatchObject({
      headers: { age: "65" },
      body: { stale: { age_seconds: 65 } },
    });
    expect(github.requests).toHaveLength(asked);
    github.faults.clear();
    later(6);
    expect((await ask(health)).body).not.toHaveProperty("stale");
  });

  test("an answer that is not JSON is marked in its header", async () => {
    await ask(health);
    github.faults.add(DOWN);
    later(30);
    const edge = host().edge;
    const response = await badge.answer(requestFor(badge, { headers }), edge);
    expect([
      response.status,
      response.headers.get("age"),
      response.headers.get("x-token-automation-stale"),
    ]).toEqual([200, "30", "github-unavailable"]);
  });

  test("a limit that is used up: the copy at once, and no request before the time that GitHub named", async () => {
    await ask(health);
    github.faults.add({
      match: {},
      times: 1,
      action: { kind: "status", status: 429, headers: { "retry-after": "600" } },
    });
    // Were the 600 seconds waited for, the test would run out of its time.
    expect(await ask(health)).toMatchObject({
      status: 200,
      body: { stale: { reason: "rate-limited" } },
    });
    github.reset();
    later(500);
    expect((await ask(health)).body).toHaveProperty("stale");
    expect(github.requests).toEqual([]);
    later(200);
    expect((await ask(health)).body).not.toHaveProperty("stale");
  });

  test("without a copy there is no answer", async () => {
    github.faults.add(DOWN);
    expect(await ask(health)).toMatchObject({ status: 503, body: { code: "github-unavailable" } });
  });

  test("a change is not made on a copy", async () => {
    await ask(health);
    github.faults.add({
      match: {},
      times: 1,
      action: { kind: "status", status: 429, headers: { "retry-after": "600" } },
    });
    expect(await host().ask(rotate, { headers, json: { token_name: "ALPHA" } })).toMatchObject({
      status: 503,
      body: { code: "rate-limited" },
    });
  });
});

test("a request that GitHub refuses is not answered from memory", async () => {
  await ask(health);
  github.revokeToken(DEFAULT_TOKEN);
  expect(await ask(health)).toMatchObject({ status: 424, body: { code: "token-refused" } });
});

test("another record is another copy", async () => {
  await ask(health);
  expect(await ask(health, { TOKEN_AUTOMATION_CONFIG: "else.json" })).toMatchObject({
    status: 404,
  });
  await github.addRepository({
    fullName: "acme/other",
    files: { "token_config.json": RECORD.replace("ALPHA", "GAMMA") },
  });
  expect(await ask(health, { TOKEN_AUTOMATION_REPOSITORY: "acme/other" })).toMatchObject({
    body: { never_rotated: ["GAMMA"] },
  });
});
