// A repeated request is carried out once: after a lost answer, after a death half-way, at the same time, and not with another body.
import { createHash } from "node:crypto";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import gitCommit from "../../functions/git-commit.ts";
import rotate from "../../functions/rotate.ts";
import setupRotation from "../../functions/setup-rotation.ts";
import workflowCreate from "../../functions/workflow-create.ts";
import workflowRun from "../../functions/workflow-run.ts";
import {
  DEFAULT_REPOSITORY,
  DEFAULT_TOKEN,
  startGitHub,
  type TestGitHub,
} from "../../test/github/server.ts";
import { type Answer, caller } from "../../test/http.ts";
import { entriesIn } from "../../test/record-history.ts";
import { compose } from "../compose/compose.ts";
import { Secret } from "../core/base/secret.ts";
import type { HistoryEntry, TokenConfig } from "../core/model/schema.ts";
import { readHostPlace } from "./access/environment.ts";
import { createMemory } from "./access/memory.ts";
import { hostEdge } from "./access/open-edge.ts";
import type { Endpoint } from "./endpoint.ts";

const RECORD = JSON.stringify({
  version: 1,
  tokens: { ALPHA: {}, BETA: {} },
  workflows: { both: { tokens: ["ALL_TOKENS"], schedule: "0 2 * * *" } },
});
const KEY = "8e03978e-40d5-43dd-bc93-6894a57f9324";
const CANARY = `canary-${"v".repeat(40)}`;
const MINUTE = 60_000;

let github: TestGitHub;
let now: Date;
let host: ReturnType<typeof caller>;
beforeEach(async () => {
  now = new Date("2026-06-01T12:00:00Z");
  github = await startGitHub({
    repositories: [{ fullName: DEFAULT_REPOSITORY, files: { "token_config.json": RECORD } }],
  });
  host = hostWith({});
});
afterEach(() => github.close());

function hostWith(more: Readonly<Record<string, string>>) {
  const keys = ["one", "two"].map((id) => ({
    id,
    sha256: createHash("sha256").update(`key-${id}`).digest("hex"),
    scopes: ["rotate", "reveal", "admin"],
  }));
  const env = {
    TOKEN_AUTOMATION_REPOSITORY: DEFAULT_REPOSITORY,
    TOKEN_AUTOMATION_API_KEYS: JSON.stringify(keys),
    TOKEN_AUTOMATION_MODE: "direct",
    GITHUB_TOKEN: DEFAULT_TOKEN,
    GITHUB_API_URL: github.url,
    ...more,
  };
  return caller(hostEdge(env, createMemory(), () => now));
}

/** A host whose process dies at one of its requests to GitHub, before it is sent or after it was carried out. No request follows. */
function dyingHost() {
  let death: { readonly call: number; readonly applied: boolean } | null = null;
  let calls = 0;
  const dead = () => new DOMException("the process is gone", "AbortError");
  const env = {
    TOKEN_AUTOMATION_REPOSITORY: DEFAULT_REPOSITORY,
    GITHUB_TOKEN: DEFAULT_TOKEN,
    GITHUB_API_URL: github.url,
  };
  const { place: _, ...options } = readHostPlace(env);
  const access = {
    token: new Secret(DEFAULT_TOKEN),
    apiUrl: github.url,
    graphqlUrl: null,
    async fetch(...asked: Parameters<typeof fetch>) {
      calls += 1;
      if (death !== null && calls > death.call) throw dead();
      if (death?.call === calls && !death.applied) throw dead();
      const response = await fetch(...asked);
      if (death?.call === calls) throw dead();
      return response;
    },
  };
  const app = () =>
    compose({
      ...options,
      place: { kind: "github", repository: DEFAULT_REPOSITORY, branch: null, access },
      clock: () => now,
    });
  return {
    host: caller({ ...hostWith({}).edge, app }),
    calls: () => calls,
    dieAt(where: typeof death): void {
      death = where;
      calls = 0;
    },
  };
}

