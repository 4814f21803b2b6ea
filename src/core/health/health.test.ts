import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { anyConfig, NOW } from "../../../test/any-config.ts";
import { rotatedState } from "../../../test/token-states.ts";
import { DAY_MS, HOUR_MS, toInstant } from "../base/instant.ts";
import type { CurrentCredential, TokenConfig, TokenState } from "../model/schema.ts";
import { type Home, NEW_TOKEN_STATE } from "../model/token.ts";
import { plan } from "../plan/plan.ts";
import { health, worstStatus } from "./health.ts";
import type { HealthReport } from "./shapes.ts";
import { HEALTH_STATUSES, type HealthStatus, statusAtLeast } from "./status.ts";

const home: Home = { kind: "local", repository: null };
const now = new Date("2026-03-01T12:00:00Z");
const MINUTE_MS = 60_000;
const ago = (ms: number) => toInstant(now.getTime() - ms);

type Given = {
  age: number | null;
  /** Of its live credential. */
  live?: Partial<CurrentCredential>;
  state?: Partial<TokenState>;
  config?: TokenConfig;
};

function configOf({ age, live, state = {}, config = {} }: Given): TokenConfig {
  const rotated_at = age === null ? null : ago(age);
  const isNew = age === null && live === undefined;
  return {
    tokens: { A: {} },
    ...config,
    state: {
      tokens: {
        A: isNew ? { ...NEW_TOKEN_STATE, ...state } : rotatedState({ rotated_at, ...live }, state),
      },
    },
  };
}

function ruled(interval_hours: number, auto_rotate = true): TokenConfig {
  return { rules: { A: { interval_hours, auto_rotate } } };
}

/** The lists that name `A`. */
function listsOf(report: HealthReport): string[] {
  const { needs_rotation, recently_rotated, never_rotated, high_risk } = report;
  return Object.entries({ needs_rotation, recently_rotated, never_rotated, high_risk }).flatMap(
    ([list, names]) => (names.includes("A") ? [list] : []),
  );
}

const error = { at: ago(HOUR_MS), code: "put-failed", message: "the destination answered 502" };
const RISK = ["needs_rotation", "high_risk"];
const tight = {
  settings: {
    health: {
      recently_rotated_hours: 1,
      should_rotate_days: 1,
      needs_rotation_days: 2,
      high_risk_days: 3,
    },
  },
};

