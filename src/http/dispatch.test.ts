// A host in dispatch mode: it reads, starts the workflow that `init --workflow` writes, and follows it, with no right to write.

import { createHash } from "node:crypto";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { Ajv2020 } from "ajv/dist/2020.js";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { parse } from "yaml";
import gitCommit from "../../functions/git-commit.ts";
import health from "../../functions/health.ts";
import mcp from "../../functions/mcp.ts";
import openapi from "../../functions/openapi.ts";
import rotate from "../../functions/rotate.ts";
import run from "../../functions/run.ts";
import setupRotation from "../../functions/setup-rotation.ts";
import workflowCreate from "../../functions/workflow-create.ts";
import workflowRun from "../../functions/workflow-run.ts";
import {
  DEFAULT_REPOSITORY,
  DEFAULT_TOKEN,
  startGitHub,
  type TestGitHub,
} from "../../test/github/server.ts";
import { answerOf, caller, requestFor } from "../../test/http.ts";
import { entriesIn, historyState } from "../../test/record-history.ts";
import { rotationWorkflow, WORKFLOW_PATH } from "../cli/commands/starter.ts";
import { compose } from "../compose/compose.ts";
import { Secret } from "../core/base/secret.ts";
import { parseRequest } from "../core/ports/workflow-runs.ts";
import { chainEntries, filesOfEntries } from "../core/record/history.ts";
import { createMemory } from "./access/memory.ts";
import { hostEdge } from "./access/open-edge.ts";
import type { Endpoint } from "./endpoint.ts";
import { replySchema } from "./openapi/agent-schemas.ts";
import { replySchemas } from "./reply/replies.ts";

const READER = `ghs_${"Reader".repeat(6)}`;
const CANARY = `canary-${"v".repeat(40)}`;
const RECORD = JSON.stringify({
  version: 1,
  tokens: { ALPHA: {}, BETA: {} },
  workflows: { daily: { tokens: ["ALPHA"], schedule: "0 2 * * *" } },
});
const FILES = {
  "token_config.json": RECORD,
  [WORKFLOW_PATH]: rotationWorkflow("token_config.json"),
};

let github: TestGitHub;
let host: ReturnType<typeof caller>;
beforeEach(async () => {
  github = await startGitHub({
    repositories: [{ fullName: DEFAULT_REPOSITORY, files: FILES }],
    tokens: [
      { token: READER, permissions: { contents: "read", actions: "write" } },
      { token: DEFAULT_TOKEN },
    ],
  });
  host = hostWith({});
});
afterEach(async () => {
  // In every test, this host wrote nothing, and saw no value.
  const writes = github.requests.filter(
    ({ method, operation, path }) =>
      operation === "mutation" || (method !== "GET" && !/graphql|dispatches/.test(path)),
  );
  expect(writes.filter(({ status }) => status !== null && status < 300)).toEqual([]);
  expect(host.said.join("\n")).not.toMatch(/ghs_Reader|key-canary/);
  await github.close();
});

function hostWith(more: Readonly<Record<string, string>>) {
  const sha256 = createHash("sha256").update("key-canary").digest("hex");
  const env = {
    TOKEN_AUTOMATION_REPOSITORY: DEFAULT_REPOSITORY,
    TOKEN_AUTOMATION_API_KEYS: JSON.stringify([
      { id: "dashboard", sha256, scopes: ["read", "rotate", "admin", "reveal"] },
    ]),
    GITHUB_TOKEN: READER,
    GITHUB_API_URL: github.url,
    ...more,
  };
  return caller(hostEdge(env, createMemory()));
}

const headers = { authorization: "Bearer key-canary" };
const ask = (route: Endpoint, json: unknown, key: string | null = null) =>
  host.ask(route, {
    json,
    headers: { ...headers, ...(key === null ? {} : { "idempotency-key": key }) },
  });
const runs = () => github.repository().actions.runs;

async function follow(id: number | string, query = "") {
  const request = new Request(`http://localhost:5000/tokens/runs/${id}${query}`, {
    headers: { host: "localhost:5000", ...headers },
  });
  return answerOf(await run.answer(request, host.edge));
}