const ask = (
  route: Endpoint,
  json: unknown,
  { as = "one", key = KEY }: { as?: string; key?: string | null } = {},
): Promise<Answer> =>
  host.ask(route, {
    json,
    headers: {
      authorization: `Bearer key-${as}`,
      ...(key === null ? {} : { "idempotency-key": key }),
    },
  });
const record = (): TokenConfig =>
  JSON.parse(github.repository().file("token_config.json") ?? "null");
const rotated = (): readonly HistoryEntry[] =>
  entriesIn(github.repository().files()).filter(({ event }) => event === "rotated");
const value = (name: string) => github.repository().secret(name)?.value;
const ROTATE = { token_name: "ALPHA" };

test("the second answer repeats the first one, except for the value, which was not kept", async () => {
  const first = await ask(rotate, ROTATE);
  expect(first).toMatchObject({ status: 200, body: { new_token: value("ALPHA") } });
  expect(first.headers).not.toHaveProperty("idempotency-replayed");
  const [placed, commits] = [value("ALPHA"), github.repository().commits().length];
  now = new Date(now.getTime() + 60 * MINUTE);
  const second = await ask(rotate, ROTATE);
  const told = {
    token_name: "ALPHA",
    previous_hash: null,
    new_hash: Reflect.get(Object(first.body), "new_hash"),
    rotated_at: "2026-06-01T12:00:00.000Z",
  };
  expect(second).toMatchObject({
    status: 200,
    headers: { "idempotency-replayed": "true" },
    body: {
      ...told,
      report: {
        replayed: true,
        rotated: ["ALPHA"],
        tokens: [
          {
            status: "rotated",
            generation: 1,
            destinations: [{ id: "actions:acme/widgets:ALPHA", status: "placed" }],
          },
        ],
      },
    },
  });
  expect(second.body).not.toHaveProperty("new_token");
  expect([value("ALPHA"), github.repository().commits().length, rotated().length]).toEqual([
    placed,
    commits,
    1,
  ]);
});

test("the history entry holds the caller, and the record digests: neither the key nor a value", async () => {
  await ask(rotate, { ...ROTATE, new_token: CANARY });
  expect(rotated()).toMatchObject([{ triggered_by: { kind: "api", actor: "one" } }]);
  expect(Object.entries(record().state?.requests ?? {})).toEqual([
    [
      expect.stringMatching(/^[0-9a-f]{64}$/),
      expect.objectContaining({ asked: expect.stringMatching(/^[0-9a-f]{64}$/) }),
    ],
  ]);
  const text = Object.values(github.repository().files()).join("\n");
  for (const secret of [KEY, CANARY, createHash("sha256").update(CANARY).digest("hex")])
    expect(text).not.toContain(secret);
});

describe("a key", () => {
  test("in the body, between quotes, or in both places is the same one", async () => {
    await ask(rotate, ROTATE);
    for (const asked of [
      ask(rotate, { ...ROTATE, idempotency_key: KEY }, { key: null }),
      ask(rotate, { ...ROTATE, idempotency_key: KEY }),
      ask(rotate, ROTATE, { key: `"${KEY}"` }),
    ])
      expect((await asked).headers).toMatchObject({ "idempotency-replayed": "true" });
    expect(rotated()).toHaveLength(1);
  });

  test.each([
    ["another token", rotate, { token_name: "BETA" }],
    ["a value", rotate, { ...ROTATE, new_token: CANARY }],
    ["another route", setupRotation, { ...ROTATE, interval_hours: 24 }],
  ])("used for %s before is refused: 422, and nothing is done", async (_what, route, json) => {
    await ask(rotate, ROTATE);
    const before = github.repository().commits().length;
    expect(await ask(route, json)).toMatchObject({
      status: 422,
      body: { code: "idempotency-mismatch", kind: "misconfigured" },
    });
    expect(github.repository().commits()).toHaveLength(before);
  });

  test("of another caller, or another key, means another request", async () => {
    await ask(rotate, ROTATE);
    expect((await ask(rotate, ROTATE, { as: "two" })).headers).not.toHaveProperty(
      "idempotency-replayed",
    );
    expect((await ask(rotate, ROTATE, { key: "another" })).headers).not.toHaveProperty(
      "idempotency-replayed",
    );
    expect((await ask(rotate, ROTATE, { key: null })).headers).not.toHaveProperty(
      "idempotency-replayed",
    );
    expect(rotated()).toHaveLength(4);
  });

  test.each(["", "two words", "é", "x".repeat(256)])("%j is invalid", async (key) => {
    const answer = await ask(rotate, { ...ROTATE, idempotency_key: key }, { key: null });
    expect(answer).toMatchObject({ status: 400 });
    expect(rotated()).toEqual([]);
  });

  test("two different keys: 400", async () => {
    expect(await ask(rotate, { ...ROTATE, idempotency_key: "other" })).toMatchObject({
      status: 400,
      body: { code: "idempotency-key-twice" },
    });
  });

  test("with values: different ones are detected if a fingerprint key is configured", async () => {
    host = hostWith({ TOKEN_AUTOMATION_FINGERPRINT_KEY: "pepper" });
    await ask(rotate, { ...ROTATE, new_token: CANARY });
    expect((await ask(rotate, { ...ROTATE, new_token: CANARY })).headers).toMatchObject({
      "idempotency-replayed": "true",
    });
    expect(await ask(rotate, { ...ROTATE, new_token: `${CANARY}2` })).toMatchObject({
      status: 422,
      body: { code: "idempotency-mismatch" },
    });
  });
});

