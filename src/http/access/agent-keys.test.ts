// API keys of agents under the record's settings, in a service that writes and in one that only starts a workflow.
import { createHash } from "node:crypto";
import { afterEach, describe, expect, test } from "vitest";
import apply from "../../../functions/apply.ts";
import plan from "../../../functions/plan.ts";
import rotate from "../../../functions/rotate.ts";
import setupRotation from "../../../functions/setup-rotation.ts";
import workflowRun from "../../../functions/workflow-run.ts";
import {
  DEFAULT_REPOSITORY,
  DEFAULT_TOKEN,
  startGitHub,
  type TestGitHub,
} from "../../../test/github/server.ts";
import { caller } from "../../../test/http.ts";
import { rotationWorkflow, WORKFLOW_PATH } from "../../cli/commands/starter.ts";
import type { Endpoint } from "../endpoint.ts";
import { createMemory } from "./memory.ts";
import { hostEdge } from "./open-edge.ts";

const RECORD = {
  version: 1,
  settings: { agents: { approval: ["rotate", "run_workflow", "setup_rotation"] } },
  tokens: { ALPHA: {} },
  workflows: { daily: { tokens: ["ALPHA"], schedule: "0 2 * * *" } },
};
const KEYS = [
  { id: "gpt", key: "key-of-gpt", scopes: ["read", "rotate"], agent: true },
  { id: "octocat", key: "key-of-octocat", scopes: ["read", "rotate", "admin"] },
] as const;

