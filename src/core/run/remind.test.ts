// Values that people make, in whole runs: one reminder, nothing failed, and closed by the value that is handed in.
import { expect, test } from "vitest";
import { startReceiver } from "../../../test/http-servers.ts";
import { recordsOnGitHub } from "../../../test/record-on-github.ts";
import { DAY_MS } from "../base/instant.ts";
import { Secret } from "../base/secret.ts";

const recordOnGitHub = recordsOnGitHub();
const due = { wanted: { kind: "due" }, dryRun: false, triggeredBy: { kind: "schedule" } } as const;
const workflow = {
  wanted: { kind: "workflow", name: "nightly" },
  dryRun: false,
  triggeredBy: { kind: "cli" },
} as const;
const handIn = (value: string) =>
  ({
    wanted: { kind: "tokens", names: ["ALPHA"], value: new Secret(value), create: false },
    dryRun: false,
    triggeredBy: { kind: "cli" },
  }) as const;
const CANARY = ["handed", "in", "by", "a", "person"].join("-");

const steps = ["Open the console", "Make a *new* key for @everyone"];
const config = (more: object = {}) => ({
  version: 1,
  tokens: {
    ALPHA: {
      issuer: {
        use: "manual",
        owner: "@acme/ops",
        steps,
        url: "https://example.com/keys",
        ...more,
      },
    },
  },
  rules: { ALPHA: { interval_hours: 24 * 30 } },
  workflows: { nightly: { tokens: ["ALL_TOKENS"], schedule: "17 2 * * *", enabled: false } },
});

test("one issue is opened in the lead time, told again once it is overdue, and closed by the value that is handed in", async () => {
  const { open, repository, github, passed, state } = await recordOnGitHub(config());
  await (await open()).run(handIn("the first value of them all"));
  expect(repository.issues).toEqual([]);
  passed(22 * DAY_MS);
  await (await open()).run(due);
  expect(repository.issues).toEqual([]);

  passed(23 * DAY_MS);
  const first = await (await open()).run(due);
  expect(first).toMatchObject({
    failed: [],
    warnings: [],
    tokens: [{ status: "skipped", reason: expect.stringContaining("waits for @acme/ops") }],
  });
  expect(repository.issues).toMatchObject([
    { number: 1, state: "open", title: "ALPHA needs a new value by 2026-03-31" },
  ]);
  const body = repository.issues[0]?.body ?? "";
  expect(body).toContain("@acme/ops makes the next value");
  expect(body).toContain("1. Open the console\n2. Make a \\*new\\* key for \\@everyone");
  expect(body).toContain("<https://example.com/keys>");

  const head = repository.head();
  github.reset();
  passed(24 * DAY_MS);
  await (await open()).run(due);
  expect(repository.head()).toBe(head);
  expect(github.requests.filter(({ path }) => path.includes("issues"))).toEqual([]);

  passed(31 * DAY_MS);
  await (await open()).run(due);
  expect(repository.issues).toMatchObject([
    { number: 1, state: "open", title: "ALPHA needs a new value now" },
  ]);
  expect((await (await open()).health()).tokens).toMatchObject([
    { reason: expect.stringContaining("waits for @acme/ops") },
  ]);
  expect((await (await open()).suggest()).suggestions).toContain("👤 Waits for a person: ALPHA");

  expect((await (await open()).run(handIn(CANARY))).rotated).toEqual(["ALPHA"]);
  expect(repository.secret("ALPHA")?.value).toBe(CANARY);
  expect(repository.issues).toMatchObject([{ number: 1, state: "closed" }]);
  expect(state()).not.toHaveProperty("reminded");
  expect(JSON.stringify([repository.files(), repository.issues])).not.toContain(CANARY);
});

test("a workflow that means every token passes it over and does not fail", async () => {
  const { open } = await recordOnGitHub(config());
  expect(await (await open()).run(workflow)).toMatchObject({
    failed: [],
    tokens: [{ status: "skipped", reason: "its value is made by @acme/ops: hand in the new one" }],
  });
});

test("an empty value, and the one that it already has, are refused; the reminder stays", async () => {
  const { open, repository } = await recordOnGitHub(config());
  const fingerprintKey = new Secret("a fingerprint key of the tests");
  await (await open({ fingerprintKey })).run(handIn(CANARY));
  for (const [value, code] of [
    ["", "empty-value"],
    [CANARY, "value-unchanged"],
  ] as const) {
    expect((await (await open({ fingerprintKey })).run(handIn(value))).tokens).toMatchObject([
      { status: "failed", error: { code } },
    ]);
  }
  expect(repository.secret("ALPHA")?.value).toBe(CANARY);
});

test("an issue that could not be opened fails nothing, and is opened by the next run; one that could not be closed is closed by it", async () => {
  const { open, repository, github, passed } = await recordOnGitHub(config());
  const issues = "/repos/acme/widgets/issues";
  github.faults.add({
    match: { method: "POST", path: issues },
    action: { kind: "apply-then-cut" },
  });
  const report = await (await open()).run(due);
  expect(report).toMatchObject({
    failed: [],
    warnings: [expect.stringContaining("ALPHA: its owner could not be reminded")],
  });
  passed(60_000);
  expect((await (await open()).run(due)).warnings).toEqual([]);
  expect(repository.issues).toHaveLength(1);

  github.faults.add({
    match: { method: "PATCH", path: `${issues}/1` },
    times: 9,
    action: { kind: "status", status: 404 },
  });
  passed(120_000);
  const rotated = await (await open()).run(handIn(CANARY));
  expect(rotated).toMatchObject({
    rotated: ["ALPHA"],
    warnings: [expect.stringContaining("its reminder could not be closed")],
  });
  expect(repository.issues).toMatchObject([{ state: "open" }]);
  github.faults.clear();
  await (await open()).run(due);
  expect(repository.issues).toMatchObject([{ state: "closed" }]);
});

test("a notification goes to the webhook once; without one, each run says so", async () => {
  const { open, repository, passed } = await recordOnGitHub(config({ remind: "notification" }));
  expect((await (await open()).run(due)).warnings).toEqual([
    expect.stringContaining("none is set"),
  ]);
  const receiver = await startReceiver([200]);
  try {
    const webhook = { url: new Secret(`${receiver.url}/hook`), secret: null };
    await (await open({ webhook })).run(due);
    passed(DAY_MS);
    await (await open({ webhook })).run(due);
    const received = receiver.posts.map(({ body }): unknown => JSON.parse(body));
    expect(received).toMatchObject([
      {
        kind: "reminder",
        reminder: { token_name: "ALPHA", owner: "@acme/ops", steps, overdue: true },
      },
    ]);
    expect(repository.issues).toEqual([]);
  } finally {
    await receiver.close();
  }
});
