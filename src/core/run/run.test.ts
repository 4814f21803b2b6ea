import { afterEach, describe, expect, test } from "vitest";
import { DEFAULT_TOKEN, startGitHub, type TestGitHub } from "../../../test/github/server.ts";
import { entriesIn, historyState } from "../../../test/record-history.ts";
import { compose } from "../../compose/compose.ts";
import { Secret } from "../base/secret.ts";
import type { TokenConfig } from "../model/schema.ts";
import { chainEntries, filesOfEntries, verifyChain } from "../record/history.ts";
import type { RunRequest } from "./request.ts";

const NOW = new Date("2026-03-01T00:00:00Z");
const HOUR = 3_600_000;
const PATH = "token_config.json";
const REPOSITORY = "acme/widgets";

const servers: TestGitHub[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

type Scenario = {
  readonly config: unknown;
  readonly visibility?: "public" | "private";
  readonly now?: () => Date;
};

async function scenario({ config, visibility = "private", now = () => NOW }: Scenario) {
  const github = await startGitHub({
    repositories: [
      {
        fullName: REPOSITORY,
        visibility,
        files: { [PATH]: `${JSON.stringify(config, null, 2)}\n` },
      },
    ],
  });
  servers.push(github);
  const open = (at: () => Date = now, token = DEFAULT_TOKEN) =>
    compose({
      place: {
        kind: "github",
        repository: REPOSITORY,
        branch: null,
        access: { token: new Secret(token), apiUrl: github.url, graphqlUrl: github.graphqlUrl },
      },
      configPath: PATH,
      fingerprintKey: null,
      whenMissing: "error",
      clock: at,
    });
  const record = (): TokenConfig => JSON.parse(github.repository().file(PATH) ?? "null");
  const history = () => entriesIn(github.repository().files());
  return { github, repository: github.repository(), open, record, history };
}

const due: RunRequest = {
  wanted: { kind: "due" },
  triggeredBy: { kind: "schedule" },
  dryRun: false,
};
const asked = (names: string[], value: Secret | null = null): RunRequest => ({
  wanted: { kind: "tokens", names, value, create: false },
  triggeredBy: { kind: "cli" },
  dryRun: false,
});
const daily = { interval_hours: 24 };
const TWO = {
  version: 1,
  tokens: { ALPHA: {}, BETA: { type: "password" } },
  rules: { ALPHA: daily, BETA: daily },
};

function requestsTo(github: TestGitHub): string[] {
  return github.requests.map(
    (request) =>
      `${request.method} ${request.path}${request.operation ? ` ${request.operation}` : ""} ${request.status}`,
  );
}

describe("a run", () => {
  test("rotates what is due in K + 4 requests, records it, and then has nothing to do in one", async () => {
    const { github, repository, open, history, record } = await scenario({ config: TWO });
    const { run_id, ...report } = await (await open()).run(due);
    expect(requestsTo(github)).toEqual([
      "POST /graphql query 200",
      "GET /repos/acme/widgets/actions/secrets/public-key 200",
      "POST /graphql mutation 200",
      "PUT /repos/acme/widgets/actions/secrets/ALPHA 201",
      "PUT /repos/acme/widgets/actions/secrets/BETA 201",
      "POST /graphql mutation 200",
    ]);
    const { ALPHA, BETA } = record().state?.tokens ?? {};
    expect(report).toEqual({
      started_at: NOW.toISOString(),
      finished_at: NOW.toISOString(),
      dry_run: false,
      triggered_by: { kind: "schedule" },
      tokens: [
        {
          token_name: "ALPHA",
          status: "rotated",
          reason: "never rotated",
          generation: 1,
          previous_hash: null,
          new_hash: ALPHA?.current?.fingerprint,
          destinations: [{ id: "actions:acme/widgets:ALPHA", status: "placed", error: null }],
          warnings: [],
          error: null,
        },
        {
          token_name: "BETA",
          status: "rotated",
          reason: "never rotated",
          generation: 1,
          previous_hash: null,
          new_hash: BETA?.current?.fingerprint,
          destinations: [{ id: "actions:acme/widgets:BETA", status: "placed", error: null }],
          warnings: [],
          error: null,
        },
      ],
      rotated: ["ALPHA", "BETA"],
      failed: [],
      failing: [],
      skipped: [],
      drifted: [],
      proved: [],
      revoked: [],
      commit: { sha: repository.head(), url: expect.stringContaining(repository.head() ?? "?") },
      next_due: { token_name: "ALPHA", at: "2026-03-02T00:00:00Z" },
      warnings: [],
    });
    expect(repository.secret("ALPHA")?.value).toMatch(/^[A-Za-z0-9]{32}$/);
    expect(repository.secret("BETA")?.value).toHaveLength(24);
    expect(ALPHA).toEqual({
      current: {
        generation: 1,
        fingerprint: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
        ref: null,
        issuer: "generate",
        expires_at: null,
        destinations: {
          "actions:acme/widgets:ALPHA": {
            status: "placed",
            generation: 1,
            placed_at: NOW.toISOString(),
            error: null,
          },
        },
        rotated_at: NOW.toISOString(),
      },
      previous_fingerprint: null,
      issues: { day: "2026-03-01", count: 1 },
      pending: null,
      failures: 0,
      last_error: null,
    });
    expect(
      history().map(({ event, token_name, generation, previous_entry }) => ({
        event,
        token_name,
        generation,
        chained: previous_entry !== null,
      })),
    ).toEqual([
      {
        event: "rotated",
        token_name: "ALPHA",
        generation: 1,
        chained: false,
      },
      {
        event: "rotated",
        token_name: "BETA",
        generation: 1,
        chained: true,
      },
    ]);

    const head = repository.head();
    github.reset();
    const again = await (await open(() => new Date(NOW.getTime() + 23 * HOUR))).run(due);
    expect(again).toMatchObject({ rotated: [], failed: [], skipped: [], commit: null });
    expect(requestsTo(github)).toEqual(["POST /graphql query 200"]);
    expect(repository.head()).toBe(head);
  });

  test("that only reports writes nothing", async () => {
    const { github, repository, open } = await scenario({ config: TWO });
    const head = repository.head();
    const report = await (await open()).run({ ...due, dryRun: true });
    expect(
      report.tokens.map((token) => [token.token_name, token.status, token.generation]),
    ).toEqual([
      ["ALPHA", "planned", 1],
      ["BETA", "planned", 1],
    ]);
    expect(requestsTo(github)).toEqual(["POST /graphql query 200"]);
    expect(repository.head()).toBe(head);
  });

  test("costs as many requests, and as long a record, with five years of daily history", async () => {
    const days = 5 * 365;
    const drafts = Array.from({ length: days }, (_, index) => ({
      at: new Date(NOW.getTime() - (days - index) * 24 * HOUR).toISOString(),
      event: "rotated",
      token_name: "GAMMA",
      generation: index + 1,
      previous_hash: null,
      new_hash: null,
      triggered_by: { kind: "schedule" as const },
    }));
    const past = chainEntries(drafts);
    const measured = [];
    for (const entries of [[], past]) {
      const state = { history: historyState(entries) };
      const { github, repository, open, history } = await scenario({ config: { ...TWO, state } });
      if (entries.length > 0)
        repository.commit(Object.fromEntries(filesOfEntries(PATH, entries)), "Years");
      await (await open()).run(due);
      const requests = requestsTo(github).length;
      const quiet = github.requests.length;
      await (await open()).run(due);
      measured.push([requests, github.requests.length - quiet]);
      expect(verifyChain(history(), null).breaks).toEqual([]);
      expect(history()).toHaveLength(entries.length + 2);
      expect(Buffer.byteLength(repository.file(PATH) ?? "")).toBeLessThan(3000);
    }
    expect(measured).toEqual([
      [6, 1],
      [6, 1],
    ]);
  });

  test("journals boxes in a private repository, and only intents in a public one", async () => {
    for (const visibility of ["private", "public"] as const) {
      const { repository, open } = await scenario({ config: TWO, visibility });
      await (await open()).run(due);
      const [, journal] = repository.commits();
      // The newest version is the record, the one before it the journal.
      const { pending } = JSON.parse(repository.history(PATH)[1]?.content ?? "").state.tokens.ALPHA;
      expect({
        visibility,
        message: journal?.message.split("\n")[0],
        stage: pending.stage,
        boxes: pending.boxes && Object.keys(pending.boxes),
      }).toEqual({
        visibility,
        message: "token-automation: prepare ALPHA, BETA [skip ci]",
        stage: "sealed",
        boxes: visibility === "private" ? ["actions:acme/widgets:ALPHA"] : null,
      });
    }
  });

  test("whose placing is refused for one token rotates the other, and the next run places the same box again", async () => {
    let now = NOW;
    const { github, repository, open, record } = await scenario({ config: TWO, now: () => now });
    github.faults.add({
      match: { method: "PUT", path: /BETA$/ },
      action: { kind: "status", status: 422, body: { message: "no" } },
    });
    const report = await (await open()).run(due);
    expect(report).toMatchObject({ rotated: ["ALPHA"], failed: ["BETA"] });
    expect(repository.secret("BETA")).toBeNull();
    const waiting = record().state?.tokens?.BETA;
    expect(waiting).toMatchObject({
      current: null,
      failures: 1,
      pending: { generation: 1, stage: "sealed" },
    });
    now = new Date(NOW.getTime() + HOUR);
    const next = await (await open()).run(due);
    expect(next.tokens.map((token) => [token.token_name, token.status, token.generation])).toEqual([
      ["BETA", "resumed", 1],
    ]);
    expect(record().state?.tokens?.BETA).toMatchObject({
      current: { generation: 1, fingerprint: waiting?.pending?.fingerprint },
      pending: null,
      failures: 0,
    });
    expect(repository.secret("BETA")?.value).toHaveLength(24);
  });

  test("that may not write secrets says which permission is missing and writes nothing", async () => {
    const { github, repository, open } = await scenario({ config: TWO });
    const token = `ghs_${"C".repeat(36)}`;
    github.addToken({ token, permissions: { contents: "write" } });
    const head = repository.head();
    const report = await (await open(undefined, token)).run(due);
    expect(report.failed).toEqual(["ALPHA", "BETA"]);
    expect(report.tokens[0]?.error).toMatchObject({ kind: "denied" });
    expect(JSON.stringify(report.tokens[0]?.error).toLowerCase()).toContain("secrets");
    expect(repository.head()).toBe(head);
    expect(repository.secrets()).toEqual([]);
  });

  test("that may not commit places nothing: the journal comes first", async () => {
    const { github, repository, open } = await scenario({ config: TWO });
    repository.protectedBranches.set("main", "ruleset");
    await expect((await open()).run(due)).rejects.toMatchObject({
      kind: "denied",
      code: "branch-protected",
    });
    expect(github.requests.filter((request) => request.method === "PUT")).toEqual([]);
  });

  test("that meets another at the journal leaves its tokens alone", async () => {
    const { github, repository, open, record } = await scenario({ config: TWO });
    const other = await open();
    const others: string[] = [];
    github.faults.add({
      match: { graphql: "mutation" },
      action: {
        kind: "call",
        before: async () => void others.push(...(await other.run(due)).rotated),
      },
    });
    const report = await (await open()).run(due);
    expect(others).toEqual(["ALPHA", "BETA"]);
    expect(report.tokens.map((token) => [token.status, token.reason])).toEqual([
      ["skipped", "another run took it up meanwhile"],
      ["skipped", "another run took it up meanwhile"],
    ]);
    expect(record().state?.tokens?.ALPHA).toMatchObject({
      current: { generation: 1 },
      pending: null,
    });
    expect(repository.commits()).toHaveLength(3);
  });

  test("that meets a person's edit keeps both", async () => {
    const { github, repository, open, record } = await scenario({ config: TWO });
    github.faults.add({
      match: { graphql: "mutation", nth: 2 },
      action: {
        kind: "call",
        before: () => {
          const edited = { ...record(), "x-note": "kept" };
          repository.commit({ [PATH]: JSON.stringify(edited, null, 2) }, "Edit by hand");
        },
      },
    });
    const report = await (await open()).run(due);
    expect(report.rotated).toEqual(["ALPHA", "BETA"]);
    expect(record()).toMatchObject({
      "x-note": "kept",
      state: { tokens: { ALPHA: { current: { generation: 1 }, pending: null } } },
    });
  });

  test("that dies after the journal is finished by the next, from the record alone", async () => {
    const { github, repository, open, record } = await scenario({ config: TWO });
    github.faults.add({
      match: { graphql: "mutation", nth: 2 },
      times: 99,
      action: { kind: "status", status: 403, body: { message: "no" } },
    });
    const report = await (await open()).run(due);
    expect(report.failed).toEqual(["ALPHA", "BETA"]);
    expect(report.tokens[0]?.error?.code).toBe("not-recorded");
    const placed = repository.secret("ALPHA")?.value;
    github.faults.clear();
    const next = await (await open(() => new Date(NOW.getTime() + HOUR))).run(due);
    expect(next.tokens.map((token) => token.status)).toEqual(["resumed", "resumed"]);
    expect(repository.secret("ALPHA")?.value).toBe(placed);
    expect(record().state?.tokens?.ALPHA).toMatchObject({
      current: { generation: 1 },
      pending: null,
    });
  });

  test("records workflows it sees for the first time, and runs them when their time has come", async () => {
    const config = {
      version: 1,
      tokens: { ALPHA: {} },
      workflows: { nightly: { tokens: ["ALL_TOKENS"], schedule: "0 2 * * *" } },
    };
    const { open, record } = await scenario({ config });
    expect((await (await open()).run(due)).rotated).toEqual([]);
    expect(record().state?.workflows).toEqual({
      nightly: { first_seen_at: NOW.toISOString(), last_run_at: null },
    });
    const later = new Date("2026-03-04T09:30:00Z");
    const report = await (await open(() => later)).run(due);
    expect(report.tokens).toMatchObject([
      {
        token_name: "ALPHA",
        status: "rotated",
        reason: "workflow nightly was due at 2026-03-01T02:00:00Z",
      },
    ]);
    expect(record().state?.workflows).toEqual({
      nightly: { first_seen_at: NOW.toISOString(), last_run_at: later.toISOString() },
    });
    expect((await (await open(() => later)).run(due)).rotated).toEqual([]);
  });
});

describe("a value that a person hands in", () => {
  test("is placed and stands nowhere else; without a key it leaves no fingerprint", async () => {
    const { github, repository, open, record } = await scenario({ config: TWO });
    const value = "canary-5bd1d5f5-correct horse";
    const report = await (await open()).run(asked(["BETA"], new Secret(value)));
    expect(report).toMatchObject({
      rotated: ["BETA"],
      tokens: [{ reason: "asked for", new_hash: null }],
    });
    expect(repository.secret("BETA")?.value).toBe(value);
    expect(record().state?.tokens?.BETA?.current?.fingerprint).toBeNull();
    const everything = JSON.stringify([report, github.requests, repository.history(PATH)]);
    for (const form of [
      value,
      Buffer.from(value).toString("base64"),
      Buffer.from(value).toString("hex"),
      encodeURIComponent(value),
    ]) {
      expect(everything).not.toContain(form);
    }
  });

  test("is never replaced by a random one on schedule, only by name or by the next one handed in", async () => {
    let now = NOW;
    const config = {
      ...TWO,
      workflows: { all: { tokens: ["ALL_TOKENS"], schedule: "0 3 * * *" } },
    };
    const { repository, open, record } = await scenario({ config, now: () => now });
    await (await open()).run(asked(["BETA"], new Secret("canary-8d1f-handed-in")));
    now = new Date(NOW.getTime() + 50 * HOUR);
    expect(await (await open()).run(due)).toMatchObject({ rotated: ["ALPHA"], skipped: ["BETA"] });
    expect(
      await (await open()).run({ ...due, wanted: { kind: "workflow", name: "all" } }),
    ).toMatchObject({
      rotated: ["ALPHA"],
      failed: ["BETA"],
    });
    expect(repository.secret("BETA")?.value).toBe("canary-8d1f-handed-in");
    expect(record().state?.tokens?.BETA?.current?.issuer).toBe("manual");
    expect(await (await open()).run(asked(["BETA"]))).toMatchObject({ rotated: ["BETA"] });
  });

  test("is what a github_pat needs: without one it is refused, with nothing written", async () => {
    const { repository, open } = await scenario({
      config: { version: 1, tokens: { DEPLOY: { type: "github_pat" } } },
    });
    const head = repository.head();
    const report = await (await open()).run(asked(["DEPLOY"]));
    expect(report.tokens[0]).toMatchObject({
      status: "failed",
      error: { code: "issuer-required", kind: "misconfigured" },
    });
    expect(repository.head()).toBe(head);
    const value = `ghp_${"b".repeat(36)}`;
    expect(await (await open()).run(asked(["DEPLOY"], new Secret(value)))).toMatchObject({
      rotated: ["DEPLOY"],
    });
    expect(repository.secret("DEPLOY")?.value).toBe(value);
  });

  test("with a trailing newline, or empty, is refused with nothing written", async () => {
    const { repository, open } = await scenario({ config: TWO });
    const head = repository.head();
    for (const value of ["", "abc\n"]) {
      const report = await (await open()).run(asked(["ALPHA"], new Secret(value)));
      expect(report.tokens[0]).toMatchObject({
        status: "failed",
        error: { kind: "misconfigured" },
      });
    }
    expect(repository.head()).toBe(head);
  });
});

test("an undeclared name is refused with the nearest", async () => {
  const { open } = await scenario({ config: TWO });
  await expect((await open()).run(asked(["ALPAH"]))).rejects.toMatchObject({
    code: "token-missing",
    hint: expect.stringContaining("ALPHA"),
  });
});

describe("what a job sees", () => {
  const run = async (
    open: Awaited<ReturnType<typeof scenario>>["open"],
    at: Date,
    value: string | null,
  ) =>
    (await open(() => at)).run({
      ...due,
      seen: new Map(value === null ? [] : [["ALPHA", new Secret(value)]]),
    });
  const at = (hours: number) => new Date(NOW.getTime() + hours * HOUR);

  test("proves a generation, once, in a commit of its own", async () => {
    const { repository, open, history, record } = await scenario({ config: TWO });
    await run(open, at(0), null);
    const value = repository.secret("ALPHA")?.value ?? "";
    expect(await run(open, at(1), value)).toMatchObject({
      rotated: [],
      proved: ["ALPHA"],
      commit: { sha: expect.any(String) },
    });
    expect(record()).toMatchObject({
      state: { tokens: { ALPHA: { current: { proved_at: at(1).toISOString() } } } },
    });
    expect(history().at(-1)).toMatchObject({
      event: "proved",
      token_name: null,
      token_names: ["ALPHA"],
    });
    const head = repository.head();
    expect(await run(open, at(2), value)).toMatchObject({ commit: null });
    expect(repository.head()).toBe(head);
  });

  test("that it still sees the value before is late, not adrift", async () => {
    const { repository, open, record } = await scenario({ config: TWO });
    await run(open, at(0), null);
    const first = repository.secret("ALPHA")?.value ?? "";
    await run(open, at(25), first);
    expect(await run(open, at(26), first)).toMatchObject({ drifted: [], proved: [], warnings: [] });
    expect(record().state?.tokens?.ALPHA).toMatchObject({
      current: { generation: 2 },
      seen_at: at(26).toISOString(),
    });
    expect(record().state?.tokens?.ALPHA?.current?.proved_at).toBeUndefined();
  });

  test("that is another value is drift: told, kept in the record, and overwritten by no schedule", async () => {
    const { repository, open, history, record } = await scenario({ config: TWO });
    await run(open, at(0), null);
    const drifted = await run(open, at(1), "canary-drift-9f27");
    expect(drifted).toMatchObject({
      drifted: ["ALPHA"],
      warnings: [expect.stringContaining("ALPHA: this job sees another value")],
    });
    expect(history().at(-1)).toMatchObject({
      event: "drift",
      token_name: "ALPHA",
      generation: 1,
    });
    const later = await run(open, at(30), "canary-drift-9f27");
    expect(later).toMatchObject({ rotated: ["BETA"], skipped: ["ALPHA"] });
    const health = await (await open(() => at(31))).health();
    expect(health.tokens[0]).toMatchObject({
      name: "ALPHA",
      status: "unknown",
      reason: expect.stringContaining("a value other than generation 1 was seen"),
    });
    const byName = await (await open(() => at(32))).run(asked(["ALPHA"]));
    expect(byName).toMatchObject({ rotated: ["ALPHA"] });
    expect(record().state?.tokens?.ALPHA?.drift).toBeUndefined();
    expect(JSON.stringify([repository.history(PATH), drifted])).not.toContain("canary-drift");
  });

  test.each<[string, RunRequest["wanted"]]>([
    ["the schedule's", { kind: "due" }],
    ["a workflow's", { kind: "workflow", name: "daily" }],
  ])(
    "that is first seen to be another value by %s run that would rotate it is not overwritten",
    async (_, wanted) => {
      const workflows = { daily: { tokens: ["ALL_TOKENS"], schedule: "0 2 * * *" } };
      const { repository, open, history, record } = await scenario({
        config: { ...TWO, workflows },
      });
      await run(open, at(0), null);
      const value = repository.secret("ALPHA")?.value;
      const seen = new Map([["ALPHA", new Secret("canary-drift-9f27")]]);
      const drifted = await (await open(() => at(30))).run({ ...due, wanted, seen });
      expect(drifted).toMatchObject({ rotated: ["BETA"], skipped: ["ALPHA"], drifted: ["ALPHA"] });
      expect(repository.secret("ALPHA")?.value).toBe(value);
      expect(record().state?.tokens?.ALPHA).toMatchObject({
        current: { generation: 1 },
        drift: { at: at(30).toISOString() },
      });
      expect(history().map(({ event, token_name }) => `${event} ${token_name}`)).toContain(
        "drift ALPHA",
      );
    },
  );
});

describe("a person", () => {
  test("resumes what is stuck, or gives it up", async () => {
    let now = NOW;
    const { github, repository, open, record } = await scenario({
      config: { ...TWO, settings: { stuck_after: 1 } },
      now: () => now,
    });
    github.faults.add({
      match: { method: "PUT", path: /ALPHA$/ },
      times: 1,
      action: { kind: "status", status: 422, body: {} },
    });
    await (await open()).run(due);
    now = new Date(NOW.getTime() + 48 * HOUR);
    expect(await (await open()).run(due)).toMatchObject({ rotated: ["BETA"], skipped: ["ALPHA"] });
    const resumed = await (await open()).run({
      ...due,
      wanted: { kind: "resume", names: ["ALPHA"] },
    });
    expect(resumed.tokens).toMatchObject([
      { token_name: "ALPHA", status: "resumed", generation: 1 },
    ]);
    await expect(
      (await open()).run({ ...due, wanted: { kind: "resume", names: ["ALPHA"] } }),
    ).rejects.toMatchObject({
      code: "nothing-pending",
    });

    github.faults.add({
      match: { method: "PUT", path: /ALPHA$/ },
      times: 1,
      action: { kind: "status", status: 422, body: {} },
    });
    await (await open()).run(asked(["ALPHA"]));
    const value = repository.secret("ALPHA")?.value;
    const aborted = await (await open()).abort("ALPHA", { kind: "cli" });
    expect(aborted).toMatchObject({ token_name: "ALPHA", generation: 2, placed: [] });
    expect(record().state?.tokens?.ALPHA).toMatchObject({
      current: { generation: 1 },
      pending: null,
      failures: 0,
      abandoned_generation: 2,
    });
    expect(repository.secret("ALPHA")?.value).toBe(value);
    expect(await (await open()).run(asked(["ALPHA"]))).toMatchObject({
      tokens: [{ generation: 3 }],
    });
  });
});

test("a bug that asks without end meets the day's cap", async () => {
  let now = NOW;
  const config = {
    ...TWO,
    settings: { max_rotations_per_day: 2 },
    workflows: { often: { tokens: ["ALPHA"], schedule: "*/5 * * * *" } },
  };
  const { open } = await scenario({ config, now: () => now });
  let rotations = 0;
  for (let minute = 0; minute < 24 * 60; minute += 45) {
    now = new Date(NOW.getTime() + minute * 60_000);
    rotations += (await (await open()).run(due)).rotated.filter((name) => name === "ALPHA").length;
  }
  expect(rotations).toBe(2);
});
