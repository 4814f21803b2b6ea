// The routes over a record on this machine: Request in, whole Response out, real git and a real vault.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import generate from "../../functions/generate.ts";
import gitCommit from "../../functions/git-commit.ts";
import health from "../../functions/health.ts";
import rotate from "../../functions/rotate.ts";
import setupRotation from "../../functions/setup-rotation.ts";
import status from "../../functions/status.ts";
import suggest from "../../functions/suggest.ts";
import workflowCreate from "../../functions/workflow-create.ts";
import workflowRun from "../../functions/workflow-run.ts";
import { compose } from "../compose.ts";
import { type TestRepository, testRepository } from "../testing/git-repository.ts";
import { caller, TEST_PORT } from "../testing/http.ts";

const NOW = new Date("2026-06-01T12:00:00.000Z");
const JSON_HEADERS = { "content-type": "application/json", "cache-control": "no-store", "x-content-type-options": "nosniff" };
const SHA256 = expect.stringMatching(/^sha256:[0-9a-f]{64}$/);
const COMMIT = { sha: expect.stringMatching(/^[0-9a-f]{40}$/), url: null };
/** Some instants are told to the second. */
const AT_NOW = expect.stringMatching(/^2026-06-01T12:00:00(?:\.000)?Z$/);
const LOCAL = { kind: "api", actor: "local" };

let repository: TestRepository;
let local: ReturnType<typeof caller>;
let now = NOW;

beforeEach(async () => {
  repository = await testRepository();
  now = NOW;
  const place = { kind: "local", directory: repository.directory, access: null, vaultKey: null } as const;
  local = caller({
    access: { kind: "loopback", port: TEST_PORT },
    app: () => compose({ place, configPath: "token_config.json", fingerprintKey: null, whenMissing: "empty", clock: () => now }),
    fingerprintKey: () => null,
    now: () => now,
    newReference: () => "reference-1",
  });
});
afterEach(() => repository.close());

const record = async () => JSON.parse(await readFile(join(repository.directory, "token_config.json"), "utf8"));
const commits = async () => (await repository.git("rev-list", "--count", "HEAD")).trim();

describe("POST /tokens/generate", () => {
  test("makes a value, tells all about it, and keeps nothing", async () => {
    const answer = await local.ask(generate, { json: { type: "github_pat", length: 40, prefix: "ghp_", include_special: false } });
    expect(answer).toEqual({
      status: 200,
      headers: JSON_HEADERS,
      body: {
        token: expect.stringMatching(/^ghp_[0-9A-Za-z]{36}$/),
        type: "github_pat",
        length: 40,
        prefix: "ghp_",
        fingerprint: SHA256,
        entropy_bits: expect.closeTo(30 * Math.log2(62), 9),
        issued: false,
        warnings: [expect.stringMatching(/GitHub/)],
      },
    });
    expect(await repository.git("status", "--porcelain")).toBe("");
  });

  test("a guessable value gets no fingerprint without a key", async () => {
    const { body } = await local.ask(generate, { json: { type: "password", length: 8 } });
    expect(body).toMatchObject({ type: "password", length: 8, prefix: "", fingerprint: null });
  });

  test("an empty body makes an api_key", async () => {
    expect(await local.ask(generate)).toMatchObject({ status: 200, body: { type: "api_key", length: 32 } });
  });
});