/** The runner's part with the oldest waiting run: the Action's step with the inputs as the workflow passes them. */
async function work() {
  const next = runs().findLast(({ status }) => status === "queued");
  if (next === undefined) throw new Error("no run waits");
  const step = parse(FILES[WORKFLOW_PATH] ?? "").jobs.rotate.steps.at(-1).with;
  const handed = (name: string) =>
    String(step[name]).replace(
      /^\$\{\{ inputs\.(\w+)(?: \|\| '(\w+)')? \}\}$/,
      (_, input, otherwise = "") => next.inputs[input] || otherwise,
    );
  const request = parseRequest(handed("request"));
  const access = { token: new Secret(DEFAULT_TOKEN), apiUrl: github.url, graphqlUrl: null };
  const place = { kind: "github", repository: DEFAULT_REPOSITORY, branch: null, access } as const;
  const app = await compose({
    place,
    configPath: "token_config.json",
    fingerprintKey: null,
    whenMissing: "error",
  });
  const wanted =
    handed("command") === "rotate"
      ? ({
          kind: "tokens",
          names: handed("tokens").split(","),
          value: null,
          create: false,
        } as const)
      : ({ kind: "workflow", name: handed("workflow") } as const);
  const triggeredBy = {
    kind: "workflow_dispatch",
    actor: "octocat",
    run_url: next.url,
    requested_by: request?.caller ?? null,
  } as const;
  const report = await app.run({ wanted, triggeredBy, mark: request?.mark ?? null, dryRun: false });
  next.status = "completed";
  next.conclusion = report.failed.length === 0 ? "success" : "failure";
  github.reset();
  return report;
}

test("an agent's tools start the workflow too, and their replies match their description", async () => {
  const agent = new Client(
    { name: "test", version: "1" },
    { versionNegotiation: { mode: "auto" } },
  );
  await agent.connect(
    new StreamableHTTPClientTransport(new URL("http://localhost:5000/mcp"), {
      requestInit: { headers: { ...headers, host: "localhost:5000" } },
      fetch: (url, init) => mcp.answer(new Request(url, init), host.edge),
    }),
  );
  // The client holds each answer against the tool's schema.
  await agent.listTools();
  const rotated = await agent.callTool({
    name: "rotate_token",
    arguments: { token_name: "ALPHA" },
  });
  expect(rotated.structuredContent).toMatchObject({
    token_name: "ALPHA",
    dispatched: true,
    run: { status: "queued" },
  });
  const ran = await agent.callTool({ name: "run_workflow", arguments: { workflow_name: "daily" } });
  expect(ran.structuredContent).toMatchObject({ workflow_name: "daily", dispatched: true });
  expect(runs()).toHaveLength(2);
  // Followed by its number, in any form in which an agent passes it on.
  const { id } = Object(rotated.structuredContent).run;
  const look = async (given: unknown) =>
    (await agent.callTool({ name: "get_run", arguments: { id: given } })).structuredContent;
  expect(await look(id)).toMatchObject({ id, status: "queued", conclusion: null, report: null });
  await work();
  const followed = await look(String(id));
  expect(followed).toMatchObject({
    status: "completed",
    conclusion: "success",
    report: { rotated: ["ALPHA"] },
  });
  expect(JSON.stringify(followed)).not.toMatch(/sha256:|_hash/);
  await agent.close();
  const started = await answerOf(await openapi.answer(requestFor(openapi), host.edge));
  const { schema } = Object(started.body).paths["/tokens/rotate"].post.responses["202"].content[
    "application/json"
  ];
  expect(Object.keys(schema.properties).sort()).toEqual(
    Object.keys({
      ...Object((await ask(rotate, { token_name: "ALPHA" })).body),
      replayed: true,
    }).sort(),
  );
});

test("rotate starts the workflow, and the run can be followed to its end", async () => {
  const answer = await ask(rotate, { token_name: "ALPHA" });
  const [started] = runs();
  const told = { id: started?.id, status: "queued", conclusion: null, url: started?.url };
  const path = `/tokens/runs/${started?.id}`;
  expect(answer).toMatchObject({ status: 202, headers: { location: path } });
  expect(answer.body).toEqual({ token_name: "ALPHA", dispatched: true, run: told, follow: path });
  expect(started).toMatchObject({
    workflow: "rotate-tokens.yml",
    title: expect.stringMatching(/^Rotate tokens for dashboard\/[0-9a-f]{32}\.[0-9a-f]{32}$/),
    inputs: { command: "rotate", tokens: "ALPHA", workflow: "" },
  });
  expect(await follow(started?.id ?? 0)).toMatchObject({
    status: 200,
    body: { ...told, report: null },
  });
  expect(await work()).toMatchObject({ rotated: ["ALPHA"] });
  const { body: ended } = await follow(started?.id ?? 0);
  const ajv = new Ajv2020({ strict: true, validateFormats: false });
  const described = replySchemas({ hashes: true })["/tokens/runs/:id"];
  expect([
    ajv.validate(described ? replySchema(described, true) : false, ended),
    ajv.errors,
  ]).toEqual([true, null]);
  expect(await follow(started?.id ?? 0)).toMatchObject({
    status: 200,
    body: {
      ...told,
      status: "completed",
      conclusion: "success",
      report: {
        rotated: ["ALPHA"],
        failed: [],
        entries: [
          {
            event: "rotated",
            triggered_by: {
              kind: "workflow_dispatch",
              actor: "octocat",
              requested_by: "dashboard",
              run_url: started?.url,
            },
          },
        ],
      },
    },
  });
});

