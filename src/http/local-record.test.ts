// The record on this machine, set up, read and committed over HTTP: Request in, whole Response out, real git.
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import gitCommit from "../../functions/git-commit.ts";
import health from "../../functions/health.ts";
import rotate from "../../functions/rotate.ts";
import setupRotation from "../../functions/setup-rotation.ts";
import status from "../../functions/status.ts";
import suggest from "../../functions/suggest.ts";
import workflowCreate from "../../functions/workflow-create.ts";
import workflowRun from "../../functions/workflow-run.ts";
import { type LocalHost, localHost } from "../../test/local-host.ts";

const NOW = new Date("2026-06-01T12:00:00.000Z");
const JSON_HEADERS = {
  "content-type": "application/json",
  "cache-control": "no-store",
  "x-content-type-options": "nosniff",
};
const COMMIT = { sha: expect.stringMatching(/^[0-9a-f]{40}$/), url: null };
/** Some instants are exact to the second. */
const AT_NOW = expect.stringMatching(/^2026-06-01T12:00:00(?:\.000)?Z$/);
const LOCAL = { kind: "api", actor: "local" };

let host: LocalHost;
beforeEach(async () => {
  host = await localHost(NOW);
});
afterEach(() => host.close());

describe("rules and workflows", () => {
  test("POST /tokens/setup-rotation sets the rule, with its defaults", async () => {
    expect(
      await host.ask(setupRotation, { json: { token_name: "API_KEY", interval_hours: 24 } }),
    ).toEqual({
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
    expect((await host.record()).rules).toEqual({
      API_KEY: { interval_hours: 24, auto_rotate: true, notify: true },
    });
  });

  test("POST /tokens/workflow/create, then run", async () => {
    const created = await host.ask(workflowCreate, {
      json: {
        workflow_name: "daily",
        tokens: ["API_KEY", "SECRET_KEY"],
        schedule: "0 2 * * *",
        timezone: "Europe/Berlin",
      },
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
    const { status: code, body } = await host.ask(workflowRun, {
      json: { workflow_name: "daily" },
    });
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

  test("a workflow whose every token fails is a problem with the report; a partial failure is in the report", async () => {
    const tokens = { DEPLOY: { type: "github_pat" }, API_KEY: {} };
    const workflows = {
      all: { tokens: ["ALL_TOKENS"], schedule: "0 2 * * *" },
      pats: { tokens: ["DEPLOY"], schedule: "0 2 * * *" },
    };
    await host.repository.commit(
      "token_config.json",
      JSON.stringify({ version: 1, tokens, workflows }),
    );
    expect(await host.ask(workflowRun, { json: { workflow_name: "pats" } })).toMatchObject({
      status: 422,
      body: { code: "issuer-required", report: { failed: ["DEPLOY"] } },
    });
    expect(await host.ask(workflowRun, { json: { workflow_name: "all" } })).toMatchObject({
      status: 200,
      body: { rotated: ["API_KEY"], failed: ["DEPLOY"] },
    });
  });

  test("an unknown workflow: 404 with the nearest name", async () => {
    await host.ask(workflowCreate, {
      json: { workflow_name: "daily", tokens: ["API_KEY"], schedule: "0 2 * * *" },
    });
    expect(await host.ask(workflowRun, { json: { workflow_name: "dayly" } })).toMatchObject({
      status: 404,
      body: { code: "workflow-missing", hint: "Did you mean daily?" },
    });
  });
});

describe("looking", () => {
  test("an empty folder: empty answers, nothing written", async () => {
    expect(await host.ask(health)).toEqual({
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
        next_cursor: null,
      },
    });
    expect((await host.ask(suggest)).body).toMatchObject({
      suggestions: expect.any(Array),
      actions: [],
    });
    expect(await host.commits()).toBe("1");
  });

  test("health, suggestions and status after forty days", async () => {
    await host.ask(rotate, { json: { token_name: "API_KEY" } });
    host.setNow(new Date(NOW.getTime() + 40 * 86_400_000));
    expect((await host.ask(health)).body).toMatchObject({
      total_tokens: 1,
      needs_rotation: ["API_KEY"],
      high_risk: ["API_KEY"],
    });
    expect((await host.ask(suggest)).body).toMatchObject({
      suggestions: expect.arrayContaining(["⚠️  HIGH PRIORITY: API_KEY"]),
      actions: expect.arrayContaining([
        expect.objectContaining({ token_name: "API_KEY", priority: "high" }),
      ]),
    });
    expect(Object.keys((await host.ask(status)).body ?? {})).toEqual([
      "tokens",
      "rules",
      "workflows",
      "history",
      "health",
      "suggestions",
      "next_cursor",
      "next_history_cursor",
    ]);
  });

  test("GET /tokens/status?history=N gives the newest N", async () => {
    for (const token_name of ["ONE", "TWO", "THREE"])
      await host.ask(rotate, { json: { token_name } });
    const names = async (query: string) => {
      const { body } = await host.ask(status, { query });
      return (body as { history: { token_name: string }[] }).history.map(
        (entry) => entry.token_name,
      );
    };
    expect(await names("")).toEqual(["ONE", "TWO", "THREE"]);
    expect(await names("?history=2")).toEqual(["TWO", "THREE"]);
    expect(await names("?history=0")).toEqual([]);
    expect(await names("?history=1000")).toHaveLength(3);
  });

  test("HEAD answers as GET does, without the body", async () => {
    const got = await host.ask(health);
    expect(await host.ask(health, { method: "HEAD" })).toEqual({ ...got, body: null });
  });
});

describe("POST /git/commit", () => {
  test("says that nothing is left, since rotations commit by themselves; it needs no body", async () => {
    await host.ask(rotate, { json: { token_name: "API_KEY" } });
    expect(await host.ask(gitCommit)).toEqual({
      status: 200,
      headers: JSON_HEADERS,
      body: {
        committed: false,
        sha: null,
        detail: "nothing was left to commit, because every rotation commits by itself",
      },
    });
  });

  test("commits a person's changes", async () => {
    await host.repository.commit("token_config.json", "{}\n");
    await host.repository.write("token_config.json", '{ "version": 1 }\n');
    const { body } = await host.ask(gitCommit, { json: { message: "Say the version" } });
    const head = (await host.repository.git("rev-parse", "HEAD")).trim();
    expect(body).toEqual({
      committed: true,
      sha: head,
      detail: "the record's changes were committed",
    });
    expect((await host.repository.git("log", "-1", "--format=%s")).trim()).toBe("Say the version");
  });
});

test("a config with several mistakes: all are reported at once, with their positions", async () => {
  await host.repository.commit(
    "token_config.json",
    '{\n  "tokens": { "A-B": {}, "C": { "lenght": 3 } }\n}\n',
  );
  const { status: code, body } = await host.ask(health);
  expect({ code, body }).toMatchObject({
    code: 422,
    body: {
      code: "config-invalid",
      problems: [
        { pointer: "/tokens/A-B", position: { line: 2 } },
        { pointer: "/tokens/C/lenght" },
      ],
    },
  });
});
