// The badge for a README: only if the operator allows it, one word, and at most one read a minute however many ask.
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { ROUTES } from "../../functions/hosts/routes.ts";
import publicBadge from "../../functions/public-badge.ts";
import {
  DEFAULT_REPOSITORY,
  DEFAULT_TOKEN,
  startGitHub,
  type TestGitHub,
} from "../../test/github/server.ts";
import { caller, requestFor } from "../../test/http.ts";
import { createMemory, type Memory } from "./access/memory.ts";
import { hostEdge } from "./access/open-edge.ts";

const RECORD = JSON.stringify({ version: 1, tokens: { CANARY_ONE: {}, CANARY_TWO: {} } });

let github: TestGitHub;
let memory: Memory;
let now: Date;
beforeEach(async () => {
  memory = createMemory();
  now = new Date();
  github = await startGitHub({
    repositories: [{ fullName: DEFAULT_REPOSITORY, files: { "token_config.json": RECORD } }],
  });
});
afterEach(() => github.close());

function host(more: Readonly<Record<string, string>> = { TOKEN_AUTOMATION_PUBLIC_BADGE: "1" }) {
  const env = {
    TOKEN_AUTOMATION_REPOSITORY: DEFAULT_REPOSITORY,
    GITHUB_TOKEN: DEFAULT_TOKEN,
    GITHUB_API_URL: github.url,
    ...more,
  };
  const { edge, said, ask } = caller({
    ...hostEdge(env, memory, () => now),
    newReference: () => "reference-1",
  });
  return { edge, said, ask };
}

async function look({ edge } = host()) {
  const response = await publicBadge.answer(requestFor(publicBadge), edge);
  const text = await response.text();
  return {
    status: response.status,
    words: /<title>(.*?)<\/title>/.exec(text)?.[1],
    text,
    headers: Object.fromEntries(response.headers),
  };
}
const later = (seconds: number) => {
  now = new Date(now.getTime() + seconds * 1000);
};

test("shows one word to every caller, which any cache may keep for a minute; no name and no count", async () => {
  const { status, words, text, headers } = await look();
  expect([status, words]).toEqual([200, "tokens: never rotated"]);
  expect(text).not.toMatch(/CANARY|\b2 /);
  expect(headers).toEqual({
    "content-type": "image/svg+xml; charset=utf-8",
    "cache-control": "public, max-age=60",
    "content-security-policy": "default-src 'none'; base-uri 'none'; frame-ancestors 'none'",
    "cross-origin-resource-policy": "cross-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
  });
  github
    .repository()
    .commit({ "token_config.json": JSON.stringify({ version: 1, tokens: {} }) }, "None");
  later(61);
  expect((await look()).words).toBe("tokens: none declared");
});

test("opens no other route, and stays closed by default", async () => {
  const { ask } = host();
  for (const route of ROUTES.filter(({ scope }) => scope !== null))
    expect((await ask(route)).status).toBe(401);
  for (const more of [{}, { TOKEN_AUTOMATION_PUBLIC_BADGE: "0" }])
    expect(await host(more).ask(publicBadge)).toMatchObject({
      status: 404,
      body: { code: "badge-private" },
    });
  expect(await host({ TOKEN_AUTOMATION_PUBLIC_BADGE: "yes" }).ask(publicBadge)).toMatchObject({
    status: 500,
    body: {
      code: "environment-invalid",
      detail: expect.stringContaining("TOKEN_AUTOMATION_PUBLIC_BADGE"),
    },
  });
  expect(await ask(publicBadge, { query: "?label=x" })).toMatchObject({ status: 400 });
  expect(github.requests).toEqual([]);
});

describe("many callers", () => {
  test("cost one read a minute, and that one nothing while the record stays as it is", async () => {
    await look();
    github.reset();
    for (let count = 0; count < 59; count += 1) {
      later(1);
      expect((await look()).words).toBe("tokens: never rotated");
    }
    expect(github.requests).toEqual([]);
    later(1);
    await Promise.all(Array.from({ length: 50 }, () => look()));
    expect(github.requests.map(({ status }) => status)).toEqual([304]);
  });

  test("at once at the start: one read; the others see that the state is unknown yet, and keep nothing", async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => look()));
    expect(github.requests).toHaveLength(2);
    const told = answers
      .map(({ words, headers }) => `${words}, ${headers["cache-control"]}`)
      .sort();
    expect(told.at(0)).toBe("tokens: never rotated, public, max-age=60");
    expect(new Set(told.slice(1))).toEqual(new Set(["tokens: unclear, no-store"]));
  });

  test("of a service that GitHub refuses cost one read a minute too, and the operator's log names the reason", async () => {
    github.revokeToken(DEFAULT_TOKEN);
    const complained = vi.spyOn(console, "error").mockImplementation(() => undefined);
    const broken = host();
    expect(await look(broken)).toMatchObject({ status: 200, words: "tokens: unclear" });
    const asked = github.requests.length;
    for (let count = 0; count < 20; count += 1) await look(broken);
    expect(github.requests).toHaveLength(asked);
    const lines = complained.mock.calls.map(([line]) => String(line));
    complained.mockRestore();
    expect(lines).toEqual([
      expect.stringMatching(/^the public badge shows no state: .*\(token-refused\)$/),
    ]);
    expect(lines.join()).not.toContain(DEFAULT_TOKEN);
  });
});
