import { describe, expect, test } from "vitest";
import { Misconfigured } from "../base/errors.ts";
import { ALL_TOKENS, type TokenConfig } from "./schema.ts";
import {
  expandWorkflow,
  workflowBase,
  workflowStatus,
  workflowStatuses,
  workflowTimezone,
} from "./workflow.ts";

const tokens = { C: { groups: ["RED"] }, A: { groups: ["RED", "BLUE", "RED"] }, B: {}, RED: {} };

function withMembers(...members: string[]): TokenConfig {
  return { tokens, workflows: { w: { tokens: members, schedule: "@daily" } } };
}

describe("which tokens a workflow means", () => {
  test.each<[members: string[], tokens: string[], unknown: string[]]>([
    [["B", "A"], ["A", "B"], []],
    [["A", "A", "BLUE"], ["A"], []],
    [["BLUE", "C"], ["C", "A"], []],
    [["RED"], ["C", "A", "RED"], []],
    [[ALL_TOKENS], ["C", "A", "B", "RED"], []],
    [["B", ALL_TOKENS, "X"], ["C", "A", "B", "RED"], ["X"]],
    [["X", "B", "Y", "X"], ["B"], ["X", "Y"]],
    [["a", "toString", "__proto__"], [], ["a", "toString", "__proto__"]],
  ])("%j", (members, expected, unknown) => {
    expect(expandWorkflow(withMembers(...members), "w")).toEqual({ tokens: expected, unknown });
  });

  test("an undeclared workflow is refused with the nearest name", () => {
    const config: TokenConfig = {
      workflows: { daily_security: { tokens: ["A"], schedule: "@daily" } },
    };
    const hint = "Did you mean daily_security?";
    expect(() => expandWorkflow(config, "daily_securty")).toThrow(
      new Misconfigured('there is no workflow "daily_securty"', { code: "workflow-missing", hint }),
    );
    expect(() => expandWorkflow(config, "toString")).toThrow(Misconfigured);
  });
});

test("the zone is the workflow's, else the settings', else UTC", () => {
  const settings = { timezone: "Asia/Tokyo" };
  expect(workflowTimezone({ settings }, { timezone: "Europe/Berlin" })).toBe("Europe/Berlin");
  expect(workflowTimezone({ settings }, {})).toBe("Asia/Tokyo");
  expect(workflowTimezone({}, {})).toBe("UTC");
});

test("occurrences count from the last run, else from when it was first seen", () => {
  const seen = { first_seen_at: "2026-01-01T00:00:00Z" };
  const ran = { ...seen, last_run_at: "2026-01-02T00:00:00Z" };
  const config: TokenConfig = { state: { workflows: { seen, ran } } };
  expect([
    workflowBase(config, "seen"),
    workflowBase(config, "ran"),
    workflowBase(config, "new"),
    workflowBase(config, "toString"),
  ]).toEqual([seen.first_seen_at, ran.last_run_at, null, null]);
});