describe("the health of one token", () => {
  type Outcome = [
    status: HealthStatus,
    lists: string[],
    age_hours: number | null,
    next_due: string | null,
    reason: string,
  ];
  test.each<[string, Given, Outcome]>([
    [
      "just now",
      { age: 0 },
      ["recently_rotated", ["recently_rotated"], 0, null, "rotated 0 min ago"],
    ],
    [
      "under 24 h",
      { age: 24 * HOUR_MS - 1 },
      ["recently_rotated", ["recently_rotated"], 24, null, "rotated 23 h ago"],
    ],
    ["24 h", { age: 24 * HOUR_MS }, ["ok", [], 24, null, "rotated 24 h ago"]],
    ["7 d", { age: 7 * DAY_MS }, ["ok", [], 168, null, "rotated 7 d ago"]],
    [
      "over 7 d",
      { age: 7 * DAY_MS + 1 },
      ["should_rotate", [], 168, null, "rotated 7 d ago, over 7 d"],
    ],
    ["14 d", { age: 14 * DAY_MS }, ["should_rotate", [], 336, null, "rotated 14 d ago, over 7 d"]],
    [
      "over 14 d",
      { age: 14 * DAY_MS + 1 },
      ["needs_rotation", ["needs_rotation"], 336, null, "rotated 14 d ago, over 14 d"],
    ],
    [
      "30 d",
      { age: 30 * DAY_MS },
      ["needs_rotation", ["needs_rotation"], 720, null, "rotated 30 d ago, over 14 d"],
    ],
    [
      "over 30 d",
      { age: 30 * DAY_MS + 1 },
      ["high_risk", RISK, 720, null, "rotated 30 d ago, over 30 d"],
    ],
    ["two decimals", { age: 100_000_000 }, ["ok", [], 27.78, null, "rotated 27 h ago"]],
    [
      "limits of the settings",
      { age: 25 * HOUR_MS, config: tight },
      ["should_rotate", [], 25, null, "rotated 25 h ago, over 24 h"],
    ],
    [
      "one limit of the settings",
      { age: 25 * HOUR_MS, config: { settings: { health: { high_risk_days: 1 } } } },
      ["high_risk", RISK, 25, null, "rotated 25 h ago, over 24 h"],
    ],
    [
      "never rotated",
      { age: null },
      ["never_rotated", ["never_rotated"], null, null, "never rotated"],
    ],
    [
      "never rotated and due",
      { age: null, config: ruled(24) },
      ["never_rotated", ["never_rotated"], null, ago(0), "never rotated"],
    ],
    [
      "overdue to the millisecond",
      { age: 2 * HOUR_MS, config: ruled(2) },
      ["needs_rotation", ["needs_rotation"], 2, ago(0), "rotated 2 h ago; its interval is 2 h"],
    ],
    [
      "not overdue yet",
      { age: 2 * HOUR_MS - 1, config: ruled(2) },
      [
        "recently_rotated",
        ["recently_rotated"],
        2,
        toInstant(now.getTime() + 1),
        "rotated 1 h ago",
      ],
    ],
    [
      "overdue, and no run will rotate it by itself",
      { age: 8 * DAY_MS, config: ruled(24, false) },
      ["needs_rotation", ["needs_rotation"], 192, null, "rotated 8 d ago; its interval is 24 h"],
    ],
    [
      "expired",
      { age: HOUR_MS, live: { expires_at: ago(0) } },
      ["high_risk", RISK, 1, ago(0), "expired at 2026-03-01T12:00:00Z"],
    ],
    [
      "about to expire",
      { age: HOUR_MS, live: { expires_at: ago(-1) } },
      [
        "needs_rotation",
        ["needs_rotation"],
        1,
        ago(0),
        "rotated 1 h ago; expires at 2026-03-01T12:00:00.001Z",
      ],
    ],
    [
      "not about to expire yet",
      { age: HOUR_MS, live: { expires_at: ago(-HOUR_MS) } },
      ["recently_rotated", ["recently_rotated"], 1, ago(-36 * MINUTE_MS), "rotated 1 h ago"],
    ],
    [
      "waiting for a person",
      {
        age: 2 * DAY_MS,
        config: { tokens: { A: { issuer: { use: "manual" } } }, ...ruled(24 * 7) },
      },
      [
        "should_rotate",
        [],
        48,
        null,
        "rotated 2 d ago; it waits for a person to hand in a new value by 2026-03-06T12:00:00Z: its interval is 168 h",
      ],
    ],
    [
      "exposed",
      { age: HOUR_MS, state: { exposed_at: ago(1) } },
      ["high_risk", RISK, 1, ago(0), "its value is in the git history"],
    ],
    [
      "exposed, then rotated",
      { age: HOUR_MS, state: { exposed_at: ago(2 * HOUR_MS) } },
      ["recently_rotated", ["recently_rotated"], 1, null, "rotated 1 h ago"],
    ],
    [
      "exposed, expired and never rotated",
      { age: null, live: { expires_at: ago(DAY_MS) }, state: { exposed_at: ago(1) } },
      [
        "high_risk",
        ["needs_rotation", "never_rotated", "high_risk"],
        null,
        ago(0),
        "its value is in the git history; expired at 2026-02-28T12:00:00Z",
      ],
    ],
    [
      "failing",
      {
        age: 8 * DAY_MS,
        state: { failures: 2, last_error: error, next_attempt_at: ago(-HOUR_MS) },
        config: ruled(168),
      },
      [
        "failing",
        ["needs_rotation"],
        192,
        ago(-HOUR_MS),
        "failed 2 times: the destination answered 502; next attempt at 2026-03-01T13:00:00Z",
      ],
    ],
    [
      "failing and old",
      { age: 31 * DAY_MS, state: { failures: 1 } },
      ["failing", RISK, 744, null, "failed once; no further attempt is planned"],
    ],
    [
      "failing, never rotated",
      { age: null, state: { failures: 1 } },
      ["failing", ["never_rotated"], null, null, "failed once; no further attempt is planned"],
    ],
    [
      "failing and expired",
      { age: HOUR_MS, live: { expires_at: ago(1) }, state: { failures: 1 } },
      ["high_risk", RISK, 1, ago(0), "expired at 2026-03-01T11:59:59.999Z"],
    ],
    [
      "five minutes ahead of this clock",
      { age: -5 * 60_000 },
      ["recently_rotated", ["recently_rotated"], 0, null, "rotated 0 min ago"],
    ],
    [
      "more than five minutes ahead",
      { age: -5 * 60_000 - 1 },
      [
        "unknown",
        [],
        null,
        null,
        "the record says it was rotated at 2026-03-01T12:05:00.001Z, which is ahead of this clock",
      ],
    ],
    [
      "a time that is none",
      { age: 0, live: { rotated_at: "2026-02-30T25:00:00Z" }, state: { failures: 1 } },
      [
        "unknown",
        [],
        null,
        null,
        "the record says it was rotated at 2026-02-30T25:00:00Z, which is not a point in time",
      ],
    ],
  ])("%s", (_, given, [status, lists, age_hours, next_due, reason]) => {
    const report = health(configOf(given), home, now);
    expect(report.tokens).toEqual([{ name: "A", status, age_hours, next_due, reason }]);
    expect(listsOf(report)).toEqual(lists);
  });
});

