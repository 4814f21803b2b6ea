import { expect, test } from "vitest";
import { parseConfig } from "./config.ts";
import type { Problem } from "./errors.ts";
import { GITHUB, LOCAL } from "./testing/problems.ts";

const GOOD = {
  $schema: "s",
  version: 1,
  settings: { timezone: "UTC", health: { high_risk_days: 30 }, journal: "auto", history_limit: 1000 },
  tokens: {
    A: {
      type: "api_key",
      length: 32,
      prefix: "",
      include_special: false,
      issuer: { use: "generate" },
      destinations: [
        { to: "actions", repository: "acme/x", secret: { KEY: "value" } },
        { to: "vault", secret: "V" },
      ],
      groups: ["G"],
      expires_at: "2027-01-01T00:00:00Z",
    },
  },
  rules: { A: { interval_hours: 24, auto_rotate: true, notify: true } },
  workflows: { w: { tokens: ["A"], schedule: "@daily", timezone: "UTC", enabled: true } },
  state: {
    tokens: {
      A: { generation: 1, rotated_at: null, fingerprint: null, destinations: {}, pending: null, failures: 0, last_error: null },
    },
    workflows: { w: { first_seen_at: "2026-01-01T00:00:00Z" } },
  },
  history: [
    {
      id: "1",
      at: "2026-01-01T00:00:00Z",
      event: "rotated",
      token_name: "A",
      generation: 1,
      previous_hash: null,
      new_hash: null,
      triggered_by: { kind: "cli" },
      previous_entry: null,
    },
  ],
};

// Written in parts, so that no scanner takes this file for a leak.
const CANARIES = [
  `ghp_${"c4N4ryAAAA".repeat(4)}`,
  `github_pat_${"11c4N4ry_".repeat(4)}`,
  `AKIA${"C4N4RYZ7".repeat(2)}`,
  "c4N4ryx9Kq2LmZp7Tn",
  "c4n4ry!",
  "c4n4ry with spaces 1",
  "0123456789c4n4ry-".repeat(5),
];
const CANARY = /c4n4ry/i;

/** Every copy of a document in which one part has been replaced, or joined by a new key. */
function* damaged(value: unknown, put: unknown): Generator<unknown> {
  yield put;
  if (Array.isArray(value)) {
    for (const [index, inner] of value.entries()) for (const copy of damaged(inner, put)) yield value.with(index, copy);
  } else if (typeof value === "object" && value !== null) {
    for (const key of ["value", "token", "password", "note", "to", "use", "secret"])
      if (!Object.hasOwn(value, key)) yield { ...value, [key]: put };
    for (const [key, inner] of Object.entries(value)) for (const copy of damaged(inner, put)) yield { ...value, [key]: copy };
  }
}

function told(problems: readonly Problem[]): string {
  return JSON.stringify(problems);
}

test("a value put in any wrong place is in no problem", () => {
  expect(parseConfig(JSON.stringify(GOOD), GITHUB).ok).toBe(true);
  let refused = 0;
  for (const canary of CANARIES) {
    for (const put of [canary, [canary], { value: canary }]) {
      for (const copy of damaged(GOOD, put)) {
        const parsed = parseConfig(JSON.stringify(copy), put === canary ? LOCAL : GITHUB);
        if (parsed.ok) continue;
        refused++;
        if (CANARY.test(told(parsed.problems))) expect.fail(`${JSON.stringify(copy)}\n${told(parsed.problems)}`);
      }
    }
  }
  expect(refused).toBeGreaterThan(1000);
});

test("a value in a text that is not JSON is in no problem", () => {
  const text = JSON.stringify({ tokens: { A: { value: CANARIES[0] } }, x: CANARIES[4] });
  for (let cut = 0; cut < text.length; cut++) {
    for (const broken of [text.slice(0, cut), text.slice(0, cut) + text.slice(cut + 1), `${text.slice(0, cut)}"${text.slice(cut)}`]) {
      const parsed = parseConfig(broken, GITHUB);
      // What a stray quote turns into a key is a name, and pointers hold names.
      const problems = parsed.ok ? [] : parsed.problems.map((problem) => ({ ...problem, pointer: "" }));
      expect(told(problems)).not.toMatch(CANARY);
    }
  }
});