describe("whether a workflow is due", () => {
  type Case = {
    schedule: string;
    timezone?: string;
    enabled?: boolean;
    base: string | null;
    now: string;
    due_at: string | null;
    next_run: string | null;
  };
  const berlin = { timezone: "Europe/Berlin", schedule: "30 2 * * *" };
  test.each<[string, Case]>([
    [
      "a moment early",
      {
        schedule: "0 2 * * *",
        base: "2026-01-01T02:00:00Z",
        now: "2026-01-02T01:59:59.999Z",
        due_at: null,
        next_run: "2026-01-02T02:00:00Z",
      },
    ],
    [
      "at its minute",
      {
        schedule: "0 2 * * *",
        base: "2026-01-01T02:00:00Z",
        now: "2026-01-02T02:00:00Z",
        due_at: "2026-01-02T02:00:00Z",
        next_run: "2026-01-03T02:00:00Z",
      },
    ],
    [
      "hours late",
      {
        schedule: "0 2 * * *",
        base: "2026-01-01T02:07:00Z",
        now: "2026-01-02T09:13:00Z",
        due_at: "2026-01-02T02:00:00Z",
        next_run: "2026-01-03T02:00:00Z",
      },
    ],
    [
      "a month of missed ones is one",
      {
        schedule: "0 2 * * *",
        base: "2026-01-01T02:07:00Z",
        now: "2026-02-01T00:00:00Z",
        due_at: "2026-01-02T02:00:00Z",
        next_run: "2026-02-01T02:00:00Z",
      },
    ],
    [
      "last run ahead of this clock",
      {
        schedule: "*/5 * * * *",
        base: "2030-01-01T00:00:00Z",
        now: "2026-01-01T00:00:00Z",
        due_at: null,
        next_run: "2030-01-01T00:05:00Z",
      },
    ],
    [
      "never seen",
      {
        schedule: "0 2 * * *",
        base: null,
        now: "2026-01-02T02:00:00Z",
        due_at: null,
        next_run: "2026-01-03T02:00:00Z",
      },
    ],
    [
      "disabled",
      {
        schedule: "0 2 * * *",
        enabled: false,
        base: "2020-01-01T00:00:00Z",
        now: "2026-01-02T02:00:00Z",
        due_at: null,
        next_run: null,
      },
    ],
    [
      "Berlin, winter",
      {
        ...berlin,
        base: "2026-01-01T12:00:00Z",
        now: "2026-01-02T01:30:00Z",
        due_at: "2026-01-02T01:30:00Z",
        next_run: "2026-01-03T01:30:00Z",
      },
    ],
    [
      "Berlin, the hour that is skipped moves to the first valid time",
      {
        ...berlin,
        base: "2026-03-28T12:00:00Z",
        now: "2026-03-29T01:00:00Z",
        due_at: "2026-03-29T01:00:00Z",
        next_run: "2026-03-30T00:30:00Z",
      },
    ],
    [
      "Berlin, the hour that comes twice is due at the first",
      {
        ...berlin,
        base: "2026-10-24T12:00:00Z",
        now: "2026-10-25T00:30:00Z",
        due_at: "2026-10-25T00:30:00Z",
        next_run: "2026-10-26T01:30:00Z",
      },
    ],
    [
      "Berlin, the hour that comes twice is not due again at the second",
      {
        ...berlin,
        base: "2026-10-25T00:31:00Z",
        now: "2026-10-25T01:31:00Z",
        due_at: null,
        next_run: "2026-10-26T01:30:00Z",
      },
    ],
  ])("%s", (_, { base, now, due_at, next_run, ...workflow }) => {
    const state =
      base === null
        ? {}
        : { workflows: { w: { first_seen_at: "2019-01-01T00:00:00Z", last_run_at: base } } };
    const config: TokenConfig = {
      tokens: { A: {} },
      workflows: { w: { tokens: ["A"], ...workflow } },
      state,
    };
    const enabled = workflow.enabled ?? true;
    expect(workflowStatus(config, "w", new Date(now))).toEqual({
      workflow_name: "w",
      tokens: ["A"],
      unknown: [],
      enabled,
      unseen: enabled && base === null,
      due: due_at !== null,
      due_at,
      next_run,
    });
  });

  test("all of them, in declaration order", () => {
    const config: TokenConfig = {
      workflows: {
        z: { tokens: ["A"], schedule: "@daily" },
        a: { tokens: ["A"], schedule: "@daily" },
      },
    };
    expect(workflowStatuses(config, new Date(0)).map((each) => each.workflow_name)).toEqual([
      "z",
      "a",
    ]);
  });

  test("a schedule that parseConfig would refuse is reported, not skipped", () => {
    const config: TokenConfig = { workflows: { w: { tokens: ["A"], schedule: "nonsense" } } };
    expect(() => workflowStatuses(config, new Date(0))).toThrow(Misconfigured);
  });
});