describe("POST /tokens/rotate", () => {
  test("declares, rotates, commits, and shows the new value", async () => {
    const answer = await local.ask(rotate, { json: { token_name: "API_KEY" } });
    const report = {
      run_id: expect.any(String),
      started_at: NOW.toISOString(),
      finished_at: NOW.toISOString(),
      dry_run: false,
      triggered_by: LOCAL,
      tokens: [
        {
          token_name: "API_KEY",
          status: "rotated",
          reason: "asked for",
          generation: 1,
          previous_hash: null,
          new_hash: SHA256,
          destinations: [{ id: "vault:local:API_KEY", status: "placed", error: null }],
          warnings: [],
          error: null,
        },
      ],
      rotated: ["API_KEY"],
      failed: [],
      skipped: [],
      commit: COMMIT,
      next_due: null,
      warnings: [],
    };
    expect(answer).toEqual({
      status: 200,
      headers: JSON_HEADERS,
      body: {
        token_name: "API_KEY",
        new_token: expect.stringMatching(/^[0-9A-Za-z]{32}$/),
        rotated_at: NOW.toISOString(),
        previous_hash: null,
        new_hash: SHA256,
        report,
      },
    });
    const { state, history } = await record();
    expect(state.tokens.API_KEY).toMatchObject({ generation: 1, rotated_at: NOW.toISOString() });
    expect(history.at(-1)).toMatchObject({ event: "rotated", token_name: "API_KEY", triggered_by: LOCAL });
  });

  test("the value handed in is placed, and is in no file, commit or log", async () => {
    const canary = `canary-${"x".repeat(40)}`;
    const { status: code, body } = await local.ask(rotate, { json: { token_name: "GITHUB_TOKEN", new_token: canary } });
    expect({ code, body }).toMatchObject({ code: 200, body: { new_token: canary, new_hash: null } });
    expect(await repository.git("log", "--patch", "--all")).not.toContain(canary);
    expect(JSON.stringify(await record())).not.toContain(canary);
    const again = await local.ask(rotate, { json: { token_name: "GITHUB_TOKEN" } });
    expect(again).toMatchObject({ status: 200, body: { previous_hash: null, new_hash: SHA256 } });
  });

  test("a dry run tells what would happen, makes no value, and writes nothing", async () => {
    await local.ask(rotate, { json: { token_name: "API_KEY" } });
    const before = await commits();
    const { status: code, body } = await local.ask(rotate, { json: { token_name: "API_KEY", dry_run: true } });
    expect({ code, body }).toMatchObject({
      code: 200,
      body: {
        token_name: "API_KEY",
        rotated_at: null,
        previous_hash: SHA256,
        new_hash: null,
        report: { dry_run: true, tokens: [{ status: "planned", generation: 2 }] },
      },
    });
    expect(body).not.toHaveProperty("new_token");
    expect(await commits()).toBe(before);
  });

  test("create: false refuses what nobody declared, with the nearest name", async () => {
    await local.ask(rotate, { json: { token_name: "API_KEY" } });
    expect(await local.ask(rotate, { json: { token_name: "API_KEYS", create: false } })).toEqual({
      status: 404,
      headers: { ...JSON_HEADERS, "content-type": "application/problem+json" },
      body: {
        type: "about:blank",
        title: "Not Found",
        status: 404,
        detail: 'the token "API_KEYS" is not declared',
        code: "token-missing",
        kind: "misconfigured",
        hint: "Did you mean API_KEY?",
        problems: [
          {
            code: "token-missing",
            pointer: "/tokens",
            position: null,
            message: 'the token "API_KEYS" is not declared',
            hint: "Did you mean API_KEY?",
          },
        ],
      },
    });
  });

  test("a declared github_pat is not replaced by a random value: 422 with the report", async () => {
    await repository.commit("token_config.json", JSON.stringify({ version: 1, tokens: { DEPLOY: { type: "github_pat" } } }));
    expect(await local.ask(rotate, { json: { token_name: "DEPLOY" } })).toMatchObject({
      status: 422,
      headers: { "content-type": "application/problem+json" },
      body: { code: "issuer-required", hint: expect.stringContaining("new_token"), report: { failed: ["DEPLOY"], commit: null } },
    });
    expect(await commits()).toBe("2");
  });
});

describe("rules and workflows", () => {
  test("POST /tokens/setup-rotation sets the rule, with its defaults", async () => {
    expect(await local.ask(setupRotation, { json: { token_name: "API_KEY", interval_hours: 24 } })).toEqual({
      status: 200,
      headers: JSON_HEADERS,
      body: {
        token_name: "API_KEY",
        interval_hours: 24,
        auto_rotate: true,
        notify: true,
        next_rotation: AT_NOW,
        commit: COMMIT,
      },
    });
    expect((await record()).rules).toEqual({ API_KEY: { interval_hours: 24, auto_rotate: true, notify: true } });
  });

  test("POST /tokens/workflow/create, then run", async () => {
    const created = await local.ask(workflowCreate, {
      json: { workflow_name: "daily", tokens: ["API_KEY", "SECRET_KEY"], schedule: "0 2 * * *", timezone: "Europe/Berlin" },
    });
    expect(created).toEqual({
      status: 201,
      headers: JSON_HEADERS,
      body: {
        workflow_name: "daily",
        tokens: ["API_KEY", "SECRET_KEY"],
        resolved_tokens: ["API_KEY", "SECRET_KEY"],
        schedule: "0 2 * * *",
        timezone: "Europe/Berlin",
        next_run: "2026-06-02T00:00:00.000Z",
        commit: COMMIT,
      },
    });
    const { status: code, body } = await local.ask(workflowRun, { json: { workflow_name: "daily" } });
    expect({ code, body }).toMatchObject({
      code: 200,
      body: {
        workflow_name: "daily",
        rotated: ["API_KEY", "SECRET_KEY"],
        failed: [],
        triggered_by: { ...LOCAL, workflow_name: "daily" },
        commit: COMMIT,
      },
    });
    expect(JSON.stringify(body)).not.toMatch(/"new_token"|"token":/);
  });

  test("a workflow whose every token fails is a problem with the report; one that fails in part is told in the report", async () => {
    const tokens = { DEPLOY: { type: "github_pat" }, API_KEY: {} };
    const workflows = { all: { tokens: ["ALL_TOKENS"], schedule: "0 2 * * *" }, pats: { tokens: ["DEPLOY"], schedule: "0 2 * * *" } };
    await repository.commit("token_config.json", JSON.stringify({ version: 1, tokens, workflows }));
    expect(await local.ask(workflowRun, { json: { workflow_name: "pats" } })).toMatchObject({
      status: 422,
      body: { code: "issuer-required", report: { failed: ["DEPLOY"] } },
    });
    expect(await local.ask(workflowRun, { json: { workflow_name: "all" } })).toMatchObject({
      status: 200,
      body: { rotated: ["API_KEY"], failed: ["DEPLOY"] },
    });
  });

  test("an unknown workflow: 404 with the nearest name", async () => {
    await local.ask(workflowCreate, { json: { workflow_name: "daily", tokens: ["API_KEY"], schedule: "0 2 * * *" } });
    expect(await local.ask(workflowRun, { json: { workflow_name: "dayly" } })).toMatchObject({
      status: 404,
      body: { code: "workflow-missing", hint: "Did you mean daily?" },
    });
  });
});

