// Requests that go wrong on purpose, and the budgets: what the caller sees, and what was done all the same.
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { RateLimitSetup } from "./limits.ts";
import { DEFAULT_TOKEN, startGitHub, type TestGitHub } from "./server.ts";

let github: TestGitHub;
let now: Date;
async function start(rateLimit: RateLimitSetup = {}) {
  await github?.close();
  github = await startGitHub({ now: () => now, rateLimit });
}
beforeEach(() => {
  now = new Date("2027-03-01T12:00:00Z");
  return start();
});
afterEach(() => github.close());

const headers = { authorization: `Bearer ${DEFAULT_TOKEN}` };
const get = (path = "/user", extra: Record<string, string> = {}) =>
  fetch(github.url + path, { headers: { ...headers, ...extra } });
const write = (path = "a.txt") =>
  fetch(`${github.url}/repos/acme/widgets/contents/${path}`, {
    method: "PUT",
    headers,
    body: JSON.stringify({ message: path, content: "aGk=" }),
  });
const mutate = () =>
  fetch(github.graphqlUrl, {
    method: "POST",
    headers,
    body: JSON.stringify({
      query:
        "mutation ($input: CreateCommitOnBranchInput!) { createCommitOnBranch(input: $input) { commit { oid } } }",
      variables: {
        input: {
          branch: { repositoryNameWithOwner: "acme/widgets", branchName: "main" },
          expectedHeadOid: github.repository().head(),
          message: { headline: "mutated" },
        },
      },
    }),
  });
const messages = () =>
  github
    .repository()
    .commits()
    .map(({ message }) => message);
const statuses = () => github.requests.map(({ status, fault }) => [status, fault]);

describe("a fault", () => {
  test("answers a status instead, once, with the body and headers given", async () => {
    github.faults.add({
      match: { method: "put" },
      action: {
        kind: "status",
        status: 502,
        body: { message: "Bad Gateway" },
        headers: { "x-why": "test" },
      },
    });
    expect((await get()).status).toBe(200);
    const refused = await write();
    expect([refused.status, await refused.json(), refused.headers.get("x-why")]).toEqual([
      502,
      { message: "Bad Gateway" },
      "test",
    ]);
    expect(messages()).toEqual(["Initial commit"]);
    expect((await write()).status).toBe(201);
    expect(github.faults.pending).toBe(0);
    expect(statuses()).toEqual([
      [200, null],
      [502, "status"],
      [201, null],
    ]);
  });

  test("cuts before acting: nothing was done", async () => {
    github.faults.add({ match: { path: /contents/ }, action: { kind: "cut" } });
    await expect(write()).rejects.toThrow();
    expect(messages()).toEqual(["Initial commit"]);
  });

  test("cuts after acting: done, the reply lost", async () => {
    github.faults.add({ match: { graphql: "mutation" }, action: { kind: "apply-then-cut" } });
    await expect(mutate()).rejects.toThrow();
    expect(messages()).toEqual(["mutated", "Initial commit"]);
    expect(statuses()).toEqual([[null, "apply-then-cut"]]);
  });

  test("sends half of the reply: done, the body unreadable", async () => {
    github.faults.add({ match: { graphql: /createCommitOnBranch/ }, action: { kind: "half" } });
    await expect(mutate().then((reply) => reply.text())).rejects.toThrow();
    expect(messages()).toEqual(["mutated", "Initial commit"]);
  });

  test("never answers: the caller gives up, nothing was done", async () => {
    github.faults.add({ match: {}, action: { kind: "hang" } });
    const caller = new AbortController();
    const hanging = fetch(`${github.url}/user`, { headers, signal: caller.signal });
    await vi.waitFor(() => expect(statuses()).toEqual([[null, "hang"]]), { timeout: 240_000 });
    caller.abort();
    await expect(hanging).rejects.toThrow("aborted");
    expect(statuses()).toEqual([[null, "hang"]]);
  });

  test("lets another act in between, before or after", async () => {
    const commit = (message: string) =>
      void github.repository().commit({ "b.txt": message }, message);
    github.faults.add({
      match: { graphql: "mutation" },
      action: {
        kind: "call",
        before: () => commit("before"),
        after: ({ index }) => commit(`after ${index}`),
      },
    });
    const { errors } = (await (await mutate()).json()) as { errors: { type: string }[] };
    expect(errors.map(({ type }) => type)).toEqual(["STALE_DATA"]);
    expect(messages()).toEqual(["after 1", "before", "Initial commit"]);
  });

  test("hits the nth match, the request of one index, or as many as asked", async () => {
    const status = { kind: "status", status: 500 } as const;
    github.faults.add({ match: { path: "/user", nth: 2 }, action: status });
    github.faults.add({ match: { index: 5 }, action: status });
    const seen = [];
    for (const path of ["/user", "/rate_limit", "/user", "/user", "/user"])
      seen.push((await get(path)).status);
    expect(seen).toEqual([200, 200, 500, 200, 500]);
    github.faults.add({ match: {}, times: 2, action: status });
    expect([(await get()).status, (await get()).status, (await get()).status]).toEqual([
      500, 500, 200,
    ]);
    github.faults.add({ match: {}, times: Number.POSITIVE_INFINITY, action: status });
    github.faults.clear();
    expect((await get()).status).toBe(200);
  });

  test("delays one request while others pass", async () => {
    github.faults.add({
      match: { path: "/repos/acme/widgets/contents/slow" },
      action: { kind: "delay", ms: 150 },
    });
    await Promise.all([write("slow"), write("fast")]);
    expect(messages()).toEqual(["slow", "fast", "Initial commit"]);
  });
});