test("at every point where the first one dies, sending it again makes one rotation", async () => {
  const dying = dyingHost();
  host = dying.host;
  await ask(rotate, { token_name: "BETA" }, { key: "counts" });
  const count = dying.calls();
  expect(count).toBeGreaterThan(3);
  for (const applied of [false, true]) {
    for (let call = 1; call <= count; call += 1) {
      const key = `${applied ? "after" : "before"}-${call}`;
      const before = rotated().length;
      dying.dieAt({ call, applied });
      const first = await ask(rotate, ROTATE, { key });
      dying.dieAt(null);
      // Longer than any lease.
      now = new Date(now.getTime() + 61 * MINUTE);
      const second = await ask(rotate, ROTATE, { key });
      const third = await ask(rotate, ROTATE, { key });
      expect([
        key,
        first.status >= 200,
        second.status,
        third.status,
        rotated().length - before,
      ]).toEqual([key, true, 200, 200, 1]);
      expect(third.headers).toMatchObject({ "idempotency-replayed": "true" });
      expect(record().state?.tokens?.ALPHA).toMatchObject({ pending: null });
    }
  }
});

test("a rotation that a scheduled run finished meanwhile is not repeated", async () => {
  github.faults.add({
    match: { method: "PUT" },
    times: Number.POSITIVE_INFINITY,
    action: { kind: "status", status: 422 },
  });
  expect((await ask(rotate, ROTATE)).status).toBe(422);
  github.faults.clear();
  now = new Date(now.getTime() + 61 * MINUTE);
  await ask(workflowRun, { workflow_name: "both" }, { key: null, as: "two" });
  expect(rotated().filter(({ token_name: name }) => name === "ALPHA")).toHaveLength(1);
  const before = value("ALPHA");
  expect((await ask(rotate, ROTATE)).headers).toMatchObject({ "idempotency-replayed": "true" });
  expect([
    value("ALPHA"),
    rotated().filter(({ token_name: name }) => name === "ALPHA").length,
  ]).toEqual([before, 1]);
});

test("sent several times at once: one rotation; the others get its result, or the hint to try again", async () => {
  const answers = await Promise.all(Array.from({ length: 5 }, () => ask(rotate, ROTATE)));
  const statuses = answers.map(({ status }) => status);
  expect(statuses).toContain(200);
  expect(statuses.filter((status) => status !== 200 && status !== 409)).toEqual([]);
  expect([rotated().length, record().state?.tokens?.ALPHA?.current?.generation]).toEqual([1, 1]);
  expect(await ask(rotate, ROTATE)).toMatchObject({
    status: 200,
    headers: { "idempotency-replayed": "true" },
  });
});

