// The judge of requests and replies: what GitHub's descriptions do not know fails the test that it happens in.
import { beforeEach, describe, expect, test } from "vitest";
import { SERVED_OPERATIONS } from "./answer.ts";
import { githubDescription } from "./description.ts";
import { createJudge } from "./judge.ts";
import { json } from "./replies.ts";
import type { GitHubRequest } from "./routes.ts";
import { DEFAULT_TOKEN, startGitHub, type TestGitHub } from "./server.ts";

const SECRET = "/repos/acme/widgets/actions/secrets/API_KEY";
const ISSUES = "/repos/acme/widgets/issues";

let github: TestGitHub;
beforeEach(async () => {
  github = await startGitHub();
});

async function ask(method: string, path: string, body?: unknown): Promise<[number, string]> {
  const reply = await fetch(github.url + path, {
    method,
    headers: { authorization: `Bearer ${DEFAULT_TOKEN}` },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return [reply.status, await reply.text()];
}

const query = (text: string, variables: object = {}) => ({ query: text, variables });
const READ = `query ($name: String!) { repository(owner: "acme", name: $name) { isEmpty } }`;

describe("a request that GitHub does not know", () => {
  test.each<[what: string, method: string, path: string, body: unknown, violation: string]>([
    ["an unknown path", "GET", "/repos/acme/widgets/secrets", undefined, "no such operation"],
    ["an unknown method", "PUT", ISSUES, { title: "A" }, "no such operation"],
    [
      "an unknown path of an Enterprise server",
      "GET",
      "/api/v3/no/such",
      undefined,
      "no such operation",
    ],
    ["an unknown parameter", "GET", `${ISSUES}?stat=open`, undefined, `properties "stat"`],
    ["an unknown value", "GET", `${ISSUES}?state=opened`, undefined, "query: /state must be equal"],
    [
      "a parameter given twice",
      "GET",
      `${ISSUES}?state=all&state=open`,
      undefined,
      "must be string",
    ],
    [
      "a number that is none",
      "GET",
      `${ISSUES}?page=first`,
      undefined,
      "query: /page must be integer",
    ],
    [
      "a path's part",
      "PATCH",
      `${ISSUES}/one`,
      { title: "A" },
      "path: /issue_number must be integer",
    ],
    [
      "an unknown member",
      "POST",
      ISSUES,
      { title: "A", text: "B" },
      `body: must NOT have additional properties "text"`,
    ],
    [
      "a member of another type",
      "POST",
      ISSUES,
      { title: "A", body: 1 },
      "body: /body must be string",
    ],
    ["a missing member", "POST", ISSUES, { body: "A" }, "required property 'title'"],
    ["a missing body", "POST", ISSUES, undefined, "body: is missing"],
    ["a body too many", "DELETE", SECRET, {}, "body: is not expected"],
    [
      "a value in another alphabet",
      "PUT",
      SECRET,
      { key_id: "1", encrypted_value: "-_-_" },
      "encrypted_value must match",
    ],
    [
      "an unknown permission",
      "POST",
      "/app/installations/1/access_tokens",
      { permissions: { everything: "write" } },
      `properties "everything"`,
    ],
    ["no query", "POST", "/graphql", {}, "a JSON object with a query"],
    ["no GraphQL", "POST", "/graphql", query("{"), "Syntax Error"],
    ["an unknown field", "POST", "/graphql", query("{ viewer { password } }"), `field "password"`],
    ["a missing variable", "POST", "/graphql", query(READ), `Variable "$name"`],
    [
      "a variable of another type",
      "POST",
      "/graphql",
      query(READ, { name: 1 }),
      `Variable "$name"`,
    ],
    [
      "an unknown operation",
      "POST",
      "/graphql",
      { ...query(READ), operationName: "A" },
      `operation "A"`,
    ],
  ])("%s", async (_what, method, path, body, violation) => {
    const [status, text] = await ask(method, path, body);
    expect(status).toBe(501);
    const message = JSON.parse(text).message;
    expect(message).toContain(violation);
    expect(github.requests).toMatchObject([{ status: 501 }]);
    await expect(github.close()).rejects.toThrow(message);
  });

  test("is not acted on, and meets no fault", async () => {
    github.faults.add({ match: {}, action: { kind: "cut" } });
    expect((await ask("POST", ISSUES, { title: "A", text: "B" }))[0]).toBe(501);
    expect([github.repository().issues, github.faults.pending]).toEqual([[], 1]);
    await expect(github.close()).rejects.toThrow("POST /repos/acme/widgets/issues: body:");
  });

  test("is judged where a fault takes the reply", async () => {
    github.faults.add({ match: {}, action: { kind: "status", status: 503 } });
    expect((await ask("GET", "/no/such"))[0]).toBe(501);
    await expect(github.close()).rejects.toThrow("GET /no/such: no such operation");
  });
});

describe("an excuse", () => {
  test("lets what reads so pass, to be answered as GitHub would", async () => {
    github.excuse(/^GET \/no\/such: no such operation/);
    expect((await ask("GET", "/no/such"))[0]).toBe(404);
    await github.close();
  });

  test("covers no other violation", async () => {
    github.excuse(/^POST \S+: body: must NOT have additional properties "text"$/);
    expect((await ask("POST", ISSUES, { title: "A", text: "B" }))[0]).toBe(201);
    expect((await ask("POST", ISSUES, { title: 1, body: 2, text: "B" }))[0]).toBe(501);
    await expect(github.close()).rejects.toThrow(
      /otherwise:\nPOST \S+: body: \/body must be string$/,
    );
  });

  test("that is not needed is a violation itself", async () => {
    github.excuse(/^GET \/never/);
    await expect(github.close()).rejects.toThrow("excused in vain: /^GET \\/never/");
    await github.close();
  });
});

describe("a reply that GitHub would not give", () => {
  const request = (path: string, method = "GET"): GitHubRequest => {
    const url = new URL(path, "http://127.0.0.1");
    const { pathname, searchParams } = url;
    const body = Buffer.alloc(0);
    return { method, path: pathname, query: searchParams, headers: {}, body, root: url.origin };
  };

  test.each<[what: string, body: unknown, violation: string]>([
    ["an unknown member", { login: "mona", nick: "m" }, `properties "nick"`],
    ["a member of another type", { login: 1 }, "/login must be string"],
    ["a null", { login: null }, "/login must be string"],
    ["a text that is no address", { url: "users/mona" }, `/url must match format "uri"`],
    ["a text that is no time", { created_at: "2027-03-01" }, `must match format "date-time"`],
    ["a list", [], "must be object"],
  ])("%s", (_what, body, violation) => {
    const judge = createJudge();
    expect(judge.reply(request("/user"), json(body))).toMatchObject({ status: 501 });
    expect(() => judge.conclude()).toThrow("the reply 200 to GET /user: body: ");
    judge.reply(request("/user"), json(body));
    expect(() => judge.conclude()).toThrow(violation);
  });

  test.each<[what: string, path: string, method: string, reply: ReturnType<typeof json>]>([
    ["a status", "/user", "GET", json({}, 201)],
    ["a body of a reply that has none", SECRET, "DELETE", json({}, 204)],
    ["a member deep in a list", ISSUES, "GET", json([{ labels: [{ label: "bug" }] }])],
    [
      "a member in one of several shapes",
      "/repos/acme/widgets/contents/a",
      "GET",
      json({ type: "file", bytes: 1 }),
    ],
  ])("%s", (_what, path, method, reply) => {
    const judge = createJudge();
    expect(judge.reply(request(path, method), reply)).toMatchObject({ status: 501 });
    expect(() => judge.conclude()).toThrow(`the reply ${reply.status} to ${method} ${path}: `);
  });

  test("members that are left out, nulls where GitHub has them, and refusals pass", () => {
    const judge = createJudge();
    for (const reply of [json({ login: "mona" }), json({ email: null }), json({ a: 1 }, 422)])
      expect(judge.reply(request("/user"), reply)).toBe(null);
    judge.conclude();
  });

  test("is judged in a fault too, unless it is excused", async () => {
    for (const body of [{ login: "mona" }, "<html>"])
      github.faults.add({
        match: { path: "/user" },
        times: body === "<html>" ? 2 : 1,
        action: { kind: "status", status: 200, body },
      });
    const statuses = [(await ask("GET", "/user"))[0], (await ask("GET", "/user"))[0]];
    github.excuse(/^the reply 200 to GET \/user: body: must be object$/);
    expect([...statuses, (await ask("GET", "/user"))[0]]).toEqual([200, 501, 200]);
    await expect(github.close()).rejects.toThrow(
      "the reply 200 to GET /user: body: must be object",
    );
  });

  test("of GraphQL is a failure of the server", async () => {
    github.addToken({ token: "ghp_none", kind: "pat", login: Object(null) });
    const reply = await fetch(github.graphqlUrl, {
      method: "POST",
      headers: { authorization: "Bearer ghp_none" },
      body: JSON.stringify(query("{ viewer { login } }")),
    });
    expect([reply.status, await reply.text()]).toEqual([
      500,
      expect.stringContaining("String cannot represent value"),
    ]);
    await github.close();
  });
});

test("all that the server answers is described: 90 operations", async () => {
  const { names, from } = githubDescription();
  expect([...names].sort()).toEqual(SERVED_OPERATIONS);
  expect(names).toHaveLength(90);
  expect(from).toMatch(/^@octokit\/openapi@\d+\.\d+\.\d+$/);
  await github.close();
});
