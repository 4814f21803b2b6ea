import { spawn } from "node:child_process";
import { once } from "node:events";
import { inspect } from "node:util";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { testClient } from "../../../test/github/client.ts";
import { DEFAULT_TOKEN, startGitHub, type TestGitHub } from "../../../test/github/server.ts";
import { TYPESCRIPT } from "../../../test/typescript.ts";
import type { Failure } from "../../core/base/errors.ts";
import { Secret } from "../../core/base/secret.ts";
import { createGitHubClient, type GitHubClient, type Wait } from "./client.ts";
import { toFailure } from "./errors.ts";

const AT = { owner: "acme", repo: "widgets" };
const GET = "GET /repos/{owner}/{repo}";
const PUT = "PUT /repos/{owner}/{repo}/actions/secrets/{secret_name}";
const MUTATION =
  "mutation ($input: CreateCommitOnBranchInput!) { createCommitOnBranch(input: $input) { commit { oid } } }";
const INPUT = {
  branch: { repositoryNameWithOwner: "acme/widgets", branchName: "main" },
  expectedHeadOid: "0".repeat(40),
  message: { headline: "Write" },
};
const CANARY = "canary-in-the-body";

let github: TestGitHub;
beforeEach(async () => {
  github = await startGitHub();
});
afterEach(async () => {
  await github.close();
});

/** The failure of a request, after a search through everything that could show the token or a body. */
async function failureOf(request: Promise<unknown>, permission?: string): Promise<Failure> {
  const thrown: unknown = await request.then(
    () => expect.fail("the request succeeded"),
    (error: unknown) => error,
  );
  const failure = toFailure(thrown, "ask", permission);
  const shown = [
    failure.message,
    failure.hint,
    failure.stack,
    JSON.stringify(failure),
    inspect(failure, { depth: 20, showHidden: true }),
  ].join("\n");
  for (const secret of [DEFAULT_TOKEN, "REDACTED", CANARY, "authorization"])
    expect(shown).not.toContain(secret);
  return failure;
}

function statuses(): (number | null)[] {
  return github.requests.map(({ status }) => status);
}

describe("requests", () => {
  test("carry the token in one header, name the program, and go to the addresses given", async () => {
    const seen: [string, string | null, string | null][] = [];
    const spy: typeof fetch = async (input, init) => {
      const headers = new Headers(init?.headers);
      seen.push([
        String(input),
        headers.get("authorization"),
        headers.get("user-agent")?.split(" ")[0] ?? null,
      ]);
      return fetch(input, init);
    };
    const client = await testClient(github, { fetch: spy, userAgent: "token-automation/1.0.0" });
    await client.request(GET, AT);
    await client.graphql("query { viewer { login } }");
    expect(seen).toEqual([
      [`${github.url}/repos/acme/widgets`, `token ${DEFAULT_TOKEN}`, "token-automation/1.0.0"],
      [`${github.url}/graphql`, `token ${DEFAULT_TOKEN}`, "token-automation/1.0.0"],
    ]);
  });

  test.each([
    ["https://api.github.com", undefined, "https://api.github.com/graphql"],
    ["https://ghe.example/api/v3", undefined, "https://ghe.example/api/graphql"],
    ["https://ghe.example/api/v3/", undefined, "https://ghe.example/api/graphql"],
    ["https://api.acme.ghe.com", undefined, "https://api.acme.ghe.com/graphql"],
    ["https://ghe.example/api/v3", "https://other.example/gql", "https://other.example/gql"],
  ])("GraphQL for %s (given %s) goes to %s", async (apiUrl, graphqlUrl, expected) => {
    const asked: string[] = [];
    const answer: typeof fetch = async (input) => {
      asked.push(String(input));
      return Response.json({ data: { viewer: { login: "octocat" } } });
    };
    const client = await createGitHubClient({
      token: new Secret(DEFAULT_TOKEN),
      apiUrl,
      graphqlUrl,
      fetch: answer,
    });
    expect(await client.graphql("query { viewer { login } }")).toEqual({
      viewer: { login: "octocat" },
    });
    expect(asked).toEqual([expected]);
  });

  test("50 writes at once: at most 10 in flight, none held back by a second each", async () => {
    // A second is 20 seconds here: were each write held back by one, the test would run out of its time.
    await github.close();
    github = await startGitHub({ latencyMs: 60 });
    const client = await testClient(github, { secondMs: 20_000 });
    const names = Array.from({ length: 50 }, (_, index) => `TOKEN_${index}`);
    const { keyId } = github.repository().publicKey();
    await Promise.all(
      names.map((secret_name) =>
        client.request(PUT, { ...AT, secret_name, encrypted_value: "aaaa", key_id: keyId }),
      ),
    );
    expect(github.maxInFlight).toBe(10);
    expect(github.requests).toHaveLength(50);
  });

  test.each([
    ["", "is empty"],
    ["ghs_x\n", "holds a blank, a line break or a character that no token has"],
    ["Bearer ghs_x", "holds a blank, a line break or a character that no token has"],
    ["ghs_ü", "holds a blank, a line break or a character that no token has"],
  ])("a token that cannot be one is refused before anything is asked: %j", async (token, seen) => {
    await expect(testClient(github, { token: new Secret(token) })).rejects.toMatchObject({
      kind: "misconfigured",
      code: "token-malformed",
      message: `the GitHub token ${seen}`,
    });
  });

  test.each(["", "github.com", "ftp://x", "https://user:canary@x"])(
    "an address that cannot be one is refused: %j",
    async (apiUrl) => {
      const error: unknown = await testClient(github, { apiUrl }).catch(
        (thrown: unknown) => thrown,
      );
      expect(error).toMatchObject({ kind: "misconfigured", code: "api-url-invalid" });
      expect(inspect(error)).not.toContain("canary@");
    },
  );
});