describe("the other changes", () => {
  test("a rule that a person changed since stays as it is", async () => {
    const rule = { ...ROTATE, interval_hours: 24 };
    expect(await ask(setupRotation, rule)).toMatchObject({
      status: 200,
      body: { interval_hours: 24 },
    });
    await ask(setupRotation, { ...ROTATE, interval_hours: 48 }, { key: "another" });
    expect(await ask(setupRotation, rule)).toMatchObject({
      status: 200,
      headers: { "idempotency-replayed": "true" },
    });
    expect(record().rules).toMatchObject({ ALPHA: { interval_hours: 48 } });
  });

  test("also a request that changed nothing the first time", async () => {
    await ask(setupRotation, { ...ROTATE, interval_hours: 24 }, { key: null });
    await ask(setupRotation, { ...ROTATE, interval_hours: 24 });
    await ask(setupRotation, { ...ROTATE, interval_hours: 48 }, { key: null });
    expect((await ask(setupRotation, { ...ROTATE, interval_hours: 24 })).headers).toMatchObject({
      "idempotency-replayed": "true",
    });
    expect(record().rules).toMatchObject({ ALPHA: { interval_hours: 48 } });
  });

  test("a workflow is created once, and run once", async () => {
    const workflow = { workflow_name: "weekly", tokens: ["ALPHA"], schedule: "0 0 * * 0" };
    expect((await ask(workflowCreate, workflow)).status).toBe(201);
    expect(await ask(workflowCreate, workflow)).toMatchObject({
      status: 201,
      headers: { "idempotency-replayed": "true" },
    });
    const run = { workflow_name: "both" };
    expect(await ask(workflowRun, run, { key: "run" })).toMatchObject({
      status: 200,
      body: { rotated: ["ALPHA", "BETA"] },
    });
    expect(await ask(workflowRun, run, { key: "run" })).toMatchObject({
      status: 200,
      headers: { "idempotency-replayed": "true" },
      body: { workflow_name: "both", rotated: ["ALPHA", "BETA"], replayed: true },
    });
    expect(rotated()).toHaveLength(2);
  });

  test("a workflow of which one token failed: sent again, only that one is finished", async () => {
    github.faults.add({
      match: { method: "PUT", path: /BETA$/ },
      times: Number.POSITIVE_INFINITY,
      action: { kind: "status", status: 422 },
    });
    expect(await ask(workflowRun, { workflow_name: "both" })).toMatchObject({
      status: 200,
      body: { rotated: ["ALPHA"], failed: ["BETA"] },
    });
    const alpha = value("ALPHA");
    github.faults.clear();
    expect(await ask(workflowRun, { workflow_name: "both" })).toMatchObject({
      status: 200,
      body: { rotated: ["ALPHA", "BETA"], failed: [] },
    });
    expect([value("ALPHA"), rotated().length]).toEqual([alpha, 2]);
  });

  test("a dry run leaves no mark; a commit takes the key and is done once by itself", async () => {
    await ask(rotate, { ...ROTATE, dry_run: true });
    expect((await ask(rotate, ROTATE, { key: "real" })).headers).not.toHaveProperty(
      "idempotency-replayed",
    );
    expect(await ask(gitCommit, { idempotency_key: KEY })).toMatchObject({
      status: 200,
      body: { committed: false },
    });
  });

  test("is known for 24 hours; then it is dropped with the next change, and is a new one", async () => {
    await ask(rotate, ROTATE);
    const marks = () => Object.keys(record().state?.requests ?? {}).length;
    now = new Date(now.getTime() + 24 * 60 * MINUTE - 1);
    expect((await ask(rotate, ROTATE)).headers).toMatchObject({ "idempotency-replayed": "true" });
    await ask(setupRotation, { token_name: "BETA", interval_hours: 24 }, { key: null });
    expect(marks()).toBe(1);
    now = new Date(now.getTime() + 1);
    await ask(setupRotation, { token_name: "BETA", interval_hours: 48 }, { key: null });
    expect(marks()).toBe(0);
    expect((await ask(rotate, ROTATE)).headers).not.toHaveProperty("idempotency-replayed");
    expect(rotated()).toHaveLength(2);
  });
});