describe("the budget", () => {
  const told = (reply: Response) =>
    ["limit", "remaining", "used", "reset", "resource"].map((name) =>
      reply.headers.get(`x-ratelimit-${name}`),
    );

  test("is told with every reply, and a 304 is free of it", async () => {
    const reset = String(now.getTime() / 1000 + 3600);
    const first = await get("/repos/acme/widgets");
    expect(told(first)).toEqual(["5000", "4999", "1", reset, "core"]);
    const again = await get("/repos/acme/widgets", {
      "if-none-match": first.headers.get("etag") ?? "",
    });
    expect([again.status, await again.text(), again.headers.get("x-ratelimit-used")]).toEqual([
      304,
      "",
      "1",
    ]);
    github.repository().visibility = "public";
    const changed = await get("/repos/acme/widgets", {
      "if-none-match": first.headers.get("etag") ?? "",
    });
    expect([changed.status, changed.headers.get("x-ratelimit-used")]).toEqual([200, "2"]);
    expect(told(await mutate())).toEqual(["5000", "4999", "1", reset, "graphql"]);
    const { rate } = (await (await get("/rate_limit")).json()) as { rate: object };
    expect(rate).toEqual({ limit: 5000, used: 2, remaining: 4998, reset: Number(reset) });
  });

  test("refuses when it is used up, until it is full again", async () => {
    await start({ limit: 2, status: 429 });
    expect([(await get()).status, (await get()).status]).toEqual([200, 200]);
    const over = await get();
    expect([
      over.status,
      over.headers.get("x-ratelimit-remaining"),
      await over.json(),
    ]).toMatchObject([429, "0", { message: "API rate limit exceeded for installation ID 2." }]);
    now = new Date(now.getTime() + 3_600_000);
    expect((await get()).status).toBe(200);
    await Promise.all([mutate(), mutate()]);
    expect(await (await mutate()).json()).toMatchObject({ errors: [{ type: "RATE_LIMITED" }] });
  });

  test("refuses more than 180 writes a minute, nothing done", async () => {
    for (let at = 0; at < 180; at += 1) expect((await write(`f${at}`)).status).toBe(201);
    const over = await write("over");
    expect([over.status, over.headers.get("retry-after")]).toEqual([403, "60"]);
    expect((await over.json()) as object).toMatchObject({
      message: expect.stringContaining("secondary rate limit"),
    });
    expect(github.repository().file("over")).toBe(null);
    now = new Date(now.getTime() + 60_000);
    expect((await write("over")).status).toBe(201);
  });

  test("refuses more than 100 requests at once", async () => {
    let open = () => {};
    const all = new Promise<void>((resolve) => {
      open = resolve;
    });
    const before = () => {
      if (github.requests.length === 130) open();
      return all;
    };
    github.faults.add({ match: {}, times: 130, action: { kind: "call", before } });
    const replies = await Promise.all(Array.from({ length: 130 }, () => get()));
    expect(github.maxInFlight).toBe(130);
    expect(replies.filter(({ status }) => status === 200)).toHaveLength(100);
    expect(replies.filter(({ status }) => status === 403)).toHaveLength(30);
  });
});
