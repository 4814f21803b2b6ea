import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { anyConfig, NOW } from "../../../test/any-config.ts";
import { credential, rotatedState } from "../../../test/token-states.ts";
import { HOUR_MS, instantMs, toInstant } from "../base/instant.ts";
import type {
  CurrentCredential,
  Rule,
  TokenConfig,
  TokenDeclaration,
  TokenState,
  Workflow,
} from "../model/schema.ts";
import { type Home, liveGeneration, NEW_TOKEN_STATE } from "../model/token.ts";
import { BACKOFF_MAX_MS } from "../rotation/state.ts";
import { FLOOR_MS, WORKFLOW_FLOOR_MS } from "./claims.ts";
import { stuckHelp } from "./condition.ts";
import { nextDueOf, plan } from "./plan.ts";

const home: Home = { kind: "github", repository: "acme/app" };
const now = new Date("2026-01-10T12:00:00Z");
const ROTATED = { generation: 3, rotated_at: "2026-01-09T12:00:00Z" };
const PENDING: NonNullable<TokenState["pending"]> = {
  generation: 4,
  stage: "sealed",
  run_id: "run-7",
  started_at: "2026-01-10T11:55:00Z",
  lease_until: "2026-01-10T12:05:00Z",
  declaration: "0",
  fingerprint: null,
  ref: null,
  destinations: {},
  boxes: {},
};

type Given = {
  token?: TokenDeclaration;
  rule?: Rule;
  /** Of its live credential. */
  live?: Partial<CurrentCredential>;
  state?: Partial<TokenState>;
  workflow?: Partial<Workflow> & { base: string | null };
};

/** One token `A`, with what a case is about. */
function configOf({ token = {}, rule, live, state = live && {}, workflow }: Given): TokenConfig {
  const { base, ...declared } = workflow ?? { base: null };
  return {
    tokens: { A: token },
    rules: rule === undefined ? {} : { A: rule },
    workflows:
      workflow === undefined ? {} : { w: { tokens: ["A"], schedule: "0 2 * * *", ...declared } },
    state: {
      tokens: state === undefined ? {} : { A: rotatedState({ ...ROTATED, ...live }, state) },
      workflows: base === null ? {} : { w: { first_seen_at: base } },
    },
  };
}

const daily: Rule = { interval_hours: 24 };
const manual: Rule = { interval_hours: 24, auto_rotate: false };
const MINUTE_MS = 60_000;
const DAY = 1440 * MINUTE_MS;
const byHand: TokenDeclaration = { issuer: { use: "manual", owner: "@ops" } };
const pat: TokenDeclaration = { type: "github_pat" };
const yesterday = "2026-01-09T13:00:00Z";
const HELD = "GitHub issues these only to people: it needs a value (new_token) or an issuer";

