// Pages and short replies: every entry appears once, no reply is over the length, and every cut is reported.
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import apply from "../../../functions/apply.ts";
import health from "../../../functions/health.ts";
import plan from "../../../functions/plan.ts";
import rotate from "../../../functions/rotate.ts";
import status from "../../../functions/status.ts";
import suggest from "../../../functions/suggest.ts";
import workflowCreate from "../../../functions/workflow-create.ts";
import workflowRun from "../../../functions/workflow-run.ts";
import { largeHistory, largeRecord } from "../../../test/large-record.ts";
import { type LocalHost, localHost } from "../../../test/local-host.ts";
import { statusOf } from "../../core/health/overview.ts";
import { filesOfEntries } from "../../core/record/history.ts";
import { shorten } from "../problem/shorten.ts";
import { statusPage } from "./paging.ts";

const NOW = new Date("2026-06-01T12:00:00Z");
const TOKENS = 5_000;
/** The limit of GPT Actions. */
const MOST = 100_000;

let host: LocalHost;
beforeEach(async () => {
  host = await localHost(NOW);
  await host.repository.write("token_config.json", JSON.stringify(largeRecord(TOKENS, NOW)));
  for (const [path, text] of filesOfEntries("token_config.json", largeHistory(TOKENS, NOW)))
    await host.repository.write(path, text);
});
afterEach(() => host.close());

type Body = Record<string, never> & { readonly next_cursor: string | null };

/** Follows the cursors to the end; every reply is below the length. */
async function pages(route: typeof health, query: string): Promise<Body[]> {
  const found: Body[] = [];
  for (
    let cursor: string | null = "";
    cursor !== null;
    cursor = found.at(-1)?.next_cursor ?? null
  ) {
    const answer = await host.ask(route, {
      query: `?${query}${cursor === "" ? "" : `&cursor=${encodeURIComponent(cursor)}`}`,
    });
    expect(answer.status).toBe(200);
    expect(JSON.stringify(answer.body).length).toBeLessThan(MOST);
    found.push(answer.body as Body);
  }
  return found;
}