describe("tried again", () => {
  test.each([500, 502, 503, 504])("after %d, until it works", async (status) => {
    github.faults.add({
      match: { path: "/repos/acme/widgets" },
      times: 2,
      action: { kind: "status", status },
    });
    const client = await testClient(github);
    expect((await client.request(GET, AT)).data.full_name).toBe("acme/widgets");
    expect(statuses()).toEqual([status, status, 200]);
  });

  test.each(["cut", "half", "hang"] as const)("after a connection that is %s", async (kind) => {
    github.faults.add({ match: {}, action: { kind } });
    const client = await testClient(github, { requestTimeoutMs: 500 });
    expect((await client.request(GET, AT)).data.full_name).toBe("acme/widgets");
    expect(github.requests).toHaveLength(2);
  });

  test("a put whose reply was lost", async () => {
    github.faults.add({ match: { method: "PUT" }, action: { kind: "apply-then-cut" } });
    const client = await testClient(github);
    const { keyId } = github.repository().publicKey();
    await client.request(PUT, { ...AT, secret_name: "A", encrypted_value: "aaaa", key_id: keyId });
    expect(statuses()).toEqual([null, 204]);
  });

  test("a bounded number of times: then nothing has changed", async () => {
    github.faults.add({
      match: {},
      times: Infinity,
      action: { kind: "status", status: 503, body: { message: CANARY } },
    });
    const client = await testClient(github, { retries: 2 });
    expect(await failureOf(client.request(GET, AT))).toMatchObject({
      kind: "unchanged",
      code: "github-unavailable",
    });
    expect(github.requests).toHaveLength(3);
  });

  test.each([400, 401, 403, 404, 409, 410, 422, 451])("never after %d", async (status) => {
    github.faults.add({
      match: {},
      times: Infinity,
      action: { kind: "status", status, body: { message: CANARY } },
    });
    await failureOf((await testClient(github)).request(GET, AT));
    expect(statuses()).toEqual([status]);
  });

  test("never a mutation sent with retries: 0, whose outcome is then unknown", async () => {
    for (const kind of ["cut", "hang", "half"] as const) {
      github.reset();
      github.faults.add({ match: { graphql: "mutation" }, times: 9, action: { kind } });
      const client = await testClient(github, { requestTimeoutMs: 300 });
      const failure = await failureOf(
        client.graphql(MUTATION, { input: INPUT, request: { retries: 0 } }),
      );
      expect(failure).toMatchObject({ kind: "uncertain", code: "outcome-unknown" });
      expect(github.requests).toHaveLength(1);
      github.faults.clear();
    }
  });
});