describe("when one token is due", () => {
  type Outcome = {
    due?: string[];
    skipped?: [code: string, reason: string, until: string | null];
    next: string | null;
  };
  const at = (ms: number) => new Date(now.getTime() + ms).toISOString();
  test.each<[string, Given, Outcome]>([
    ["no rule, no workflow", { state: {} }, { next: null }],
    ["never rotated, no rule", {}, { next: null }],
    [
      "never rotated, with a rule",
      { rule: daily },
      { due: ["never rotated"], next: "2026-01-10T12:00:00Z" },
    ],
    ["never rotated, not by itself", { rule: manual }, { next: null }],
    [
      "its interval to the millisecond",
      { rule: daily, state: {} },
      { due: ["interval of 24 h elapsed"], next: "2026-01-10T12:00:00Z" },
    ],
    [
      "a millisecond before",
      { rule: daily, live: { rotated_at: "2026-01-09T12:00:00.001Z" } },
      { next: "2026-01-10T12:00:00.001Z" },
    ],
    [
      "half hours",
      { rule: { interval_hours: 1.5 }, state: {} },
      { due: ["interval of 1.5 h elapsed"], next: "2026-01-10T12:00:00Z" },
    ],
    ["an elapsed interval that is not automatic", { rule: manual, state: {} }, { next: null }],
    [
      "rotated ahead of this clock",
      { rule: daily, live: { rotated_at: "2031-01-01T00:00:00Z" } },
      { next: "2026-01-11T12:00:00Z" },
    ],
    [
      "a due workflow",
      { state: {}, workflow: { base: yesterday } },
      { due: ["workflow w was due at 2026-01-10T02:00:00Z"], next: "2026-01-10T12:00:00Z" },
    ],
    [
      "a due workflow, never rotated",
      { workflow: { base: yesterday } },
      { due: ["workflow w was due at 2026-01-10T02:00:00Z"], next: "2026-01-10T12:00:00Z" },
    ],
    [
      "a due workflow, not by its own rule",
      { rule: manual, state: {}, workflow: { base: yesterday } },
      { due: ["workflow w was due at 2026-01-10T02:00:00Z"], next: "2026-01-10T12:00:00Z" },
    ],
    [
      "a workflow that is not due yet",
      { state: {}, workflow: { base: "2026-01-10T02:00:00Z" } },
      { next: "2026-01-11T02:00:00Z" },
    ],
    [
      "a workflow never seen",
      { state: {}, workflow: { base: null } },
      { next: "2026-01-11T02:00:00Z" },
    ],
    [
      "a disabled workflow",
      { state: {}, workflow: { base: yesterday, enabled: false } },
      { next: null },
    ],
    [
      "interval and workflow",
      { rule: daily, state: {}, workflow: { base: yesterday } },
      {
        due: ["interval of 24 h elapsed", "workflow w was due at 2026-01-10T02:00:00Z"],
        next: "2026-01-10T12:00:00Z",
      },
    ],
    [
      "a workflow sooner than its interval",
      { rule: { interval_hours: 168 }, state: {}, workflow: { base: "2026-01-10T02:00:00Z" } },
      { next: "2026-01-11T02:00:00Z" },
    ],
    [
      "declared expiry reached",
      { token: { expires_at: at(0) }, rule: { interval_hours: 168 }, state: {} },
      { due: ["expired at 2026-01-10T12:00:00Z"], next: "2026-01-10T12:00:00Z" },
    ],
    [
      "recorded expiry reached",
      { rule: { interval_hours: 168 }, live: { expires_at: at(-1) } },
      { due: ["expired at 2026-01-10T11:59:59.999Z"], next: "2026-01-10T12:00:00Z" },
    ],
    [
      "expiry reached, not automatic",
      { rule: manual, live: { expires_at: at(-1) } },
      { next: null },
    ],
    [
      "a fifth of its lifetime before it expires",
      { rule: { interval_hours: 168 }, live: { expires_at: at(6 * HOUR_MS) } },
      { due: ["expires at 2026-01-10T18:00:00Z"], next: "2026-01-10T12:00:00Z" },
    ],
    [
      "a moment before that",
      { rule: { interval_hours: 168 }, live: { expires_at: at(6 * HOUR_MS + 5) } },
      { next: "2026-01-10T12:00:00.004Z" },
    ],
    [
      "never more than a day before it expires",
      { rule: { interval_hours: 8760 }, live: { expires_at: "2026-02-10T00:00:00Z" } },
      { next: "2026-02-09T00:00:00Z" },
    ],
    [
      "a declared expiry from before the last rotation",
      { token: { expires_at: "2026-01-01T00:00:00Z" }, rule: { interval_hours: 168 }, state: {} },
      { next: "2026-01-16T12:00:00Z" },
    ],
    [
      "exposed, nothing else",
      { state: { exposed_at: "2026-01-10T00:00:00Z" } },
      { due: ["its value is in the git history"], next: "2026-01-10T12:00:00Z" },
    ],
    [
      "exposed, never rotated",
      { rule: daily, live: { rotated_at: null }, state: { exposed_at: "2026-01-10T00:00:00Z" } },
      { due: ["its value is in the git history", "never rotated"], next: "2026-01-10T12:00:00Z" },
    ],
    [
      "exposed, rotated at that moment",
      { live: { rotated_at: at(-5) }, state: { exposed_at: at(-5) } },
      { next: null },
    ],
    [
      "exposed within the floor",
      { live: { rotated_at: at(-5) }, state: { exposed_at: at(-4) } },
      { due: ["its value is in the git history"], next: "2026-01-10T12:00:00Z" },
    ],
    [
      "exposed, by a clock that is ahead: not twice within the floor",
      { live: { rotated_at: at(-60_000) }, state: { exposed_at: "2031-01-01T00:00:00Z" } },
      {
        skipped: [
          "floor",
          "rotated 1 min ago, and nothing is rotated twice that soon",
          "2026-01-10T12:59:00Z",
        ],
        next: "2026-01-10T12:59:00Z",
      },
    ],
    [
      "left unfinished, by a run that may be alive: the same boxes twice are as good as once",
      { state: { pending: PENDING } },
      {
        due: ["resumes generation 4, which run run-7 left unfinished"],
        next: "2026-01-10T12:00:00Z",
      },
    ],
    [
      "finished by another run than the one that began it, which may be alive",
      { rule: daily, state: { busy_until: "2026-01-10T12:05:00Z" } },
      {
        skipped: ["in-progress", "another run is at work on it, or died", "2026-01-10T12:05:00Z"],
        next: "2026-01-10T12:05:00Z",
      },
    ],
    [
      "left unfinished",
      { state: { pending: { ...PENDING, lease_until: at(0) } } },
      {
        due: ["resumes generation 4, which run run-7 left unfinished"],
        next: "2026-01-10T12:00:00Z",
      },
    ],
    [
      "left unfinished, with nothing that can be placed again: its run may be alive",
      { state: { pending: { ...PENDING, boxes: null } } },
      {
        skipped: ["in-progress", "another run is at work on it, or died", "2026-01-10T12:05:00Z"],
        next: "2026-01-10T12:05:00Z",
      },
    ],
    [
      "the same, after its lease",
      { state: { pending: { ...PENDING, boxes: null, lease_until: at(0) } } },
      {
        due: ["resumes generation 4, which run run-7 left unfinished"],
        next: "2026-01-10T12:00:00Z",
      },
    ],
    [
      "the same, with a lease by a wrong clock",
      { state: { pending: { ...PENDING, boxes: null, lease_until: "2031-01-01T00:00:00Z" } } },
      {
        due: ["resumes generation 4, which run run-7 left unfinished"],
        next: "2026-01-10T12:00:00Z",
      },
    ],
    [
      "failed, and waits",
      { rule: daily, state: { failures: 2, next_attempt_at: at(1) } },
      {
        skipped: [
          "backoff",
          "failed 2 times; next attempt at 2026-01-10T12:00:00.001Z",
          "2026-01-10T12:00:00.001Z",
        ],
        next: "2026-01-10T12:00:00.001Z",
      },
    ],
    [
      "failed, and has waited",
      { rule: daily, state: { failures: 2, next_attempt_at: at(0) } },
      {
        due: ["interval of 24 h elapsed", "attempt 3, after 2 that failed"],
        next: "2026-01-10T12:00:00Z",
      },
    ],
    [
      "failed so often that a person must look",
      { rule: daily, state: { failures: 8, stuck_at: at(-5), next_attempt_at: at(-1) } },
      {
        skipped: ["stuck", `failed 8 times and waits for a person: ${stuckHelp("A")}`, null],
        next: null,
      },
    ],
    [
      "failed in a weekly workflow: tried again before the next week",
      {
        state: { failures: 1, next_attempt_at: at(-1) },
        workflow: { schedule: "@weekly", base: "2026-01-10T11:00:00Z" },
      },
      { due: ["attempt 2, after 1 that failed"], next: "2026-01-10T12:00:00Z" },
    ],
    [
      "failed with a value that a person supplied: never replaced by a random one",
      { state: { failures: 1, next_attempt_at: at(-1) } },
      { next: null },
    ],
    [
      "a wait by a wrong clock",
      { rule: daily, state: { failures: 1, next_attempt_at: "2031-01-01T00:00:00Z" } },
      {
        due: ["interval of 24 h elapsed", "attempt 2, after 1 that failed"],
        next: "2026-01-10T12:00:00Z",
      },
    ],
    [
      "a PAT that nothing can issue",
      { token: pat, rule: daily, state: {} },
      { skipped: ["issuer-required", HELD, null], next: null },
    ],
    [
      "a PAT that nothing can issue and is not due",
      { token: pat, rule: daily, live: { rotated_at: at(-1) } },
      { next: null },
    ],
    [
      "a PAT whose placeholder a person accepted",
      { token: { ...pat, issuer: { use: "generate" } }, rule: daily, state: {} },
      { due: ["interval of 24 h elapsed"], next: "2026-01-10T12:00:00Z" },
    ],
    [
      "a PAT that was supplied and left unfinished",
      { token: pat, state: { pending: { ...PENDING, lease_until: at(0) } } },
      {
        due: ["resumes generation 4, which run run-7 left unfinished"],
        next: "2026-01-10T12:00:00Z",
      },
    ],
    [
      "a PAT that was supplied and lost",
      { token: pat, state: { pending: { ...PENDING, boxes: null } } },
      { skipped: ["issuer-required", HELD, null], next: null },
    ],
    [
      "a workflow, rotated just now",
      {
        live: { rotated_at: at(1 - WORKFLOW_FLOOR_MS) },
        workflow: { schedule: "*/5 * * * *", base: yesterday },
      },
      {
        skipped: [
          "floor",
          "rotated 29 min ago, and nothing is rotated twice that soon",
          "2026-01-10T12:00:00.001Z",
        ],
        next: "2026-01-10T12:00:00.001Z",
      },
    ],
    [
      "an hourly workflow whose last run was late keeps its next hour",
      {
        live: { rotated_at: "2026-01-10T11:19:00Z" },
        workflow: { schedule: "@hourly", base: "2026-01-10T11:19:00Z" },
      },
      { due: ["workflow w was due at 2026-01-10T12:00:00Z"], next: "2026-01-10T12:00:00Z" },
    ],
    [
      "an expiry that every new credential has reached",
      { rule: daily, live: { rotated_at: at(1 - FLOOR_MS), expires_at: at(1 - FLOOR_MS) } },
      {
        skipped: [
          "floor",
          "rotated 59 min ago, and nothing is rotated twice that soon",
          "2026-01-10T12:00:00.001Z",
        ],
        next: "2026-01-10T12:00:00.001Z",
      },
    ],
    [
      "what its issuer let live an hour, with no rule: due before the floor of other rotations",
      { live: { rotated_at: at(-40 * MINUTE_MS), expires_at: at(20 * MINUTE_MS) } },
      { due: ["expires at 2026-01-10T12:20:00Z"], next: "2026-01-10T12:00:00Z" },
    ],
    [
      "what its issuer let live an hour, not due yet",
      { live: { rotated_at: at(-39 * MINUTE_MS), expires_at: at(21 * MINUTE_MS) } },
      { next: "2026-01-10T12:01:00Z" },
    ],
    [
      "what its issuer let live a minute: the shortest floor holds",
      { live: { rotated_at: at(-4 * MINUTE_MS), expires_at: at(-3 * MINUTE_MS) } },
      {
        skipped: [
          "floor",
          "rotated 4 min ago, and nothing is rotated twice that soon",
          "2026-01-10T12:01:00Z",
        ],
        next: "2026-01-10T12:01:00Z",
      },
    ],
    [
      "an expiry that its issuer reported, if the rule says not to rotate by itself",
      {
        rule: { ...daily, auto_rotate: false },
        live: { rotated_at: at(-40 * MINUTE_MS), expires_at: at(20 * MINUTE_MS) },
      },
      { next: null },
    ],
    [
      "an expiry that a person declared, with no rule",
      { token: { expires_at: at(1) }, live: { rotated_at: at(-FLOOR_MS) } },
      { next: null },
    ],
    [
      "an hourly credential may be made more often a day than others",
      {
        live: { rotated_at: at(-40 * MINUTE_MS), expires_at: at(20 * MINUTE_MS) },
        state: { issues: { day: "2026-01-10", count: 47 } },
      },
      { due: ["expires at 2026-01-10T12:20:00Z"], next: "2026-01-10T12:00:00Z" },
    ],
    [
      "a person's value, in its lead time",
      { token: byHand, rule: { interval_hours: 24 * 30 }, live: { rotated_at: at(-23 * DAY) } },
      {
        skipped: [
          "waiting",
          "waits for @ops to hand in a new value by 2026-01-17T12:00:00Z: its interval is 720 h",
          null,
        ],
        next: null,
      },
    ],
    [
      "a person's value, before its lead time, whatever a schedule says",
      {
        token: byHand,
        rule: { interval_hours: 24 * 30 },
        live: { rotated_at: at(1 - 23 * DAY) },
        workflow: { base: yesterday },
      },
      { next: null },
    ],
    [
      "a person's value that expires, with no rule",
      { token: { ...byHand, expires_at: at(-1) }, live: { rotated_at: at(-DAY) } },
      {
        skipped: [
          "waiting",
          "waits for @ops to hand in a new value now: it expired at 2026-01-10T11:59:59.999Z",
          null,
        ],
        next: null,
      },
    ],
    [
      "a person's value that was handed in and left unfinished",
      { token: byHand, state: { pending: { ...PENDING, lease_until: at(0) } } },
      {
        due: ["resumes generation 4, which run run-7 left unfinished"],
        next: "2026-01-10T12:00:00Z",
      },
    ],
    [
      "a workflow, rotated ahead of this clock",
      { live: { rotated_at: "2031-01-01T00:00:00Z" }, workflow: { base: yesterday } },
      {
        skipped: [
          "floor",
          "rotated at 2031-01-01T00:00:00Z, which is ahead of this clock",
          "2026-01-10T12:30:00Z",
        ],
        next: "2026-01-10T12:30:00Z",
      },
    ],
  ])("%s", (_, given, { due, skipped, next }) => {
    const config = configOf(given);
    const planned = plan(config, home, now);
    expect(planned.due.map((each) => each.reasons)).toEqual(due === undefined ? [] : [due]);
    expect(planned.skipped).toEqual(
      skipped === undefined
        ? []
        : [{ token_name: "A", code: skipped[0], reason: skipped[1], blocked_until: skipped[2] }],
    );
    expect(planned.next_due).toEqual(next === null ? null : { token_name: "A", at: next });
    expect(nextDueOf(config, home, "A", now)).toBe(next);
  });
});