test("a run of many tokens has a short reply for callers that ask for one", async () => {
  await ask(rotate, { token_name: "ALPHA" });
  await work();
  const { id = 0 } = runs()[0] ?? {};
  const record = JSON.parse(github.repository().file("token_config.json") ?? "{}");
  const [entry] = entriesIn(github.repository().files());
  if (entry === undefined) throw new Error("the run left no entry");
  const history = chainEntries(Array.from({ length: 400 }, () => entry));
  const state = { ...record.state, history: historyState(history) };
  const files = filesOfEntries("token_config.json", history);
  files.set("token_config.json", JSON.stringify({ ...record, state }));
  github.repository().commit(Object.fromEntries(files), "Many");
  const { body } = await follow(id, "?limit=3");
  expect(Object(body).report.entries).toHaveLength(3);
  expect(body).toMatchObject({ left_out: [{ field: "report.entries", told: 3, of: 400 }] });
  expect(Object((await follow(id)).body).report.entries).toHaveLength(400);
  expect(await follow(id, "?limit=0")).toMatchObject({ status: 400 });
});

test("a workflow of the record is run by the same workflow file", async () => {
  expect(await ask(workflowRun, { workflow_name: "daily" })).toMatchObject({
    status: 202,
    body: { workflow_name: "daily", dispatched: true },
  });
  expect(runs()[0]?.inputs).toMatchObject({ command: "workflow", workflow: "daily", tokens: "" });
  expect(await work()).toMatchObject({ rotated: ["ALPHA"] });
});

test("sent again with its key: the same run, also after the answer was lost", async () => {
  github.faults.add({ match: { path: /dispatches$/ }, action: { kind: "apply-then-cut" } });
  const first = await ask(rotate, { token_name: "ALPHA" }, "key-1");
  const second = await ask(rotate, { token_name: "ALPHA" }, "key-1");
  expect([first.status, second.status, runs().length]).toEqual([202, 202, 1]);
  expect(second).toMatchObject({
    headers: { "idempotency-replayed": "true" },
    body: { run: { id: runs()[0]?.id } },
  });
  await ask(rotate, { token_name: "ALPHA" }, "key-2");
  expect(runs()).toHaveLength(2);
});

test("sent again with its key after a run that failed: another run, which the record lets finish the rest", async () => {
  await ask(rotate, { token_name: "ALPHA" }, "key");
  for (const run of runs()) Object.assign(run, { status: "completed", conclusion: "failure" });
  const again = await ask(rotate, { token_name: "ALPHA" }, "key");
  expect(again).toMatchObject({
    status: 202,
    body: { run: { id: runs()[0]?.id, status: "queued" } },
  });
  expect(again.body).not.toHaveProperty("replayed");
  await work();
  expect(await ask(rotate, { token_name: "ALPHA" }, "key")).toMatchObject({
    status: 202,
    body: { replayed: true },
  });
  expect(runs()).toHaveLength(2);
});

test.each([
  ["another token", rotate, { token_name: "BETA" }],
  ["another route", workflowRun, { workflow_name: "daily" }],
])(
  "a key used for %s before is refused with 422, and no run is started",
  async (_what, route, json) => {
    await ask(rotate, { token_name: "ALPHA" }, "key");
    const refused = { status: 422, body: { code: "idempotency-mismatch", kind: "misconfigured" } };
    expect(await ask(route, json, "key")).toMatchObject(refused);
    await work();
    expect(await ask(route, json, "key")).toMatchObject(refused);
    expect(await ask(rotate, { token_name: "ALPHA" }, "key")).toMatchObject({
      status: 202,
      body: { replayed: true },
    });
    expect(runs()).toHaveLength(1);
  },
);

