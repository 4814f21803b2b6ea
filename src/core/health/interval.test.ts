import { describe, expect, test } from "vitest";
import { rotatedState } from "../../../test/token-states.ts";
import { DAY_MS, HOUR_MS, toInstant } from "../base/instant.ts";
import type { CurrentCredential, Rule, TokenDeclaration } from "../model/schema.ts";
import { NEW_TOKEN_STATE, resolveToken } from "../model/token.ts";
import { chainEntries } from "../record/history.ts";
import { recommendedInterval, rhythms } from "./interval.ts";

const now = Date.parse("2026-03-01T00:00:00Z");

function recommended(
  declaration: TokenDeclaration,
  { rule, rhythm, live }: { rule?: Rule; rhythm?: number; live?: Partial<CurrentCredential> } = {},
) {
  const config = { tokens: { A: declaration }, rules: rule === undefined ? {} : { A: rule } };
  const token = resolveToken(config, "A", { kind: "local", repository: null });
  if (token === null) throw new Error("A is declared");
  const state = live === undefined ? NEW_TOKEN_STATE : rotatedState(live);
  return recommendedInterval(token, state, now, rhythm ?? null);
}

function lifetime(hours: number): { live: Partial<CurrentCredential> } {
  return {
    live: {
      rotated_at: toInstant(now - HOUR_MS),
      expires_at: toInstant(now - HOUR_MS + hours * HOUR_MS),
    },
  };
}

describe("the recommended interval", () => {
  test.each<[string, number, number]>([
    ["an API key", recommended({}), 168],
    ["a secret key", recommended({ type: "secret_key" }), 336],
    ["a password", recommended({ type: "password" }), 720],
    ["a PAT", recommended({ type: "github_pat" }), 720],
    ["anything else", recommended({ type: "custom" }), 336],
    ["a critical group", recommended({ groups: ["TEAM", "CRITICAL_TOKENS"] }), 42],
    ["an unimportant group", recommended({ groups: ["LOW_PRIORITY_TOKENS"] }), 336],
    [
      "critical before unimportant",
      recommended({ groups: ["LOW_PRIORITY_TOKENS", "production"] }),
      42,
    ],
    ["a quicker rhythm", recommended({}, { rhythm: 50.5 }), 50],
    ["a slower rhythm", recommended({}, { rhythm: 500 }), 168],
    ["a morning of trying things out", recommended({}, { rhythm: 0.1 }), 24],
    ["four fifths of a lifetime", recommended({}, lifetime(100)), 80],
    ["a lifetime of an hour", recommended({}, lifetime(1)), 1],
    ["a lifetime longer than the table", recommended({}, lifetime(10_000)), 168],
    [
      "never under its own rule",
      recommended({}, { rule: { interval_hours: 1000.5 }, rhythm: 30 }),
      1001,
    ],
    [
      "a rule that is quicker than the table",
      recommended({}, { rule: { interval_hours: 1 } }),
      168,
    ],
    [
      "never beyond what a rule may say",
      recommended({}, { rule: { interval_hours: 87_600 } }),
      87_600,
    ],
  ])("%s", (_, hours, expected) => {
    expect(hours).toBe(expected);
  });
});

test("a rhythm is the median time between three rotations or more", () => {
  const rotations = (name: string, event: string, ...days: number[]) =>
    days.map((day) => ({
      at: toInstant(now + day * DAY_MS),
      event,
      token_name: name,
      generation: 1,
      previous_hash: null,
      new_hash: null,
      triggered_by: { kind: "cli" as const },
    }));
  const history = chainEntries([
    ...rotations("STEADY", "rotated", 0, 2, 4, 5, 30),
    ...rotations("TWICE", "rotated", 0, 1),
    ...rotations("FAILING", "failed", 0, 1, 2, 3),
  ]);
  expect(rhythms(history)).toEqual(new Map([["STEADY", 48]]));
});
