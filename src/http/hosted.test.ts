// The routes as a host runs them: the environment sets everything, the record and its secrets live on GitHub.
import { createHash } from "node:crypto";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import gitCommit from "../../functions/git-commit.ts";
import health from "../../functions/health.ts";
import rotate from "../../functions/rotate.ts";
import setupRotation from "../../functions/setup-rotation.ts";
import status from "../../functions/status.ts";
import workflowCreate from "../../functions/workflow-create.ts";
import workflowRun from "../../functions/workflow-run.ts";
import { DEFAULT_REPOSITORY, startGitHub, type TestGitHub } from "../../test/github/server.ts";
import { answerOf, caller, requestFor } from "../../test/http.ts";
import { hostEdge } from "./access/open-edge.ts";

const CANARY = `canary-${"v".repeat(40)}`;
const GITHUB_TOKEN = `ghs_${"Canary".repeat(6)}`;
const KEYS = {
  reader: "key-canary-reader",
  rotator: "key-canary-rotator",
  revealer: "key-canary-revealer",
  admin: "key-canary-admin",
};
const SCOPES = {
  reader: ["read"],
  rotator: ["rotate"],
  revealer: ["rotate", "reveal"],
  admin: ["admin"],
};
const RECORD = `${JSON.stringify({ version: 1, tokens: { API_KEY: {}, DB_PASSWORD: { type: "password" } }, workflows: { daily: { tokens: ["ALL_TOKENS"], schedule: "0 2 * * *" } } }, null, 2)}\n`;

let github: TestGitHub;
let host: ReturnType<typeof caller>;
let env: Record<string, string>;

const as = (who: keyof typeof KEYS) => ({ headers: { authorization: `Bearer ${KEYS[who]}` } });

beforeEach(async () => {
  github = await startGitHub({
    repositories: [{ fullName: DEFAULT_REPOSITORY, files: { "token_config.json": RECORD } }],
    tokens: [{ token: GITHUB_TOKEN }],
  });
  const keys = Object.entries(KEYS).map(([id, key]) => ({
    id,
    sha256: createHash("sha256").update(key).digest("hex"),
    scopes: SCOPES[id as keyof typeof SCOPES],
  }));
  env = {
    TOKEN_AUTOMATION_REPOSITORY: DEFAULT_REPOSITORY,
    TOKEN_AUTOMATION_API_KEYS: JSON.stringify(keys),
    TOKEN_AUTOMATION_MODE: "direct",
    GITHUB_TOKEN,
    GITHUB_API_URL: github.url,
    GITHUB_GRAPHQL_URL: github.graphqlUrl,
  };
  host = caller(hostEdge(env));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await github.close();
  // In every test, no answer and no log line may hold a secret of the service.
  expect(host.said.join("\n")).not.toMatch(/ghs_Canary|key-canary/);
});

describe("POST /tokens/rotate", () => {
  test("seals the value into the repository's secret; without reveal the reply does not hold it", async () => {
    const answer = await host.ask(rotate, {
      ...as("rotator"),
      json: { token_name: "API_KEY", new_token: CANARY },
    });
    expect(answer).toMatchObject({
      status: 200,
      body: {
        token_name: "API_KEY",
        rotated_at: expect.any(String),
        previous_hash: null,
        new_hash: null,
        report: {
          triggered_by: { kind: "api", actor: "rotator" },
          tokens: [
            {
              status: "rotated",
              destinations: [{ id: "actions:acme/widgets:API_KEY", status: "placed" }],
            },
          ],
          commit: { sha: expect.any(String), url: expect.stringContaining("/commit/") },
        },
      },
    });
    expect(answer.body).not.toHaveProperty("new_token");
    expect(host.said.join("\n")).not.toContain(CANARY);
    expect(github.requests.map(({ body }) => body).join("\n")).not.toContain(CANARY);
    expect(github.repository().secret("API_KEY")?.value).toBe(CANARY);
  });

  test("with reveal the reply holds the value that GitHub has", async () => {
    const { body } = await host.ask(rotate, {
      ...as("revealer"),
      json: { token_name: "DB_PASSWORD" },
    });
    const { value } = github.repository().secret("DB_PASSWORD") ?? {};
    expect(value).toMatch(/^.{24}$/);
    expect(body).toMatchObject({ token_name: "DB_PASSWORD", new_token: value });
  });

  test("an undeclared name: 404 with the nearest; declared if the request says so", async () => {
    const before = github.repository().commits().length;
    expect(
      await host.ask(rotate, { ...as("rotator"), json: { token_name: "API_KEYS" } }),
    ).toMatchObject({
      status: 404,
      body: {
        code: "token-missing",
        detail: 'the token "API_KEYS" is not declared',
        hint: "Did you mean API_KEY?",
      },
    });
    expect(github.repository().commits()).toHaveLength(before);
    expect(
      await host.ask(rotate, { ...as("rotator"), json: { token_name: "API_KEYS", create: true } }),
    ).toMatchObject({
      status: 200,
      body: { report: { rotated: ["API_KEYS"] } },
    });
  });

  test("a name that GitHub reserves", async () => {
    expect(
      await host.ask(rotate, {
        ...as("rotator"),
        json: { token_name: "GITHUB_TOKEN", create: true },
      }),
    ).toMatchObject({
      status: 422,
      body: {
        detail: expect.stringContaining("GITHUB_"),
        hint: expect.stringContaining("GH_TOKEN"),
      },
    });
  });
});