test("two runs of one request that came twice at once make one rotation", async () => {
  await Promise.all([
    ask(rotate, { token_name: "ALPHA" }, "key"),
    ask(rotate, { token_name: "ALPHA" }, "key"),
  ]);
  const before = runs().length;
  await work();
  if (before > 1) expect(await work()).toMatchObject({ rotated: ["ALPHA"], replayed: true });
  const rotations = entriesIn(github.repository().files());
  expect(rotations.filter(({ event }) => event === "rotated")).toHaveLength(1);
});

describe("changes that only a service that writes can make are refused, and nothing is started", () => {
  test.each([
    ["a value", rotate, { token_name: "ALPHA", new_token: CANARY }],
    ["a new token", rotate, { token_name: "BETA", create: true }],
    ["a rule", setupRotation, { token_name: "ALPHA", interval_hours: 24 }],
    ["a workflow", workflowCreate, { workflow_name: "x", tokens: ["ALPHA"], schedule: "@daily" }],
  ])("%s", async (_what, route, json) => {
    const answer = await ask(route, json);
    expect(answer).toMatchObject({ status: 422, body: { code: "not-in-dispatch" } });
    expect([runs(), JSON.stringify(answer.body).includes(CANARY)]).toEqual([[], false]);
  });

  test("an unknown token and an unknown workflow: 404 with the nearest", async () => {
    expect(await ask(rotate, { token_name: "ALPA" })).toMatchObject({
      status: 404,
      body: { code: "token-missing", hint: "Did you mean ALPHA?" },
    });
    expect(await ask(workflowRun, { workflow_name: "dayly" })).toMatchObject({
      status: 404,
      body: { code: "workflow-missing" },
    });
    expect(runs()).toEqual([]);
  });
});

test("reading, a dry run and a commit of pending changes need no workflow", async () => {
  expect((await host.ask(health, { headers })).status).toBe(200);
  expect(await ask(rotate, { token_name: "ALPHA", dry_run: true })).toMatchObject({
    status: 200,
    body: { report: { dry_run: true } },
  });
  expect(await ask(gitCommit, {})).toMatchObject({ status: 200, body: { committed: false } });
  expect(runs()).toEqual([]);
});

describe("GitHub", () => {
  test("of older servers do not name the run: it is found by its name", async () => {
    github.repository().actions.tellsRun = false;
    expect(await ask(rotate, { token_name: "ALPHA" })).toMatchObject({
      status: 202,
      body: { run: { id: runs()[0]?.id } },
    });
  });

  test("without the workflow: 422 that says how to add it", async () => {
    host = hostWith({ TOKEN_AUTOMATION_WORKFLOW: "other.yml" });
    const answer = await ask(rotate, { token_name: "ALPHA" });
    expect(answer).toMatchObject({ status: 422, body: { code: "rotation-workflow-missing" } });
  });

  test("with a workflow that takes other inputs", async () => {
    github.repository().commit({ [WORKFLOW_PATH]: "on:\n  workflow_dispatch:\n" }, "An older one");
    expect(await ask(rotate, { token_name: "ALPHA" })).toMatchObject({
      status: 422,
      body: { code: "workflow-refused" },
    });
  });

  test("refusing the token: 424 that names the permission", async () => {
    github.addToken({ token: "ghs_weak", permissions: { contents: "read" } });
    host = hostWith({ GITHUB_TOKEN: "ghs_weak" });
    expect(await ask(rotate, { token_name: "ALPHA" })).toMatchObject({
      status: 424,
      body: { permission: expect.stringMatching(/actions/i) },
    });
  });
});

test("unknown runs: 404, 400, and 404 in direct mode", async () => {
  expect(await follow(1)).toMatchObject({ status: 404, body: { code: "run-missing" } });
  expect(await follow("x")).toMatchObject({ status: 400 });
  expect(await answerOf(await run.answer(requestFor(run, { headers }), host.edge))).toMatchObject({
    status: 400,
  });
  host = hostWith({ TOKEN_AUTOMATION_MODE: "direct" });
  expect(await follow(1)).toMatchObject({ status: 404, body: { code: "run-missing" } });
});

test.each([
  [{ TOKEN_AUTOMATION_MODE: "both" }, "TOKEN_AUTOMATION_MODE"],
  [{ TOKEN_AUTOMATION_WORKFLOW: "../x.yml" }, "TOKEN_AUTOMATION_WORKFLOW"],
])("%j: 500 that names the variable", async (more, name) => {
  host = hostWith(more);
  expect(await ask(rotate, { token_name: "ALPHA" })).toMatchObject({
    status: 500,
    body: { detail: expect.stringContaining(name) },
  });
});
