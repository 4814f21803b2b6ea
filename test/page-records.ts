// Records for tests of the page: tokens in every condition, as many as wanted, and texts that want to be more than text.

import { HOUR_MS, toInstant } from "../src/core/base/instant.ts";
import type { HistoryEntry, TokenConfig, TokenState } from "../src/core/model/schema.ts";
import { chainEntries } from "../src/core/record/history.ts";
import { historyState } from "./record-history.ts";
import { rotatedState } from "./token-states.ts";

/** The moment that the records are arranged around. */
export const NOW = new Date("2026-06-15T09:30:00Z");

/** Texts that a page must show as what they are. Each would act if it were taken for markup, or reorder what stands around it. */
export const HOSTILE = [
  `<img src=x onerror="alert('1')">`,
  `</script><script>alert(2)</script>`,
  `" onmouseover="alert(3)" x="`,
  `' autofocus onfocus=alert(4) '`,
  "&lt;b&gt; &amp; &#x3c;",
  "\u202eyek terces a\u202c \u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627",
  `x${"very-long-".repeat(60)}`,
  "{{constructor.constructor('alert(5)')()}}",
] as const;

const NAMES = [
  "API_KEY",
  "DATABASE_PASSWORD",
  "SESSION_SECRET",
  "WEBHOOK_SECRET",
  "SIGNING_KEY",
  "PARTNER_TOKEN",
  "SMTP_PASSWORD",
  "DEPLOY_KEY",
];
const PLACES = ["", "_STAGING", "_EU", "_US", "_BILLING", "_SEARCH", "_MAIL", "_REPORTS"];
const TYPES = ["api_key", "password", "secret_key", "custom"] as const;
/** Ages in hours, so that every band is there. */
const AGES = [2, 60, 220, 400, 1000, 20, 130, 90];

const before = (hours: number) => toInstant(NOW.getTime() - hours * HOUR_MS);

function stateOf(index: number, message: string): TokenState | null {
  const age = AGES[index % AGES.length] ?? 0;
  const rotated = rotatedState({
    generation: 1 + (index % 7),
    rotated_at: before(age + (index % 5)),
  });
  switch (index % 16) {
    case 5:
      return null;
    case 11:
      return {
        ...rotated,
        failures: 3,
        last_error: { at: before(1), code: "x", message },
        next_attempt_at: before(-2),
      };
    case 13:
      return { ...rotated, drift: { at: before(9), message: "something else was seen" } };
    default:
      return rotated;
  }
}

function namesOf(count: number): string[] {
  return Array.from({ length: count }, (_, index) => {
    const round = Math.floor(index / (NAMES.length * PLACES.length));
    return `${NAMES[index % NAMES.length]}${PLACES[Math.floor(index / NAMES.length) % PLACES.length]}${round > 0 ? `_${round}` : ""}`;
  });
}

/** The history of such a record, the newest last. */
export function entriesOf(
  count: number,
  texts: readonly string[] = ["octocat", "hubot"],
): HistoryEntry[] {
  const at = (index: number) => texts[index % texts.length] ?? "";
  const names = namesOf(count);
  const events = [
    "rotated",
    "rotated",
    "proved",
    "failed",
    "rotated",
    "rule_set",
    "drift",
    "revoked",
    ...(texts.length > 2 ? [at(1)] : []),
  ];
  const drafts = Array.from({ length: 4 * count }, (_, index) => ({
    at: before((4 * count - index) * 3),
    event: events[index % events.length] ?? "",
    token_name: names[index % Math.max(1, count)] ?? null,
    generation: 1 + (index % 7),
    previous_hash: null,
    new_hash: null,
    triggered_by: {
      kind: "schedule" as const,
      actor: at(index),
      workflow_name: at(index + 1),
      run_url:
        index % 2 === 0 ? "https://github.com/acme/widgets/actions/runs/1" : "javascript:alert(6)",
    },
  }));
  return chainEntries(drafts);
}

/**
 * A record of that many tokens with rules, three workflows and a history.
 * @param texts what stands wherever others may write: one after the other
 */
export function recordOf(
  count: number,
  texts: readonly string[] = ["octocat", "hubot"],
): TokenConfig {
  const at = (index: number) => texts[index % texts.length] ?? "";
  const names = namesOf(count);
  const tokens = names.map((name, index) => [
    name,
    { type: TYPES[index % TYPES.length], ...(index % 3 === 0 ? { groups: ["CRITICAL"] } : {}) },
  ]);
  const rules = names.flatMap((name, index) =>
    index % 4 === 3 ? [] : [[name, { interval_hours: [24, 168, 336, 720][index % 4] ?? 24 }]],
  );
  const states = names.flatMap((name, index) => {
    const state = stateOf(index, at(Math.floor(index / 16)));
    return state === null ? [] : [[name, state]];
  });
  return {
    version: 1,
    tokens: Object.fromEntries(tokens),
    rules: Object.fromEntries(rules),
    workflows:
      count === 0
        ? {}
        : {
            daily_security: { tokens: ["ALL_TOKENS"], schedule: "0 2 * * *" },
            weekly_critical: {
              tokens: ["CRITICAL"],
              schedule: "17 4 * * 1",
              timezone: "Europe/Berlin",
            },
            by_hand: { tokens: names.slice(0, 3), schedule: "@monthly", enabled: false },
          },
    state: {
      tokens: Object.fromEntries(states),
      workflows: { daily_security: { first_seen_at: before(30 * 24), last_run_at: before(7.5) } },
      history: historyState(entriesOf(count, texts)),
    },
  };
}
