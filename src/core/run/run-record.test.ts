import { describe, expect, test } from "vitest";
import { NOW, recordsOnGitHub } from "../../../test/record-on-github.ts";
import { rotatedState } from "../../../test/token-states.ts";
import { Secret } from "../base/secret.ts";
import type { TokenConfig } from "../model/schema.ts";
import type { RunRequest } from "./request.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const daily = { interval_hours: 24 };
const ONE = { version: 1, tokens: { ALPHA: {} }, rules: { ALPHA: daily } };

const world = recordsOnGitHub();
const due: RunRequest = {
  wanted: { kind: "due" },
  triggeredBy: { kind: "schedule" },
  dryRun: false,
};
const asked = (value: Secret | null = null): RunRequest => ({
  wanted: { kind: "tokens", names: ["ALPHA"], value, create: false },
  triggeredBy: { kind: "cli" },
  dryRun: false,
});
const seeing = (value: string, request: RunRequest = due): RunRequest => ({
  ...request,
  seen: new Map([["ALPHA", new Secret(value)]]),
});
const placing = { method: "PUT" } as const;

test("an outage at preflight counts as a failure, and is waited out; a missing permission writes nothing", async () => {
  const { github, repository, open, state, passed } = await world(ONE);
  github.faults.add({
    match: { path: /public-key$/ },
    action: { kind: "status", status: 503 },
    times: Infinity,
  });
  expect(await (await open()).run(due)).toMatchObject({ failed: ["ALPHA"] });
  expect(state()).toMatchObject({
    current: null,
    pending: null,
    failures: 1,
    next_attempt_at: "2026-03-01T00:05:00.000Z",
  });
  passed(MINUTE);
  expect(await (await open()).run(due)).toMatchObject({
    failed: [],
    skipped: ["ALPHA"],
    commit: null,
  });
  github.faults.clear();
  passed(6 * MINUTE);
  expect(await (await open()).run(due)).toMatchObject({ rotated: ["ALPHA"] });
  const before = repository.commits().length;
  github.faults.add({
    match: { path: /public-key$/ },
    action: { kind: "status", status: 403 },
    times: Infinity,
  });
  expect(await (await open()).run(asked())).toMatchObject({ failed: ["ALPHA"], commit: null });
  expect(repository.commits()).toHaveLength(before);
});

test("a failure that cannot be recorded either is reported all the same", async () => {
  const { github, open } = await world(ONE);
  github.faults.add({
    match: { path: /public-key$/ },
    action: { kind: "status", status: 503 },
    times: Infinity,
  });
  github.faults.add({
    match: { graphql: "mutation" },
    action: { kind: "status", status: 403 },
    times: Infinity,
  });
  const report = await (await open()).run(due);
  expect(report).toMatchObject({ failed: ["ALPHA"], commit: null });
  expect(report.warnings).toEqual([expect.stringMatching(/^The failures could not be recorded: /)]);
});

test("what is pending for a token that was removed is given up, once, and its boxes are gone", async () => {
  const { github, repository, open, edit, state, passed } = await world(ONE);
  github.faults.add({ match: placing, action: { kind: "status", status: 422 }, times: Infinity });
  await (await open()).run(due);
  expect(state()?.pending?.boxes).not.toBeNull();
  edit(({ tokens: _tokens, rules: _rules, ...config }) => ({ ...config, tokens: {} }));
  passed(5 * MINUTE);
  await (await open()).run(due);
  expect(state()).toMatchObject({ pending: null, abandoned_generation: 1 });
  const commits = repository.commits().length;
  await (await open()).run(due);
  expect(repository.commits()).toHaveLength(commits);
});

test("a token whose declaration changed while its workflow ran is taken up by the next run", async () => {
  const workflow = { tokens: ["ALL_TOKENS"], schedule: "0 0 * * *" };
  const seen = { first_seen_at: "2026-02-01T00:00:00Z" };
  const config = {
    version: 1,
    tokens: { ALPHA: {}, BETA: {} },
    workflows: { nightly: workflow },
    state: { workflows: { nightly: seen } },
  };
  const { github, open, edit, state, passed } = await world(config);
  const lengthen = (before: TokenConfig): TokenConfig => ({
    ...before,
    tokens: { ...before.tokens, ALPHA: { length: 40 } },
  });
  github.faults.add({
    match: { path: /public-key$/ },
    action: { kind: "call", before: () => edit(lengthen) },
    times: 1,
  });
  expect(await (await open()).run(due)).toMatchObject({ rotated: ["BETA"], skipped: ["ALPHA"] });
  expect(state("ALPHA")).toMatchObject({ failures: 0, next_attempt_at: NOW.toISOString() });
  passed(MINUTE);
  expect(await (await open()).run(due)).toMatchObject({ rotated: ["ALPHA"], failed: [] });
  expect(state("ALPHA")).not.toHaveProperty("next_attempt_at");
});