describe("looking", () => {
  test("an empty folder: nothing to tell, nothing written", async () => {
    expect(await local.ask(health)).toEqual({
      status: 200,
      headers: JSON_HEADERS,
      body: {
        generated_at: AT_NOW,
        total_tokens: 0,
        needs_rotation: [],
        recently_rotated: [],
        never_rotated: [],
        high_risk: [],
        tokens: [],
      },
    });
    expect((await local.ask(suggest)).body).toMatchObject({ suggestions: expect.any(Array), actions: [] });
    expect(await commits()).toBe("1");
  });

  test("health, suggestions and status after forty days", async () => {
    await local.ask(rotate, { json: { token_name: "API_KEY" } });
    now = new Date(NOW.getTime() + 40 * 86_400_000);
    expect((await local.ask(health)).body).toMatchObject({ total_tokens: 1, needs_rotation: ["API_KEY"], high_risk: ["API_KEY"] });
    expect((await local.ask(suggest)).body).toMatchObject({
      suggestions: expect.arrayContaining(["⚠️  HIGH PRIORITY: API_KEY"]),
      actions: expect.arrayContaining([expect.objectContaining({ token_name: "API_KEY", priority: "high" })]),
    });
    expect(Object.keys((await local.ask(status)).body ?? {})).toEqual(["tokens", "rules", "workflows", "history", "health", "suggestions"]);
  });

  test("GET /tokens/status?history=N gives the newest N", async () => {
    for (const token_name of ["ONE", "TWO", "THREE"]) await local.ask(rotate, { json: { token_name } });
    const names = async (query: string) => {
      const { body } = await local.ask(status, { query });
      return (body as { history: { token_name: string }[] }).history.map((entry) => entry.token_name);
    };
    expect(await names("")).toEqual(["ONE", "TWO", "THREE"]);
    expect(await names("?history=2")).toEqual(["TWO", "THREE"]);
    expect(await names("?history=0")).toEqual([]);
    expect(await names("?history=1000")).toHaveLength(3);
  });

  test("HEAD answers as GET does, without the body", async () => {
    const got = await local.ask(health);
    expect(await local.ask(health, { method: "HEAD" })).toEqual({ ...got, body: null });
  });
});

describe("POST /git/commit", () => {
  test("says that nothing is left, since rotations commit by themselves; no body needed", async () => {
    await local.ask(rotate, { json: { token_name: "API_KEY" } });
    expect(await local.ask(gitCommit)).toEqual({
      status: 200,
      headers: JSON_HEADERS,
      body: { committed: false, sha: null, detail: "nothing was left to commit: every rotation commits by itself" },
    });
  });

  test("commits what a person changed", async () => {
    await repository.commit("token_config.json", "{}\n");
    await repository.write("token_config.json", '{ "version": 1 }\n');
    const { body } = await local.ask(gitCommit, { json: { message: "Say the version" } });
    const head = (await repository.git("rev-parse", "HEAD")).trim();
    expect(body).toEqual({ committed: true, sha: head, detail: "the record's changes were committed" });
    expect((await repository.git("log", "-1", "--format=%s")).trim()).toBe("Say the version");
  });
});

test("a config with several mistakes: all told at once, with their places", async () => {
  await repository.commit("token_config.json", '{\n  "tokens": { "A-B": {}, "C": { "lenght": 3 } }\n}\n');
  const { status: code, body } = await local.ask(health);
  expect({ code, body }).toMatchObject({
    code: 422,
    body: { code: "config-invalid", problems: [{ pointer: "/tokens/A-B", position: { line: 2 } }, { pointer: "/tokens/C/lenght" }] },
  });
});
