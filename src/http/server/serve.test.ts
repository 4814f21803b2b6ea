// The server on this machine, over real sockets: addresses, other sites' pages, false lengths, stopping.

import { createHash } from "node:crypto";
import { once } from "node:events";
import { connect } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { startServer } from "../../../functions/hosts/node.ts";
import { type TestRepository, testRepository } from "../../../test/git-repository.ts";
import { DEFAULT_REPOSITORY, DEFAULT_TOKEN, startGitHub } from "../../../test/github/server.ts";
import type { ComposeOptions } from "../../compose/compose.ts";
import { Misconfigured } from "../../core/base/errors.ts";
import { Secret } from "../../core/base/secret.ts";
import type { RunningServer, ServeOptions } from "./serve.ts";

let repository: TestRepository;
let complaints: string[];
const running: RunningServer[] = [];

function localRecord(): ComposeOptions {
  const place = {
    kind: "local",
    directory: repository.directory,
    access: null,
    vaultKey: null,
  } as const;
  return { place, configPath: "token_config.json", fingerprintKey: null, whenMissing: "empty" };
}

async function start(options: Partial<ServeOptions> = {}): Promise<RunningServer> {
  const server = await startServer({
    compose: localRecord(),
    port: 0,
    complain: (line) => complaints.push(line),
    ...options,
  });
  running.push(server);
  return server;
}

const post = (url: string, json: unknown, headers: Record<string, string> = {}) =>
  fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(json),
  });

/** Sends bytes as they are and returns all the bytes that came back until the server closed the connection. */
async function raw(port: number, text: string): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  let answer = "";
  socket.on("data", (chunk) => {
    answer += chunk;
  });
  socket.write(text);
  await once(socket, "close");
  return answer;
}

beforeEach(async () => {
  repository = await testRepository();
  complaints = [];
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((server) => server.close()));
  await repository.close();
  expect(complaints).toEqual([]);
});

test("rotates over a socket, and reveals", async () => {
  const { url, port } = await start();
  expect(url).toBe(`http://127.0.0.1:${port}`);
  const response = await post(`http://localhost:${port}/tokens/rotate`, { token_name: "API_KEY" });
  expect({ status: response.status, body: await response.json() }).toMatchObject({
    status: 200,
    body: { new_token: expect.stringMatching(/^\w{32}$/) },
  });
  const headers = [
    "content-type",
    "cache-control",
    "x-content-type-options",
    "access-control-allow-origin",
  ].map((name) => response.headers.get(name));
  expect(headers).toEqual(["application/json", "no-store", "nosniff", null]);
});

test("rotations of the same record at the same time all get done", async () => {
  const { url } = await start();
  const names = ["ONE", "TWO", "THREE", "FOUR"];
  const answers = await Promise.all(
    names.map((token_name) => post(`${url}/tokens/rotate`, { token_name })),
  );
  expect(answers.map((answer) => answer.status)).toEqual([200, 200, 200, 200]);
  const health = await (await fetch(`${url}/tokens/health`)).json();
  expect(health).toMatchObject({ total_tokens: 4, never_rotated: [] });
});

test("an unknown route names the nearest", async () => {
  const { url } = await start();
  const response = await fetch(`${url}/tokens/helth`);
  expect({ status: response.status, body: await response.json() }).toEqual({
    status: 404,
    body: {
      type: "about:blank",
      title: "Not Found",
      status: 404,
      detail: "there is no such route",
      code: "route-unknown",
      hint: "Did you mean /tokens/health?",
      nearest: "/tokens/health",
    },
  });
  expect((await fetch(`${url}/tokens/health`, { method: "HEAD" })).status).toBe(200);
  const wrong = await fetch(`${url}/tokens/rotate`);
  expect([wrong.status, wrong.headers.get("allow")]).toEqual([405, "POST"]);
});