test("the whole plan: one entry a token, every reason, the strongest first", () => {
  const config: TokenConfig = {
    tokens: {
      OLD: { groups: ["RED"] },
      FRESH: {},
      NEW: {},
      LOOSE: {},
      RED_TOO: { groups: ["RED"] },
    },
    rules: { OLD: daily, FRESH: { interval_hours: 48 }, NEW: daily },
    workflows: {
      nightly: { tokens: ["RED"], schedule: "0 2 * * *" },
      everything: {
        tokens: ["ALL_TOKENS", "UNDECLARED"],
        schedule: "0 0 * * 0",
        timezone: "Europe/Berlin",
      },
    },
    state: {
      tokens: {
        OLD: rotatedState(ROTATED, { exposed_at: "2026-01-10T00:00:00Z" }),
        FRESH: rotatedState(ROTATED),
        RED_TOO: rotatedState(ROTATED),
      },
      workflows: {
        nightly: { first_seen_at: "2026-01-01T00:00:00Z", last_run_at: "2026-01-08T02:03:00Z" },
      },
    },
  };
  const nightly = "workflow nightly was due at 2026-01-09T02:00:00Z";
  const sunday = "2026-01-10T23:00:00Z";
  expect(plan(config, home, now)).toEqual({
    due: [
      {
        token_name: "OLD",
        trigger: "exposed",
        reasons: ["its value is in the git history", "interval of 24 h elapsed", nightly],
        reason: `its value is in the git history; interval of 24 h elapsed; ${nightly}`,
        workflows: ["nightly"],
      },
      {
        token_name: "NEW",
        trigger: "never_rotated",
        reasons: ["never rotated"],
        reason: "never rotated",
        workflows: [],
      },
      {
        token_name: "RED_TOO",
        trigger: "workflow",
        reasons: [nightly],
        reason: nightly,
        workflows: ["nightly"],
      },
    ],
    skipped: [],
    upcoming: [
      { token_name: "OLD", at: "2026-01-10T12:00:00Z", reason: "its value is in the git history" },
      { token_name: "NEW", at: "2026-01-10T12:00:00Z", reason: "never rotated" },
      { token_name: "RED_TOO", at: "2026-01-10T12:00:00Z", reason: nightly },
      { token_name: "FRESH", at: sunday, reason: "workflow everything" },
      { token_name: "LOOSE", at: sunday, reason: "workflow everything" },
    ],
    workflows: [
      {
        workflow_name: "nightly",
        tokens: ["OLD", "RED_TOO"],
        unknown: [],
        enabled: true,
        unseen: false,
        due: true,
        due_at: "2026-01-09T02:00:00Z",
        next_run: "2026-01-11T02:00:00Z",
      },
      {
        workflow_name: "everything",
        tokens: ["OLD", "FRESH", "NEW", "LOOSE", "RED_TOO"],
        unknown: ["UNDECLARED"],
        enabled: true,
        unseen: true,
        due: false,
        due_at: null,
        next_run: sunday,
      },
    ],
    unseen_workflows: ["everything"],
    next_due: { token_name: "OLD", at: "2026-01-10T12:00:00Z" },
  });
});

