// API keys that are values of the record's own tokens. Rotating the token rotates the key, without a gap.
import { afterEach, beforeEach, expect, test } from "vitest";
import health from "../../../functions/health.ts";
import rotate from "../../../functions/rotate.ts";
import {
  DEFAULT_REPOSITORY,
  DEFAULT_TOKEN,
  startGitHub,
  type TestGitHub,
} from "../../../test/github/server.ts";
import { caller } from "../../../test/http.ts";
import { compose } from "../../compose/compose.ts";
import { HOUR_MS } from "../../core/base/instant.ts";
import { Secret } from "../../core/base/secret.ts";
import { createMemory } from "./memory.ts";
import { hostEdge } from "./open-edge.ts";

const RECORD = JSON.stringify({
  version: 1,
  tokens: { DASHBOARD_KEY: { type: "api_key", overlap_hours: 2 } },
});
const KEYS = [{ id: "dashboard", token: "DASHBOARD_KEY", scopes: ["read", "rotate"] }];

let github: TestGitHub;
beforeEach(async () => {
  github = await startGitHub({
    repositories: [{ fullName: DEFAULT_REPOSITORY, files: { "token_config.json": RECORD } }],
  });
});
afterEach(() => github.close());

/** A host at a time, which remembers no other host's state. */
function hostAt(now: Date, keys: readonly object[] = KEYS, more: Record<string, string> = {}) {
  const env = {
    TOKEN_AUTOMATION_REPOSITORY: DEFAULT_REPOSITORY,
    TOKEN_AUTOMATION_API_KEYS: JSON.stringify(keys),
    GITHUB_TOKEN: DEFAULT_TOKEN,
    GITHUB_API_URL: github.url,
    ...more,
  };
  return caller(hostEdge(env, createMemory(), () => now));
}

/** Rotates as the schedule does, and returns the new value: the secret as GitHub has it. */
async function rotateKey(fingerprintKey: Secret | null = null): Promise<string> {
  const access = { token: new Secret(DEFAULT_TOKEN), apiUrl: github.url, graphqlUrl: null };
  const place = { kind: "github", repository: DEFAULT_REPOSITORY, branch: null, access } as const;
  const app = await compose({
    place,
    configPath: "token_config.json",
    fingerprintKey,
    whenMissing: "error",
  });
  const wanted = { kind: "tokens", names: ["DASHBOARD_KEY"], value: null, create: false } as const;
  expect(await app.run({ wanted, triggeredBy: { kind: "schedule" }, dryRun: false })).toMatchObject(
    { rotated: ["DASHBOARD_KEY"] },
  );
  return github.repository().secret("DASHBOARD_KEY")?.value ?? "";
}

const statusOf = async (host: ReturnType<typeof caller>, key: string) =>
  (await host.ask(health, { headers: { authorization: `Bearer ${key}` } })).status;
const inHours = (hours: number) => new Date(Date.now() + hours * HOUR_MS);

test("the newest value is let in at once, the one before it for the overlap, and no third", async () => {
  const first = await rotateKey();
  const second = await rotateKey();
  const third = await rotateKey();
  const statuses = await Promise.all(
    [first, second, third].map((key) => statusOf(hostAt(inHours(0)), key)),
  );
  expect(statuses).toEqual([401, 200, 200]);
  expect([
    await statusOf(hostAt(inHours(3)), second),
    await statusOf(hostAt(inHours(3)), third),
  ]).toEqual([401, 200]);
});

test("its scopes are those of its entry; a wrong key learns nothing, and does not cause a read of the record each time", async () => {
  const key = await rotateKey();
  const host = hostAt(inHours(0), [{ id: "dashboard", token: "DASHBOARD_KEY", scopes: ["read"] }]);
  expect(
    await host.ask(rotate, {
      json: { token_name: "DASHBOARD_KEY" },
      headers: { authorization: `Bearer ${key}` },
    }),
  ).toMatchObject({
    status: 403,
    body: { code: "scope-missing" },
  });
  const before = github.requests.length;
  for (let count = 0; count < 20; count += 1)
    expect(await statusOf(host, `wrong-${count}`)).toBe(401);
  expect(github.requests.length).toBe(before);
  expect(host.said.join("\n")).not.toContain(key);
});

test("many wrong keys at once cost as much as one, and a failed read is repeated", async () => {
  const key = await rotateKey();
  const costOf = async (count: number) => {
    const before = github.requests.length;
    const host = hostAt(inHours(0));
    const statuses = await Promise.all(
      Array.from({ length: count }, (_, index) => statusOf(host, `wrong-${index}`)),
    );
    expect(new Set(statuses)).toEqual(new Set([401]));
    return github.requests.length - before;
  };
  expect(await costOf(20)).toBe(await costOf(1));
  const host = hostAt(inHours(0));
  github.faults.add({
    match: {},
    action: { kind: "status", status: 401 },
    times: Number.POSITIVE_INFINITY,
  });
  expect(await statusOf(host, key)).toBe(424);
  github.faults.clear();
  expect(await statusOf(host, key)).toBe(200);
});

test("a read that never ends keeps no other caller out", async () => {
  const key = await rotateKey();
  const host = hostAt(inHours(0));
  github.faults.add({ match: {}, action: { kind: "hang" }, times: 1 });
  const stuck = statusOf(host, "wrong");
  expect(await statusOf(host, key)).toBe(200);
  github.faults.clear();
  await github.close();
  expect(await stuck).toBeGreaterThanOrEqual(400);
});

test("fingerprints under a key are recognized with it; an entry may expire", async () => {
  const key = await rotateKey(new Secret("pepper"));
  expect(await statusOf(hostAt(inHours(0)), key)).toBe(401);
  const pepper = { TOKEN_AUTOMATION_FINGERPRINT_KEY: "pepper" };
  expect(await statusOf(hostAt(inHours(0), KEYS, pepper), key)).toBe(200);
  expect(
    await statusOf(
      hostAt(inHours(0), [{ ...KEYS[0], expires_at: "2020-01-01T00:00:00Z" }], pepper),
      key,
    ),
  ).toBe(401);
});

test("an undeclared token, or one that was never rotated, lets no caller in", async () => {
  expect(await statusOf(hostAt(inHours(0)), "anything")).toBe(401);
  expect(
    await statusOf(
      hostAt(inHours(0), [{ id: "a", token: "UNDECLARED", scopes: ["read"] }]),
      "anything",
    ),
  ).toBe(401);
});