describe("pages of other sites", () => {
  const request = (port: number, head: readonly string[], body = "{}") =>
    raw(
      port,
      [...head, `Content-Length: ${body.length}`, "Connection: close", "", body]
        .join("\r\n")
        .replace("PORT", String(port)),
    );

  test.each([
    [
      "a rebound name",
      ["POST /git/commit HTTP/1.1", "Host: evil.example:PORT", "Content-Type: application/json"],
      403,
    ],
    ["no name at all", ["POST /git/commit HTTP/1.0", "Content-Type: application/json"], 400],
    [
      "an absolute address",
      [
        "POST http://evil.example/git/commit HTTP/1.1",
        "Host: evil.example",
        "Content-Type: application/json",
      ],
      403,
    ],
    [
      "a foreign page",
      [
        "POST /git/commit HTTP/1.1",
        "Host: localhost:PORT",
        "Origin: https://evil.example",
        "Content-Type: application/json",
      ],
      403,
    ],
    [
      "a form",
      ["POST /git/commit HTTP/1.1", "Host: localhost:PORT", "Content-Type: text/plain"],
      415,
    ],
    [
      "an unknown route by a rebound name",
      ["GET /nothing HTTP/1.1", "Host: evil.example:PORT"],
      403,
    ],
    [
      "its own",
      [
        "POST /git/commit HTTP/1.1",
        "Host: localhost:PORT",
        "Origin: http://localhost:PORT",
        "Content-Type: application/json",
      ],
      200,
    ],
  ])("%s", async (_what, head, expected) => {
    const { port } = await start();
    const answer = await request(
      port,
      head.map((line) => line.replace("PORT", String(port))),
    );
    expect(answer.split("\r\n")[0]).toMatch(new RegExp(`^HTTP/1.1 ${expected} `));
    expect(answer.toLowerCase()).not.toContain("access-control");
    if (expected !== 200) expect(answer).toMatch(/content-type: application\/problem\+json/i);
  });
});

test("a body that goes on beyond the limit is cut off with 413", async () => {
  const { port } = await start();
  const head = `POST /tokens/rotate HTTP/1.1\r\nHost: localhost:${port}\r\nContent-Type: application/json\r\n`;
  const chunk = `4000\r\n${" ".repeat(0x4000)}\r\n`;
  const declared = raw(port, `${head}Connection: close\r\nContent-Length: 99999999\r\n\r\n`);
  const chunked = raw(
    port,
    `${head}Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n${chunk.repeat(6)}0\r\n\r\n`,
  );
  expect((await Promise.all([declared, chunked])).map((answer) => answer.split("\r\n")[0])).toEqual(
    ["HTTP/1.1 413 Payload Too Large", "HTTP/1.1 413 Payload Too Large"],
  );
  expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(200);
});

describe("bytes that are not a request, or not a whole one", () => {
  test.each([
    ["no HTTP at all", "hello\r\n\r\n", 400],
    ["an unknown method", "BREW /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n", 400],
    [
      "two lengths",
      "POST /git/commit HTTP/1.1\r\nHost: localhost\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}",
      400,
    ],
    [
      "headers beyond the limit",
      `GET /healthz HTTP/1.1\r\nHost: localhost\r\nx: ${"x".repeat(20_000)}\r\n\r\n`,
      431,
    ],
    ["no Host", "GET /healthz HTTP/1.1\r\nconnection: close\r\n\r\n", 400],
  ])("%s: problem+json", async (_, text, status) => {
    const { port } = await start();
    const answer = await raw(port, text);
    const [head = "", body = ""] = answer.split("\r\n\r\n");
    expect(head).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(head).toContain("content-type: application/problem+json");
    expect(JSON.parse(body)).toMatchObject({ status, code: "request-malformed" });
  });

  test("an unknown expectation is ignored: the answer is the same as without it", async () => {
    const { port } = await start();
    const answer = await raw(
      port,
      `POST /tokens/rotate HTTP/1.1\r\nHost: localhost:${port}\r\ncontent-type: application/json\r\nexpect: more\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}`,
    );
    expect(answer).toMatch(/^HTTP\/1.1 400 /);
    expect(answer).toContain("content-type: application/problem+json");
    expect(answer).toContain('"code":"field-missing"');
  });

  test("a caller that hangs up in the middle of its body is no failure of the server", async () => {
    const { port } = await start();
    const socket = connect(port, "127.0.0.1");
    socket.write(
      `POST /tokens/rotate HTTP/1.1\r\nHost: localhost:${port}\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n{"token_name": "A"`,
    );
    await once(socket, "connect");
    // An answer to another request shows that the server has read the bytes before it.
    await fetch(`http://localhost:${port}/healthz`);
    socket.destroy();
    await once(socket, "close");
    await fetch(`http://localhost:${port}/healthz`);
    expect(await repository.git("status", "--porcelain")).toBe("");
    expect(complaints).toEqual([]);
  });
});