test("nothing declared, nothing due; an undeclared token is never due", () => {
  const nothing = {
    due: [],
    skipped: [],
    upcoming: [],
    workflows: [],
    unseen_workflows: [],
    next_due: null,
  };
  expect(plan({}, home, now)).toEqual(nothing);
  expect(
    plan(
      { rules: { GHOST: daily }, state: { tokens: { GHOST: rotatedState(ROTATED) } } },
      home,
      now,
    ),
  ).toEqual(nothing);
  expect(nextDueOf({}, home, "toString", now)).toBeNull();
});

/** The record after a run at `at` that succeeded in everything the plan said. */
function afterRun(config: TokenConfig, at: Date): { config: TokenConfig; rotated: string[] } {
  const { due, workflows, unseen_workflows } = plan(config, home, at);
  const rotated_at = at.toISOString();
  const tokens = { ...config.state?.tokens };
  for (const { token_name } of due) {
    const before = tokens[token_name] ?? NEW_TOKEN_STATE;
    const { next_attempt_at: _, exposed_at: __, ...state } = before;
    const current = credential({ generation: liveGeneration(before) + 1, rotated_at });
    tokens[token_name] = { ...state, current, pending: null, failures: 0 };
  }
  const seen = { ...config.state?.workflows };
  for (const name of unseen_workflows) seen[name] = { first_seen_at: rotated_at };
  for (const { workflow_name, due: ran } of workflows) {
    if (ran)
      seen[workflow_name] = {
        first_seen_at: rotated_at,
        ...seen[workflow_name],
        last_run_at: rotated_at,
      };
  }
  return {
    config: { ...config, state: { tokens, workflows: seen } },
    rotated: due.map((each) => each.token_name),
  };
}