const servers: TestGitHub[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

async function serviceIn(mode: "direct" | "dispatch") {
  const files = {
    "token_config.json": JSON.stringify(RECORD),
    [WORKFLOW_PATH]: rotationWorkflow("token_config.json"),
  };
  const permissions = {
    contents: "write",
    secrets: "write",
    issues: "write",
    actions: "write",
    metadata: "read",
  } as const;
  const github = await startGitHub({
    repositories: [{ fullName: DEFAULT_REPOSITORY, files }],
    tokens: [{ token: DEFAULT_TOKEN, permissions }],
  });
  servers.push(github);
  const keys = KEYS.map(({ key, ...rest }) => ({
    ...rest,
    sha256: createHash("sha256").update(key).digest("hex"),
  }));
  const env = {
    TOKEN_AUTOMATION_MODE: mode,
    TOKEN_AUTOMATION_REPOSITORY: DEFAULT_REPOSITORY,
    TOKEN_AUTOMATION_API_KEYS: JSON.stringify(keys),
    GITHUB_TOKEN: DEFAULT_TOKEN,
    GITHUB_API_URL: github.url,
  };
  const host = caller(hostEdge(env, createMemory()));
  const as = (key: string) => (route: Endpoint, json: unknown) =>
    host.ask(route, { json, headers: { authorization: `Bearer ${key}` } });
  const repository = github.repository();
  repository.roles.set("maintainer", "write");
  const approve = () =>
    repository.issues[0]?.comments.push({ login: "maintainer", type: "User", body: "/approve" });
  return { repository, github, approve, gpt: as("key-of-gpt"), octocat: as("key-of-octocat") };
}

const ROTATE = { operation: "rotate", token_name: "ALPHA" };
const forbidden = { status: 403, body: { code: "approval-required" } };

describe.each(["direct", "dispatch"] as const)("an agent's key at a service in %s mode", (mode) => {
  test("starts nothing that needs approval, on any route, and runs an approved change once", async () => {
    const { repository, approve, gpt } = await serviceIn(mode);
    const quiet = () => [repository.secret("ALPHA"), repository.actions.runs.length];
    expect(await gpt(rotate, { token_name: "ALPHA" })).toMatchObject(forbidden);
    expect(await gpt(workflowRun, { workflow_name: "daily" })).toMatchObject(forbidden);
    const planned = await gpt(plan, ROTATE);
    expect(planned).toMatchObject({
      status: 200,
      body: { approval: { required: true, approved_by: null } },
    });
    const digest: string = Object(planned.body).digest;
    expect(await gpt(apply, { ...ROTATE, digest })).toMatchObject(forbidden);
    expect(quiet()).toEqual([null, 0]);
    approve();
    const applied = await gpt(apply, { ...ROTATE, digest });
    expect(applied).toMatchObject({
      status: mode === "direct" ? 200 : 202,
      body: { operation: "rotate", digest, approved_by: "maintainer" },
    });
    expect(repository.issues[0]?.state).toBe("closed");
    expect(
      mode === "direct"
        ? repository.secret("ALPHA")?.value
        : repository.actions.runs[0]?.inputs.tokens,
    ).toMatch(/./);
    const again = await gpt(apply, { ...ROTATE, digest });
    expect(again).toMatchObject(
      mode === "direct" ? { status: 409 } : { status: 202, body: { replayed: true } },
    );
    expect(repository.actions.runs).toHaveLength(mode === "direct" ? 0 : 1);
  });

  test("has one approval for one change, even if its issue cannot be closed, and with any keys", async () => {
    const { repository, github, approve, gpt } = await serviceIn(mode);
    const { body } = await gpt(plan, ROTATE);
    approve();
    const closing = { method: "PATCH", path: /\/issues\/\d+$/ };
    github.faults.add({
      match: closing,
      times: Number.POSITIVE_INFINITY,
      action: { kind: "status", status: 403 },
    });
    const asked = { ...ROTATE, digest: Object(body).digest };
    await gpt(apply, { ...asked, idempotency_key: "key-1" });
    await gpt(apply, { ...asked, idempotency_key: "key-2" });
    await gpt(apply, asked);
    expect(repository.issues[0]?.state).toBe("open");
    const { generation } =
      JSON.parse(repository.file("token_config.json") ?? "{}").state?.tokens?.ALPHA?.current ?? {};
    expect([generation, repository.actions.runs.length]).toEqual(
      mode === "direct" ? [1, 0] : [undefined, 1],
    );
  });

  test("gets the result of an applied change again if the answer was lost: nothing is done twice, and no approval is asked for again", async () => {
    const { repository, approve, gpt } = await serviceIn(mode);
    const { body } = await gpt(plan, ROTATE);
    approve();
    const asked = { ...ROTATE, digest: Object(body).digest, idempotency_key: "key-1" };
    const first = await gpt(apply, asked);
    const again = await gpt(apply, asked);
    expect(again).toMatchObject({
      status: first.status,
      headers: { "idempotency-replayed": "true" },
    });
    const { generation } =
      JSON.parse(repository.file("token_config.json") ?? "{}").state?.tokens?.ALPHA?.current ?? {};
    expect([generation, repository.actions.runs.length]).toEqual(
      mode === "direct" ? [1, 0] : [undefined, 1],
    );
    expect(await gpt(apply, { ...asked, idempotency_key: "key-2" })).toMatchObject({
      status: mode === "direct" ? 409 : 202,
    });
  });

  test("opens no issue for a change that it may not apply", async () => {
    const { repository, gpt, octocat } = await serviceIn(mode);
    const change = { operation: "setup_rotation", token_name: "ALPHA", interval_hours: 24 };
    expect(await gpt(plan, change)).toMatchObject({
      status: 200,
      body: { approval: { required: true, approved_by: null, url: null } },
    });
    expect(repository.issues).toEqual([]);
    expect(await octocat(plan, change)).toMatchObject({
      status: 200,
      body: { approval: { required: false } },
    });
  });

  test("needs the scope of the applied change, whatever the plan was", async () => {
    const { gpt } = await serviceIn(mode);
    const change = { operation: "setup_rotation", token_name: "ALPHA", interval_hours: 24 };
    const { body } = await gpt(plan, change);
    const refused = {
      status: 403,
      body: { code: "scope-missing", detail: "this needs the scope admin" },
    };
    expect(await gpt(apply, { ...change, digest: Object(body).digest })).toMatchObject(refused);
    expect(await gpt(setupRotation, { token_name: "ALPHA", interval_hours: 24 })).toMatchObject({
      status: 403,
      body: { code: "scope-missing" },
    });
  });

  test("a person's key needs no approval", async () => {
    const { octocat } = await serviceIn(mode);
    expect(await octocat(rotate, { token_name: "ALPHA" })).toMatchObject({
      status: mode === "direct" ? 200 : 202,
    });
  });
});

test.each([
  [{ operation: "rotate" }, "rotate: token_name is missing"],
  [{ ...ROTATE, schedule: "0 2 * * *" }, "rotate: schedule belongs to another operation"],
  [
    { operation: "create_workflow", workflow_name: "w" },
    "create_workflow: tokens is missing, schedule is missing",
  ],
])("a malformed change is refused with the fields that it takes: %o", async (change, detail) => {
  const { octocat } = await serviceIn("direct");
  expect(await octocat(plan, change)).toMatchObject({
    status: 422,
    body: { code: "change-invalid", detail, hint: expect.stringMatching(/^It takes /) },
  });
});