describe("addresses", () => {
  test("a port that is in use", async () => {
    const { port } = await start();
    const refused = await start({ port }).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(Misconfigured);
    expect(refused).toMatchObject({
      code: "port-in-use",
      message: `127.0.0.1:${port} is in use by another program`,
      hint: expect.stringContaining("--port"),
    });
  });

  test("an address that is not this machine's", async () => {
    const refused = await start({ host: "192.0.2.1" }).catch((error: unknown) => error);
    expect(refused).toMatchObject({
      code: "cannot-listen",
      message: "cannot listen on 192.0.2.1:0 (EADDRNOTAVAIL)",
    });
  });

  test("an address beyond this machine requires a key", async () => {
    const digest = createHash("sha256").update("right").digest();
    const apiKeys = [{ id: "ci", digest, scopes: new Set(["read"] as const), expiresAt: null }];
    const { port } = await start({ host: "0.0.0.0", apiKeys });
    const status = async (path: string, headers: Record<string, string> = {}) =>
      (await fetch(`http://127.0.0.1:${port}${path}`, { headers })).status;
    const authorization = "Bearer right";
    expect(await status("/tokens/health")).toBe(401);
    expect(await status("/nothing")).toBe(401);
    expect(await status("/healthz")).toBe(200);
    expect(await status("/tokens/health", { authorization })).toBe(200);
    expect(await status("/nothing", { authorization })).toBe(404);
    expect(
      (await post(`http://127.0.0.1:${port}/tokens/rotate`, { token_name: "A" }, { authorization }))
        .status,
    ).toBe(403);
  });

  test("without any key nothing is allowed there", async () => {
    const { port } = await start({ host: "0.0.0.0" });
    expect(
      (
        await fetch(`http://127.0.0.1:${port}/tokens/health`, {
          headers: { authorization: "Bearer x" },
        })
      ).status,
    ).toBe(401);
    expect(complaints.splice(0)).toEqual([
      "0.0.0.0 reaches beyond this machine and no API key is configured, so every request will be refused",
    ]);
  });
});

describe("stopping", () => {
  /** A server over a GitHub that holds one request back until it is released. */
  async function held(graceMs: number) {
    let letGo = () => {};
    let arrived = () => {};
    const reached = new Promise<void>((resolve) => {
      arrived = resolve;
    });
    const released = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    const github = await startGitHub({
      repositories: [
        {
          fullName: DEFAULT_REPOSITORY,
          files: { "token_config.json": '{"tokens": {"API_KEY": {}}}' },
        },
      ],
    });
    const before = () => {
      arrived();
      return released;
    };
    github.faults.add({ match: { method: "PUT" }, action: { kind: "call", before } });
    const access = {
      token: new Secret(DEFAULT_TOKEN),
      apiUrl: github.url,
      graphqlUrl: github.graphqlUrl,
    };
    const place = { kind: "github", repository: DEFAULT_REPOSITORY, branch: null, access } as const;
    const server = await start({ compose: { ...localRecord(), place }, graceMs });
    return { github, server, reached, letGo };
  }

  test("accepts no more requests, and answers those it accepted", async () => {
    const { github, server, reached, letGo } = await held(20_000);
    const asked = post(`${server.url}/tokens/rotate`, { token_name: "API_KEY" });
    await reached;
    const closed = server.close();
    await expect(fetch(`${server.url}/healthz`)).rejects.toThrow();
    letGo();
    const answer = await asked;
    expect([answer.status, answer.headers.get("connection")]).toEqual([200, "close"]);
    await closed;
    await github.close();
  });

  test("waits for a rotation whose caller hung up", async () => {
    const { github, server, reached, letGo } = await held(20_000);
    const hangUp = new AbortController();
    const body = JSON.stringify({ token_name: "API_KEY" });
    const headers = { "content-type": "application/json" };
    const asked = fetch(`${server.url}/tokens/rotate`, {
      method: "POST",
      headers,
      body,
      signal: hangUp.signal,
    });
    await reached;
    hangUp.abort();
    await expect(asked).rejects.toThrow();
    const closed = server.close();
    letGo();
    await closed;
    expect(JSON.parse(github.repository().file("token_config.json") ?? "")).toMatchObject({
      state: { tokens: { API_KEY: { current: { generation: 1 }, pending: null } } },
    });
    await github.close();
  });

  test("waits no longer than its grace", async () => {
    const { github, server, reached, letGo } = await held(1);
    const asked = post(`${server.url}/tokens/rotate`, { token_name: "API_KEY" }).catch(
      (error: unknown) => error,
    );
    await reached;
    await server.close();
    expect(await asked).toBeInstanceOf(Error);
    letGo();
    await github.close();
  });
});