describe("limits", () => {
  const secondary = {
    kind: "status",
    status: 403,
    body: { message: "You have exceeded a secondary rate limit." },
  } as const;

  test.each([
    ["403 with retry-after: 1", { ...secondary, headers: { "retry-after": "1" } }, 1],
    ["403 with retry-after: 0", { ...secondary, headers: { "retry-after": "0" } }, 0.001],
    ["403 without", secondary, 60],
    [
      "429 with retry-after, in other words",
      {
        kind: "status",
        status: 429,
        body: { message: "Slow down" },
        headers: { "retry-after": "2" },
      },
      2,
    ],
    ["429 with nothing", { kind: "status", status: 429, body: "" }, 60],
  ] as const)("a secondary limit is waited for: %s", async (_, action, seconds) => {
    const waits: Wait[] = [];
    github.faults.add({ match: {}, times: 2, action });
    const client = await testClient(github, { onWait: (wait) => waits.push(wait) });
    expect((await client.request(GET, AT)).status).toBe(200);
    expect(waits).toEqual([
      { reason: "secondary-rate-limit", seconds },
      { reason: "secondary-rate-limit", seconds },
    ]);
    expect(github.requests).toHaveLength(3);
  });

  test("the budget's reset is waited for, if it is near", async () => {
    const reset = String(Math.floor(Date.now() / 1000) + 50);
    const headers = { "x-ratelimit-remaining": "0", "x-ratelimit-reset": reset };
    github.faults.add({ match: {}, action: { kind: "status", status: 403, headers } });
    const waits: Wait[] = [];
    await (await testClient(github, { onWait: (wait) => waits.push(wait) })).request(GET, AT);
    expect(waits.map(({ reason }) => reason)).toEqual(["rate-limit"]);
    expect(waits[0]?.seconds).toBeGreaterThan(3);
    expect(statuses()).toEqual([403, 200]);
  });

  test("a far reset is not waited for. The failure says until when, and no more requests are sent meanwhile", async () => {
    const reset = Math.floor(Date.now() / 1000) + 3600;
    const headers = { "x-ratelimit-remaining": "0", "x-ratelimit-reset": String(reset) };
    github.faults.add({
      match: {},
      times: Infinity,
      action: { kind: "status", status: 403, headers, body: { message: CANARY } },
    });
    const client = await testClient(github);
    expect(await failureOf(client.request(GET, AT))).toMatchObject({
      kind: "unchanged",
      code: "rate-limited",
      message: `could not ask: GitHub answered 403, because its rate limit is used up until ${new Date(reset * 1000).toISOString()}`,
    });
    const second = await failureOf(client.request(GET, AT));
    expect(second).toMatchObject({ kind: "unchanged", code: "rate-limited" });
    expect(github.requests).toHaveLength(1);
    // Another client has limits of its own.
    github.faults.clear();
    expect((await (await testClient(github)).request(GET, AT)).status).toBe(200);
  });

  test("a limit that stays ends after two waits", async () => {
    github.faults.add({
      match: {},
      times: Infinity,
      action: { ...secondary, headers: { "retry-after": "1" } },
    });
    expect(await failureOf((await testClient(github)).request(GET, AT))).toMatchObject({
      kind: "unchanged",
      code: "rate-limited",
    });
    expect(github.requests).toHaveLength(3);
  });

  test("GraphQL's limit, which comes with status 200, is the same failure", async () => {
    await github.close();
    github = await startGitHub({ rateLimit: { limit: 1, windowSeconds: 3600 } });
    const client = await testClient(github);
    await client.graphql("query { viewer { login } }");
    expect(await failureOf(client.graphql("query { viewer { login } }"))).toMatchObject({
      kind: "unchanged",
      code: "rate-limited",
    });
    expect(github.requests).toHaveLength(2);
  });

  test("while one request waits, the others wait with it", async () => {
    github.faults.add({
      match: { nth: 1 },
      action: { ...secondary, headers: { "retry-after": "1" } },
    });
    const client = await testClient(github, { secondMs: 50 });
    await Promise.all([
      client.request(GET, AT).then(() => client.request(GET, AT)),
      client.request(GET, AT),
    ]);
    expect(statuses().filter((status) => status !== 200)).toEqual([403]);
  });
});