describe("whatever the record says", () => {
  test("due and skipped tokens are declared, each once, in declaration order, never both", () => {
    fc.assert(
      fc.property(anyConfig, (config) => {
        const planned = plan(config, home, NOW);
        const declared = Object.keys(config.tokens ?? {});
        const named = (list: readonly { token_name: string }[]) =>
          list.map((each) => each.token_name);
        const due = new Set(named(planned.due));
        const skipped = new Set(named(planned.skipped));
        expect(named(planned.due)).toEqual(declared.filter((name) => due.has(name)));
        expect(named(planned.skipped)).toEqual(
          declared.filter((name) => skipped.has(name) && !due.has(name)),
        );
        expect(planned.due.every((each) => each.reasons.length > 0)).toBe(true);
      }),
    );
  });

  test("upcoming is in order, never in the past, and now exactly for what is due", () => {
    fc.assert(
      fc.property(anyConfig, (config) => {
        const planned = plan(config, home, NOW);
        const times = planned.upcoming.map((each) => instantMs(each.at) ?? Number.NaN);
        expect(times).toEqual([...times].sort((a, b) => a - b));
        const current = planned.upcoming
          .filter((each) => each.at === toInstant(NOW.getTime()))
          .map((each) => each.token_name);
        expect(new Set(current)).toEqual(new Set(planned.due.map((each) => each.token_name)));
        expect(times.every((time) => time >= NOW.getTime())).toBe(true);
        for (const { token_name, at } of planned.upcoming)
          expect(nextDueOf(config, home, token_name, NOW)).toBe(at);
      }),
    );
  });

  test("after a run that succeeded nothing is due at the same moment", () => {
    fc.assert(
      fc.property(anyConfig, (config) => {
        expect(plan(afterRun(config, NOW).config, home, NOW).due).toEqual([]);
      }),
    );
  });

  test("runs every five minutes for a day rotate nothing twice within the floor", () => {
    fc.assert(
      fc.property(anyConfig, (start) => {
        const last = new Map<string, number>();
        let config = start;
        for (let minutes = 0; minutes < 24 * 60; minutes += 5) {
          const at = NOW.getTime() + minutes * 60_000;
          const run = afterRun(config, new Date(at));
          config = run.config;
          for (const name of run.rotated) {
            expect(at - (last.get(name) ?? Number.NEGATIVE_INFINITY)).toBeGreaterThanOrEqual(
              WORKFLOW_FLOOR_MS,
            );
            last.set(name, at);
          }
        }
      }),
      { numRuns: 30 },
    );
  });

  test("a token is due at the moment that was foretold, and not before", () => {
    fc.assert(
      fc.property(anyConfig, (start) => {
        // What a wrong clock wrote changes its meaning as time passes.
        fc.pre(recordedTimes(start).every((time) => time <= NOW.getTime()));
        const { config } = afterRun(start, NOW);
        const [foretold] = plan(config, home, NOW).upcoming;
        if (foretold === undefined) return;
        const at = instantMs(foretold.at) ?? Number.NaN;
        const dueAt = (time: number) =>
          plan(config, home, new Date(time)).due.map((each) => each.token_name);
        expect(dueAt(at)).toContain(foretold.token_name);
        expect(dueAt(at - 1)).not.toContain(foretold.token_name);
      }),
    );
  });
});