test("a workflow that is called like what every object has is noted like any other", async () => {
  const workflows = { constructor: { tokens: ["ALPHA"], schedule: "@daily" } };
  const { open, record } = await world({ version: 1, tokens: { ALPHA: {} }, workflows });
  expect(
    await (await open()).run({ ...due, wanted: { kind: "workflow", name: "constructor" } }),
  ).toMatchObject({ rotated: ["ALPHA"] });
  expect(record().state?.workflows).toEqual({
    constructor: { first_seen_at: NOW.toISOString(), last_run_at: NOW.toISOString() },
  });
  // A record that lacks one of the two is refused from then on.
  expect(await (await open()).run(due)).toMatchObject({ rotated: [], failed: [] });
});

test("a clock that steps back does not run a workflow's occurrences again", async () => {
  const workflows = { often: { tokens: ["ALPHA"], schedule: "0 * * * *" } };
  const state = { workflows: { often: { first_seen_at: "2026-02-01T00:00:00Z" } } };
  const { open, record, passed } = await world({
    version: 1,
    tokens: { ALPHA: {} },
    workflows,
    state,
  });
  await (await open()).run(due);
  passed(-2 * HOUR);
  await (await open()).run({ ...due, wanted: { kind: "workflow", name: "often" } });
  expect(record().state?.workflows?.often?.last_run_at).toBe(NOW.toISOString());
});

test("a date of a clock that was years ahead is told by every run, and ended by a rotation by name", async () => {
  const nightly = { tokens: ["BETA"], schedule: "0 0 * * *" };
  const config = {
    version: 1,
    tokens: { ALPHA: {}, BETA: {} },
    rules: { ALPHA: daily },
    workflows: { nightly },
  };
  const { open, edit, record, passed } = await world(config);
  await (await open()).run(due);
  const ahead = "2036-01-01T00:00:00Z";
  edit(({ state, ...rest }) => ({
    ...rest,
    state: {
      tokens: { ALPHA: rotatedState({ ...state?.tokens?.ALPHA?.current, rotated_at: ahead }) },
      workflows: { nightly: { first_seen_at: ahead } },
    },
  }));
  for (const days of [2, 3]) {
    passed(days * 24 * HOUR);
    const report = await (await open()).run(due);
    expect(report).toMatchObject({ rotated: [], commit: null });
    expect(report.warnings).toEqual([
      expect.stringMatching(
        /^ALPHA: the record says that it was rotated at 2036-.*rotate it by name\.$/,
      ),
      expect.stringMatching(
        /^The record says that the workflow nightly ran at 2036-.*run it by name\.$/,
      ),
    ]);
  }
  expect((await (await open()).plan()).workflows).toMatchObject([
    { next_run: "2036-01-02T00:00:00Z" },
  ]);
  expect(await (await open()).run(asked())).toMatchObject({ rotated: ["ALPHA"] });
  const byName = { ...due, wanted: { kind: "workflow", name: "nightly" } } as const;
  expect(await (await open()).run(byName)).toMatchObject({ rotated: ["BETA"], warnings: [] });
  expect(record().state?.workflows?.nightly?.last_run_at).toBe("2026-03-04T00:00:00.000Z");
});

test("a job that was queued before the first rotation sees what stood there before: late, not adrift", async () => {
  const { open, state, passed } = await world(ONE);
  await (await open()).run(due);
  passed(HOUR - MINUTE);
  expect(await (await open()).run(seeing("what stood there before"))).toMatchObject({
    drifted: [],
    warnings: [],
  });
  expect(state()).not.toHaveProperty("drift");
  passed(HOUR + MINUTE);
  expect(await (await open()).run(seeing("what stood there before"))).toMatchObject({
    drifted: ["ALPHA"],
  });
});

describe("a drift that was taken back", () => {
  test("is not seen again by a job that was queued before, but by one an hour later", async () => {
    const { open, state, passed } = await world(ONE);
    await (await open()).run(due);
    passed(2 * HOUR);
    expect(await (await open()).run(seeing("a person's own"))).toMatchObject({
      drifted: ["ALPHA"],
    });
    const back = await (await open()).run(seeing("a person's own", asked()));
    expect(back).toMatchObject({ rotated: ["ALPHA"], drifted: [], warnings: [] });
    expect(await (await open()).run(seeing("a person's own"))).toMatchObject({ drifted: [] });
    expect(state()).not.toHaveProperty("drift");
    passed(4 * HOUR);
    expect(await (await open()).run(seeing("a person's own"))).toMatchObject({
      drifted: ["ALPHA"],
    });
  });

  test("may be taken back by handing in the recorded value again", async () => {
    const { open, repository, state, passed } = await world(ONE);
    const mine = new Secret("the value that a person handed in");
    const options = { fingerprintKey: new Secret("a fingerprint key") };
    await (await open(options)).run(asked(mine));
    expect(await (await open(options)).run(asked(mine))).toMatchObject({
      tokens: [{ error: { code: "value-unchanged" } }],
    });
    passed(2 * HOUR);
    await (await open(options)).run(seeing("a person's own"));
    expect(await (await open(options)).run(asked(mine))).toMatchObject({ rotated: ["ALPHA"] });
    expect(state()).toMatchObject({ current: { generation: 2 } });
    expect(repository.secret("ALPHA")?.value).toBe("the value that a person handed in");
  });
});