describe("failures", () => {
  const answer = (status: number, headers: Record<string, string> = {}) =>
    github.faults.add({
      match: {},
      times: Infinity,
      action: { kind: "status", status, headers, body: { message: CANARY, errors: [CANARY] } },
    });
  let client: GitHubClient;
  beforeEach(async () => {
    client = await testClient(github, { retries: 0 });
  });

  test("401: the token was refused", async () => {
    answer(401);
    expect(await failureOf(client.request(GET, AT), "Secrets: write")).toMatchObject({
      kind: "denied",
      code: "token-refused",
      message:
        "could not ask: GitHub answered 401: the token was refused, so it is wrong or expired",
    });
  });

  test("403: the permission as the server names it, and as the settings do; the request's id", async () => {
    answer(403, {
      "x-accepted-github-permissions": "secrets=write",
      "x-github-request-id": "AB12:34:CD",
    });
    expect(await failureOf(client.request(GET, AT), "Secrets: write")).toMatchObject({
      kind: "denied",
      code: "permission-missing",
      permission: "secrets=write",
      message:
        "could not ask: GitHub answered 403 (request AB12:34:CD), and names the permission that it accepts: secrets=write",
      hint: expect.stringContaining(
        "Give the token the permission Secrets: write. A workflow's GITHUB_TOKEN can never have it",
      ),
    });
  });

  test("404 if a permission is needed: missing, or not visible", async () => {
    answer(404);
    expect(await failureOf(client.request(GET, AT), "Contents: read")).toMatchObject({
      kind: "denied",
      permission: "Contents: read",
      hint: "Check the repository's name. If it exists, the token cannot see it. Give the token the permission Contents: read.",
    });
    expect(await failureOf(client.request(GET, AT))).toMatchObject({
      kind: "misconfigured",
      code: "not-found",
    });
  });

  test("malformed headers are not shown", async () => {
    answer(403, {
      "x-accepted-github-permissions": "<b>canary-in-the-body",
      "x-github-request-id": "canary-in-the-body <script>",
    });
    expect(await failureOf(client.request(GET, AT))).toMatchObject({
      permission: null,
      message: "could not ask: GitHub answered 403",
    });
  });

  test.each([400, 409, 422])("%d: a person must change something", async (status) => {
    answer(status);
    expect(await failureOf(client.request(GET, AT))).toMatchObject({
      kind: "misconfigured",
      code: "request-refused",
    });
  });

  test("5xx: nothing changed if it only reads, unknown otherwise, and whether it may be sent again", async () => {
    answer(502);
    expect(await failureOf(client.request(GET, AT))).toMatchObject({ kind: "unchanged" });
    expect(
      await failureOf(
        client.request(PUT, { ...AT, secret_name: "A", encrypted_value: "aaaa", key_id: "1" }),
      ),
    ).toMatchObject({
      kind: "uncertain",
      hint: "Doing it again is harmless, and the next run does it.",
    });
    expect(await failureOf(client.graphql("query { viewer { login } }"))).toMatchObject({
      kind: "unchanged",
    });
    expect(await failureOf(client.graphql(MUTATION, { input: INPUT }))).toMatchObject({
      kind: "uncertain",
    });
  });

  test("no answer: says why, and a request that never left changed nothing", async () => {
    github.faults.add({ match: {}, action: { kind: "hang" } });
    const hurried = await testClient(github, { retries: 0, requestTimeoutMs: 200 });
    expect((await failureOf(hurried.request(GET, AT))).message).toBe(
      "could not ask: no answer came in time",
    );
    github.faults.add({ match: {}, action: { kind: "cut" } });
    expect((await failureOf(client.request(GET, AT))).message).toMatch(
      /^could not ask: no answer came \((ECONNRESET|UND_ERR_SOCKET)\)$/,
    );
    await github.close();
    const refused = await failureOf(client.graphql(MUTATION, { input: INPUT }));
    expect([refused.kind, refused.message]).toEqual([
      "unchanged",
      "could not ask: no answer came (ECONNREFUSED)",
    ]);
  });

  test("a signal ends the request under way", async () => {
    const controller = new AbortController();
    github.faults.add({
      match: {},
      action: {
        kind: "call",
        before: () => controller.abort(),
        after: () => new Promise(() => {}),
      },
    });
    const ended = await testClient(github, { signal: controller.signal });
    expect(await failureOf(ended.request(GET, AT))).toMatchObject({
      kind: "uncertain",
      code: "cancelled",
    });
    expect(github.requests).toHaveLength(1);
  });
});

test("a process ends with its last request: no timer holds it, and a wait is not cut short", async () => {
  github.faults.add({
    match: {},
    action: { kind: "status", status: 429, headers: { "retry-after": "1" } },
  });
  const [client, secret] = ["./client.ts", "../../core/base/secret.ts"].map((path) =>
    JSON.stringify(new URL(path, import.meta.url).href),
  );
  const program = `
    const { createGitHubClient } = await import(${client});
    const { Secret } = await import(${secret});
    const client = await createGitHubClient({ token: new Secret(process.env.TOKEN), apiUrl: process.env.URL_OF_API, secondMs: 20 });
    await Promise.all(Array.from({ length: 5 }, () => client.request("GET /repos/acme/widgets")));
    console.log("done");`;
  const env = { ...process.env, TOKEN: DEFAULT_TOKEN, URL_OF_API: github.url };
  const child = spawn(process.execPath, [...TYPESCRIPT, "--input-type=module", "-e", program], {
    env,
    stdio: ["ignore", "pipe", "inherit"],
    timeout: 240_000,
  });
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => {
    output += chunk.toString();
  });
  const [code] = await once(child, "close");
  expect([code, output]).toEqual([0, "done\n"]);
});