describe(`with ${TOKENS} tokens`, () => {
  test("health: the pages together are the whole, each token once", async () => {
    const { body: whole } = await host.ask(health);
    const parts = await pages(health, "limit=500");
    const joined = (field: string) => parts.flatMap((part) => part[field] ?? []);
    expect({
      ...parts[0],
      needs_rotation: joined("needs_rotation"),
      recently_rotated: joined("recently_rotated"),
      never_rotated: joined("never_rotated"),
      high_risk: joined("high_risk"),
      tokens: joined("tokens"),
      next_cursor: null,
    }).toEqual(whole);
    expect(whole).toMatchObject({ total_tokens: TOKENS, next_cursor: null });
    expect(joined("high_risk")).toHaveLength(1667);
  });

  test("suggestions: the pages together are all actions", async () => {
    const { body: whole } = await host.ask(suggest);
    const parts = await pages(suggest, "limit=500");
    expect(parts.flatMap(({ actions }) => actions)).toEqual(Object(whole).actions);
    expect(Object(whole).actions).toHaveLength(3333);
  });

  test("status: every token with its rule once, workflows with the page's tokens, the newest history", async () => {
    const config = largeRecord(TOKENS, NOW);
    const entries = largeHistory(TOKENS, NOW).slice(-20);
    const whole = statusOf(config, {
      home: { kind: "local", repository: null },
      now: NOW,
      history: entries,
    });
    const places = entries.map((_, index) =>
      index < 8 ? `2026-05-31.${index + 17}` : `2026-06-01.${index - 7}`,
    );
    const part = { entries, places, older: true };
    const parts = [statusPage(whole, { limit: 500 }, part)];
    const { body } = await host.ask(status, { query: "?limit=500&history=20" });
    expect(body).toEqual(parts[0]);
    for (let cursor = parts[0]?.next_cursor; cursor; cursor = parts.at(-1)?.next_cursor)
      parts.push(statusPage(whole, { limit: 500, cursor }, part));
    expect(parts.flatMap(({ tokens }) => Object.keys(tokens))).toEqual(
      Object.keys(config.tokens ?? {}),
    );
    expect(parts.flatMap(({ rules }) => Object.keys(rules))).toHaveLength(TOKENS);
    for (const part of parts) {
      const names = Object.keys(part.tokens);
      expect(JSON.stringify(part).length).toBeLessThan(MOST);
      expect(part.workflows.nightly?.resolved_tokens).toEqual(names);
      expect(part.health.tokens.map(({ name }) => name)).toEqual(names);
      expect(part.history).toHaveLength(20);
    }
  });

  test("history: in parts, every entry once; if too much is requested, the newest entries, and the rest is reported as missing", async () => {
    const seen: string[] = [];
    let query = "?limit=1&history=90";
    for (;;) {
      const { body } = await host.ask(status, { query });
      expect(JSON.stringify(body).length).toBeLessThan(MOST);
      const { history, next_history_cursor: next } = Object(body);
      seen.unshift(...history.map((entry: { token_name: string }) => entry.token_name));
      if (next === null) break;
      query = `?limit=1&history=90&history_cursor=${encodeURIComponent(next)}`;
    }
    expect(seen).toHaveLength(1000);
    expect(new Set(seen).size).toBe(1000);
    expect(seen[0]).toBe("SERVICE_00000_API_KEY");

    const { body } = await host.ask(status, { query: "?limit=1&history=1000" });
    expect(JSON.stringify(body).length).toBeLessThan(MOST);
    const { history, left_out, next_history_cursor } = Object(body);
    expect(left_out).toEqual([{ field: "history", told: history.length, of: 1000 }]);
    expect(history.length).toBeGreaterThan(50);
    expect(history.at(-1).token_name).toBe("SERVICE_00999_API_KEY");
    const { body: older } = await host.ask(status, {
      query: `?limit=1&history=1&history_cursor=${encodeURIComponent(next_history_cursor)}`,
    });
    expect(Object(older).history[0].token_name).toBe(`SERVICE_00${999 - history.length}_API_KEY`);
  });

  test("a workflow: its dry run and its tokens, below the length", async () => {
    const run = await host.ask(workflowRun, {
      json: { workflow_name: "nightly", dry_run: true, limit: 100 },
    });
    expect(run).toMatchObject({
      status: 200,
      body: { left_out: expect.arrayContaining([{ field: "tokens", told: 100, of: TOKENS }]) },
    });
    expect(JSON.stringify(run.body).length).toBeLessThan(MOST);
    const workflow = {
      workflow_name: "weekly",
      tokens: ["ALL_TOKENS"],
      schedule: "@weekly",
      limit: 100,
    };
    const created = await host.ask(workflowCreate, { json: workflow });
    expect(created).toMatchObject({
      status: 201,
      body: { left_out: [{ field: "resolved_tokens", told: 100, of: TOKENS }] },
    });
    expect(Object(created.body).resolved_tokens).toHaveLength(100);
  });

  test("a plan and its result: below the length, and every cut is reported", async () => {
    const change = { operation: "run_workflow", workflow_name: "nightly" };
    const planned = await host.ask(plan, { json: { ...change, limit: 100 } });
    expect(planned).toMatchObject({
      status: 200,
      body: { left_out: [{ field: "effects", told: 100, of: TOKENS }] },
    });
    const created = {
      operation: "create_workflow",
      workflow_name: "weekly",
      tokens: ["ALL_TOKENS"],
      schedule: "@weekly",
    };
    const { body } = await host.ask(plan, { json: { ...created, limit: 500 } });
    expect(Object(body).effects[0]).toMatch(
      /^run workflow weekly on @weekly for SERVICE_00000_API_KEY, .*SERVICE_00049_API_KEY$/,
    );
    expect(Object(body).left_out).toMatchObject([{ field: "effects", of: TOKENS / 50 }]);
    const done = await host.ask(apply, {
      json: { ...created, digest: Object(body).digest, limit: 100 },
    });
    expect(done).toMatchObject({
      status: 200,
      body: { left_out: [{ field: "workflow.resolved_tokens", told: 100, of: TOKENS }] },
    });
    for (const answer of [planned.body, body, done.body])
      expect(JSON.stringify(answer).length).toBeLessThan(MOST);
  });

  test("suggestions with a model's words: below the length, its lists no longer than the page", async () => {
    const { status: code, body } = await host.ask(suggest, { query: "?limit=500&ai=true" });
    expect({ code, body }).toMatchObject({
      code: 200,
      body: { ai: { status: "unavailable" }, left_out: [{ field: "ai.order", of: 3333 }] },
    });
    expect(JSON.stringify(body).length).toBeLessThan(MOST);
  });

  test("one token's rotation: the names of others do not make it too long", async () => {
    const config = largeRecord(TOKENS, NOW);
    const tokens = Object.entries(config.state?.tokens ?? {}).map(([name, state]) => [
      name,
      { ...state, failures: 1 },
    ]);
    await host.repository.write(
      "token_config.json",
      JSON.stringify({ ...config, state: { ...config.state, tokens: Object.fromEntries(tokens) } }),
    );
    const { status: code, body } = await host.ask(rotate, {
      json: { token_name: "SERVICE_00007_API_KEY" },
    });
    expect({ code, body }).toMatchObject({
      code: 200,
      body: { report: { tokens: [{ token_name: "SERVICE_00007_API_KEY" }] } },
    });
    expect(Object(body).left_out).toMatchObject([{ field: "report.failing" }]);
    expect(JSON.stringify(body).length).toBeLessThan(MOST);
  });

  test("a run that fails altogether: the problem is below the length, and reports its cuts", async () => {
    const tokens = Object.fromEntries(
      Array.from({ length: TOKENS }, (_, index) => [`PAT_${index}`, { type: "github_pat" }]),
    );
    const workflows = { all: { tokens: ["ALL_TOKENS"], schedule: "@daily" } };
    await host.repository.write(
      "token_config.json",
      JSON.stringify({ version: 1, tokens, workflows }),
    );
    const { status: code, body } = await host.ask(workflowRun, { json: { workflow_name: "all" } });
    expect({ code, body }).toMatchObject({ code: 422, body: { code: "issuer-required" } });
    expect(Object(body).left_out[0]).toMatchObject({ field: "report.tokens", of: TOKENS });
    expect(JSON.stringify(body).length).toBeLessThan(MOST);
  });
});