test("the seed's example", () => {
  const rotated = (age: number) => rotatedState({ rotated_at: ago(age) });
  const config: TokenConfig = {
    tokens: { FINE_TOKEN: {}, OLD_TOKEN: {}, FRESH_TOKEN: {}, UNUSED_TOKEN: {}, EXPIRED_TOKEN: {} },
    state: {
      tokens: {
        FINE_TOKEN: rotated(3 * DAY_MS),
        OLD_TOKEN: rotated(20 * DAY_MS),
        FRESH_TOKEN: rotated(HOUR_MS),
        EXPIRED_TOKEN: rotated(40 * DAY_MS),
      },
    },
  };
  const { tokens, ...lists } = health(config, home, now);
  expect(lists).toEqual({
    generated_at: "2026-03-01T12:00:00Z",
    total_tokens: 5,
    needs_rotation: ["OLD_TOKEN", "EXPIRED_TOKEN"],
    recently_rotated: ["FRESH_TOKEN"],
    never_rotated: ["UNUSED_TOKEN"],
    high_risk: ["EXPIRED_TOKEN"],
  });
  expect(tokens.map((token) => token.status)).toEqual([
    "ok",
    "needs_rotation",
    "recently_rotated",
    "never_rotated",
    "high_risk",
  ]);
});

describe("--fail-on", () => {
  test("statuses are ordered from the mildest to the worst", () => {
    const table = HEALTH_STATUSES.map(
      (status) => HEALTH_STATUSES.filter((threshold) => statusAtLeast(status, threshold)).length,
    );
    expect(table).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(statusAtLeast("failing", "high_risk")).toBe(false);
    expect(statusAtLeast("failing", "needs_rotation")).toBe(true);
    expect(statusAtLeast(null, "recently_rotated")).toBe(false);
  });

  test.each<[string, Given, HealthStatus]>([
    ["the status", { age: 8 * DAY_MS }, "should_rotate"],
    ["a failing token that is old", { age: 31 * DAY_MS, state: { failures: 1 } }, "high_risk"],
    ["a failing token that is young", { age: 15 * DAY_MS, state: { failures: 1 } }, "failing"],
  ])("the worst of a report: %s", (_, given, worst) => {
    expect(worstStatus(health(configOf(given), home, now))).toBe(worst);
  });

  test("the worst of several, and of none", () => {
    const config: TokenConfig = {
      tokens: { A: {}, B: {} },
      state: { tokens: { A: rotatedState({ rotated_at: ago(8 * DAY_MS) }) } },
    };
    expect(worstStatus(health(config, home, now))).toBe("never_rotated");
    expect(worstStatus(health({}, home, now))).toBeNull();
  });
});

test("whatever the record says, the lists agree with each other, with the statuses and with the plan", () => {
  fc.assert(
    fc.property(anyConfig, (config) => {
      const report = health(config, home, NOW);
      const declared = Object.keys(config.tokens ?? {});
      expect(report.tokens.map((token) => token.name)).toEqual(declared);
      const inOrder = (list: readonly string[]) =>
        expect(list).toEqual(declared.filter((name) => list.includes(name)));
      [
        report.needs_rotation,
        report.recently_rotated,
        report.never_rotated,
        report.high_risk,
      ].forEach(inOrder);
      expect(report.needs_rotation).toEqual(expect.arrayContaining([...report.high_risk]));
      expect(
        report.recently_rotated.filter(
          (name) => report.needs_rotation.includes(name) || report.never_rotated.includes(name),
        ),
      ).toEqual([]);
      const { due } = plan(config, home, NOW);
      for (const { name, status } of report.tokens) {
        if (status === "recently_rotated") expect(report.recently_rotated).toContain(name);
        if (status === "never_rotated") expect(report.never_rotated).toContain(name);
        if (status === "high_risk") expect(report.high_risk).toContain(name);
        if (status === "needs_rotation") expect(report.needs_rotation).toContain(name);
        const mild: readonly HealthStatus[] = ["ok", "should_rotate", "unknown"];
        if (mild.includes(status))
          expect([
            ...report.high_risk,
            ...report.needs_rotation,
            ...report.never_rotated,
          ]).not.toContain(name);
        const told = due.find((each) => each.token_name === name);
        if (told?.trigger === "exposed" || told?.trigger === "interval") {
          const listed = report.needs_rotation.includes(name);
          expect(listed || status === "unknown").toBe(true);
        }
      }
    }),
  );
});
