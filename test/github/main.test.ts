// The server as a process of its own: options in, URL out, looked into through /_test.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline/promises";
import { text } from "node:stream/consumers";
import { afterEach, expect, test } from "vitest";
import { TYPESCRIPT } from "../typescript.ts";
import { DEFAULT_TOKEN } from "./server.ts";

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

/** A server that ends with this status and these last words. */
async function start(options: object, exit = 0, words = ""): Promise<string> {
  const child = spawn(
    process.execPath,
    [...TYPESCRIPT, new URL("main.ts", import.meta.url).pathname, JSON.stringify(options)],
    {
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  const said = text(child.stderr);
  stops.push(async () => {
    const ended = once(child, "exit");
    child.kill("SIGTERM");
    expect([...(await ended), await said]).toEqual([exit, null, words]);
  });
  const [line] = await once(createInterface(child.stdout), "line");
  return JSON.parse(line).url;
}

test("another process can look in, break it, and act as a person", async () => {
  const url = await start({
    repositories: [{ fullName: "acme/widgets", visibility: "public", files: { "a.txt": "one\n" } }],
  });
  const admin = async (method: string, path: string, body?: object) => {
    const reply = await fetch(`${url}/_test/${path}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return reply.status === 204 ? 204 : reply.json();
  };
  const ask = () =>
    fetch(`${url}/repos/acme/widgets/actions/secrets/public-key`, {
      headers: { authorization: `Bearer ${DEFAULT_TOKEN}` },
    });

  const { oid } = await admin("POST", "commits", {
    files: { "a.txt": "two\n" },
    message: "Second",
  });
  expect(await admin("GET", "state")).toMatchObject({
    "acme/widgets": {
      visibility: "public",
      branches: { main: oid },
      files: { "a.txt": "two\n" },
      commits: [{ message: "Second" }, { message: "Initial commit" }],
      secrets: {},
    },
  });
  expect(
    await admin("POST", "faults", {
      match: { path: { pattern: "public-key$" } },
      action: { kind: "status", status: 503 },
    }),
  ).toEqual({
    pending: 1,
  });
  expect([(await ask()).status, (await ask()).status]).toEqual([503, 200]);
  expect(await admin("GET", "requests")).toMatchObject({
    max_in_flight: 1,
    requests: [
      { status: 503, fault: "status" },
      { status: 200, fault: null },
    ],
  });
  expect(await admin("DELETE", "requests")).toBe(204);
  expect(await admin("GET", "requests")).toMatchObject({ requests: [] });
  expect(
    await admin("POST", "settings", {
      visibility: "private",
      protectedBranches: { main: "ruleset" },
    }),
  ).toMatchObject({
    visibility: "private",
  });
  expect(await admin("GET", "secrets?repository=acme/widgets")).toEqual({});
  expect(await admin("POST", "faults", { match: { way: 1 } })).toMatchObject({ status: "422" });
});

test("it ends as failed if it was asked for what GitHub does not know", async () => {
  const url = await start(
    {},
    1,
    "GitHub's description says otherwise:\nGET /no/such: no such operation in github-openapi.json\n",
  );
  expect((await fetch(`${url}/no/such`)).status).toBe(501);
});