test("a single token is shown however long it is; the next page begins after it", async () => {
  const long = `K${"x".repeat(254)}`;
  await host.repository.write(
    "token_config.json",
    JSON.stringify({ version: 1, tokens: { [long]: {}, B: {} } }),
  );
  expect(await host.ask(health, { query: "?limit=1" })).toMatchObject({
    body: { never_rotated: [long], next_cursor: long, total_tokens: 2 },
  });
  expect(await host.ask(health, { query: `?limit=1&cursor=${long}` })).toMatchObject({
    body: { never_rotated: ["B"], next_cursor: null },
  });
});

test.each([
  [health, "?limit=0", "field-invalid"],
  [health, "?limit=501", "field-invalid"],
  [health, "?limit=ten", "field-invalid"],
  [health, "?cursor=GONE", "cursor-unknown"],
  [suggest, "?cursor=0", "cursor-unknown"],
  [status, "?history_cursor=gone", "cursor-unknown"],
  [status, "?limit=1&cursor=", "cursor-unknown"],
])("%# is refused with a hint", async (route, query, code) => {
  expect(await host.ask(route, { query })).toMatchObject({ status: 400, body: { code } });
});

test("a short reply is left as it is; cuts are in the order of the fields", () => {
  const body = {
    name: "x",
    long: Array.from({ length: 3000 }, () => "0123456789012345678901234567890123456789"),
    other: ["a", "b"],
  };
  expect(shorten({ name: "x" }, ["long"])).toEqual({ name: "x" });
  const short = shorten(body, ["long", "other"], { other: 1 });
  expect(short).toMatchObject({
    name: "x",
    other: ["a"],
    left_out: [
      { field: "long", told: short.long.length, of: 3000 },
      { field: "other", told: 1, of: 2 },
    ],
  });
  expect(JSON.stringify(short).length).toBeLessThan(MOST);
  expect(JSON.stringify(short).length).toBeGreaterThan(MOST - 2000);
  expect(body.long).toHaveLength(3000);
});