test("rules and workflows need admin; undeclared names need create", async () => {
  expect(
    await host.ask(setupRotation, {
      ...as("admin"),
      json: { token_name: "API_KEY", interval_hours: 24 },
    }),
  ).toMatchObject({
    status: 200,
    body: { interval_hours: 24, auto_rotate: true, notify: true },
  });
  const workflow = {
    workflow_name: "weekly",
    tokens: ["API_KEY", "NEW_KEY"],
    schedule: "0 0 * * 0",
  };
  expect(await host.ask(workflowCreate, { ...as("admin"), json: workflow })).toMatchObject({
    status: 404,
    body: { code: "token-missing" },
  });
  expect(
    await host.ask(workflowCreate, { ...as("admin"), json: { ...workflow, create: true } }),
  ).toMatchObject({
    status: 201,
    body: {
      resolved_tokens: ["API_KEY", "NEW_KEY"],
      timezone: "UTC",
      next_run: expect.any(String),
    },
  });
  expect(await host.ask(gitCommit, as("admin"))).toMatchObject({
    status: 200,
    body: { committed: false, sha: null },
  });
});

test("a workflow's run names the caller", async () => {
  expect(
    await host.ask(workflowRun, { ...as("rotator"), json: { workflow_name: "daily" } }),
  ).toMatchObject({
    status: 200,
    body: {
      workflow_name: "daily",
      rotated: ["API_KEY", "DB_PASSWORD"],
      triggered_by: { kind: "api", actor: "rotator", workflow_name: "daily" },
    },
  });
});

describe("requests that GitHub refuses", () => {
  test("a token without the permission: 424 that names it, with the report, nothing committed", async () => {
    github.addToken({ token: "ghs_weak", permissions: { contents: "write" } });
    host = caller(hostEdge({ ...env, GITHUB_TOKEN: "ghs_weak" }));
    const before = github.repository().commits().length;
    expect(
      await host.ask(rotate, { ...as("rotator"), json: { token_name: "API_KEY" } }),
    ).toMatchObject({
      status: 424,
      headers: { "content-type": "application/problem+json", "cache-control": "no-store" },
      body: {
        title: "Failed Dependency",
        kind: "denied",
        code: "permission-missing",
        report: { failed: ["API_KEY"] },
      },
    });
    expect(github.repository().commits()).toHaveLength(before);
  });

  test("a token that GitHub does not know", async () => {
    github.revokeToken(GITHUB_TOKEN);
    expect(await host.ask(health, as("reader"))).toMatchObject({
      status: 424,
      body: { kind: "denied", code: "token-refused" },
    });
  });

  test("a missing branch, repository and file", async () => {
    const over = async (more: Record<string, string>) => {
      host = caller(hostEdge({ ...env, ...more }));
      const { status: code, body } = await host.ask(health, as("reader"));
      return { code, body };
    };
    expect(await over({ TOKEN_AUTOMATION_BRANCH: "nowhere" })).toMatchObject({
      code: 422,
      body: { code: "branch-missing" },
    });
    expect(await over({ TOKEN_AUTOMATION_REPOSITORY: "acme/nothing" })).toMatchObject({
      code: 422,
      body: { code: "repository-missing" },
    });
    expect(await over({ TOKEN_AUTOMATION_CONFIG: "else.json" })).toMatchObject({
      code: 404,
      body: { code: "record-missing" },
    });
  });

  test("a protected branch: nothing is placed", async () => {
    await github.addRepository({
      fullName: "acme/guarded",
      files: { "token_config.json": RECORD },
      protectedBranches: { main: "classic" },
    });
    host = caller(hostEdge({ ...env, TOKEN_AUTOMATION_REPOSITORY: "acme/guarded" }));
    const { status: code, body } = await host.ask(rotate, {
      ...as("rotator"),
      json: { token_name: "API_KEY" },
    });
    expect({ code, body }).toMatchObject({
      code: expect.any(Number),
      body: { code: "branch-protected" },
    });
    expect(Math.floor(code / 100)).toBe(4);
    expect(github.repository("acme/guarded").secrets()).toEqual([]);
  });

  test("a limit that is used up: 503 that says when to try again", async () => {
    github.faults.add({
      match: {},
      times: Number.POSITIVE_INFINITY,
      action: { kind: "status", status: 429, headers: { "retry-after": "600" } },
    });
    const { status: code, headers, body } = await host.ask(status, as("reader"));
    expect({ code, body }).toMatchObject({
      code: 503,
      body: { kind: "unchanged", code: "rate-limited" },
    });
    expect(Number(headers["retry-after"])).toBeGreaterThan(500);
    expect(Number(headers["retry-after"])).toBeLessThanOrEqual(601);
  });
});

test("an environment without a repository: 500 that names the variable", async () => {
  host = caller(hostEdge({ TOKEN_AUTOMATION_API_KEYS: env.TOKEN_AUTOMATION_API_KEYS }));
  expect(await host.ask(health, as("reader"))).toMatchObject({
    status: 500,
    body: {
      code: "environment-invalid",
      detail: expect.stringContaining("TOKEN_AUTOMATION_REPOSITORY must be owner/name"),
    },
  });
});

test("as a host calls it: the default export, with the process's environment", async () => {
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
  const response = await health(
    requestFor(health, {
      ...as("reader"),
      headers: { ...as("reader").headers, host: "tokens.example" },
    }),
    {},
  );
  expect(await answerOf(response)).toMatchObject({
    status: 200,
    body: { total_tokens: 2, never_rotated: ["API_KEY", "DB_PASSWORD"] },
  });
});
