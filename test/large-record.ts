// A record of many tokens, with rules, workflows and a history: for whatever must hold at that size.
import type { HistoryEntry, TokenConfig } from "../src/core/model/schema.ts";
import { NEW_TOKEN_STATE } from "../src/core/model/token.ts";
import { chainEntries } from "../src/core/record/history.ts";
import { historyState } from "./record-history.ts";
import { rotatedState } from "./token-states.ts";

/** The entries of a large record's history: one for each of its first thousand tokens, an hour apart. */
export function largeHistory(tokens: number, now: Date): HistoryEntry[] {
  const drafts = namesOf(tokens)
    .slice(0, 1000)
    .map((name, index) => ({
      at: new Date(now.getTime() - (1000 - index) * 3_600_000).toISOString(),
      event: "rotated",
      token_name: name,
      generation: 1,
      previous_hash: null,
      new_hash: `sha256:${"ab".repeat(32)}`,
      triggered_by: { kind: "schedule" as const, actor: "octocat", workflow_name: null },
    }));
  return chainEntries(drafts);
}

function namesOf(tokens: number): string[] {
  return Array.from(
    { length: tokens },
    (_, index) => `SERVICE_${String(index).padStart(5, "0")}_API_KEY`,
  );
}

/** Every third token is over the high-risk age, every third fresh, every third was never rotated. */
export function largeRecord(tokens: number, now: Date): TokenConfig {
  const names = namesOf(tokens);
  const ago = (hours: number) => new Date(now.getTime() - hours * 3_600_000).toISOString();
  const rotated = (index: number) => [ago(40 * 24), ago(2), null][index % 3] ?? null;
  return {
    version: 1,
    tokens: Object.fromEntries(names.map((name) => [name, { groups: ["ALL_SERVICES"] }])),
    rules: Object.fromEntries(
      names.map((name) => [name, { interval_hours: 2400, auto_rotate: true, notify: true }]),
    ),
    workflows: {
      nightly: { tokens: ["ALL_TOKENS"], schedule: "0 2 * * *" },
      named: { tokens: names.slice(0, 1000), schedule: "0 3 * * 0" },
    },
    state: {
      tokens: Object.fromEntries(
        names.map((name, index) => {
          const rotated_at = rotated(index);
          return [name, rotated_at === null ? NEW_TOKEN_STATE : rotatedState({ rotated_at })];
        }),
      ),
      workflows: {},
      history: historyState(largeHistory(tokens, now)),
    },
  };
}