/** What the record says of the past, in milliseconds; a wait counts from when it can have begun at the earliest. */
function recordedTimes(config: TokenConfig): number[] {
  const ms = (text: string | null | undefined, wait = 0) =>
    (instantMs(text) ?? Number.NEGATIVE_INFINITY) - wait;
  const tokens = Object.values(config.state?.tokens ?? {}).map((each) => [
    ms(each.current?.rotated_at),
    ms(each.exposed_at),
    ms(each.pending?.lease_until),
    ms(each.next_attempt_at, BACKOFF_MAX_MS),
  ]);
  const workflows = Object.values(config.state?.workflows ?? {}).map((each) => [
    ms(each.first_seen_at),
    ms(each.last_run_at),
  ]);
  return [...tokens, ...workflows].flat();
}

test("a backoff that is over before the floor shows the time of the next attempt itself", () => {
  const at = new Date("2026-03-01T12:00:00Z");
  const failed = { failures: 1, next_attempt_at: "2026-03-01T12:05:00Z" };
  const state = rotatedState({ rotated_at: "2026-03-01T11:55:00Z" }, failed);
  const config: TokenConfig = {
    tokens: { KEY: {} },
    rules: { KEY: { interval_hours: 24 } },
    state: { tokens: { KEY: state } },
  };
  const { skipped, next_due } = plan(config, { kind: "local", repository: null }, at);
  expect([skipped[0]?.code, skipped[0]?.blocked_until, next_due?.at]).toEqual([
    "backoff",
    "2026-03-01T12:55:00Z",
    "2026-03-01T12:55:00Z",
  ]);
  expect(skipped[0]?.reason).toBe("failed once; next attempt at 2026-03-01T12:55:00Z");
});
