// Suggestions: sentences for people, and requests of the HTTP API that would do it.

import type { HistoryEntry, TokenConfig } from "../model/schema.ts";
import type { Home } from "../model/token.ts";
import { issuerMissing } from "../plan/condition.ts";
import { manualOf } from "../plan/waiting.ts";
import { crowding, lingering } from "./crowding.ts";
import { type Assessment, assessTokens } from "./health.ts";
import { recommendedInterval, rhythms } from "./interval.ts";
import type { Suggestions, TokenHealth } from "./shapes.ts";

type Action = Suggestions["actions"][number];
type Priority = Action["priority"];

/** The most names in one sentence, which only counts beyond it. */
const NAMED_AT_MOST = 20;

/** What each sentence is about, in the order in which they are told. */
const SENTENCES = [
  // Two spaces after this sign: terminals that draw it wide overlap the first.
  ["high", "⚠️  HIGH PRIORITY"],
  ["should", "📋 Should rotate"],
  ["never", "🆕 Never rotated"],
  ["failing", "🔁 Failing"],
  ["waiting", "👤 Waits for a person"],
  ["unknown", "❓ Record unclear"],
  ["lingering", "🧹 Not revoked"],
  ["crowded", "⏳ Overlap too long"],
  ["uncovered", "📅 No rule or workflow"],
] as const;
type Concern = (typeof SENTENCES)[number][0];

/**
 * What should be done at `now`, the most urgent first, else in declaration order. A token may have several actions.
 * Throws as `plan`.
 * @param history the newest entries: they show in which rhythm each token was rotated
 */
export function suggest(
  config: TokenConfig,
  home: Home,
  now: Date,
  history: readonly HistoryEntry[] = [],
): Suggestions {
  const named: Record<Concern, string[]> = {
    high: [],
    should: [],
    never: [],
    failing: [],
    waiting: [],
    unknown: [],
    lingering: [],
    crowded: [],
    uncovered: [],
  };
  const actions: Record<Priority, Action[]> = { high: [], medium: [], low: [] };
  const rhythm = rhythms(history);
  const crowdedBy = crowding(config, now);
  let total = 0;
  for (const each of assessTokens(config, home, now)) {
    total++;
    const notes = [
      note("lingering", "medium", lingering(each.state)),
      note("crowded", "low", crowdedBy(each.token)),
    ].flat();
    const own = concernsOf(each);
    const concerns = [...own, ...notes.map(({ concern }) => concern)];
    for (const concern of concerns) named[concern].push(each.token.name);
    if (concerns.length === 0) continue;
    const interval = recommendedInterval(
      each.token,
      each.state,
      now.getTime(),
      rhythm.get(each.token.name) ?? null,
    );
    for (const action of actionsOn(each, own, interval)) actions[action.priority].push(action);
    for (const { priority, reason } of notes) {
      actions[priority].push({
        token_name: each.token.name,
        priority,
        reason,
        recommended_interval_hours: interval,
        request: null,
      });
    }
  }
  return {
    suggestions: sentences(named, total),
    actions: [...actions.high, ...actions.medium, ...actions.low],
  };
}

/** Faults that only a person can fix, and no rotation would. */
type Note = Pick<Action, "priority" | "reason"> & { readonly concern: "lingering" | "crowded" };

function note(concern: Note["concern"], priority: Priority, reason: string | null): Note[] {
  return reason === null ? [] : [{ concern, priority, reason }];
}

function concernsOf({ health, lists, covered, verdict }: Assessment): Concern[] {
  const { status } = health;
  const high = lists.includes("high_risk");
  const concerns: Concern[] = [];
  if (high) concerns.push("high");
  else if (lists.includes("needs_rotation") || status === "should_rotate") concerns.push("should");
  if (lists.includes("never_rotated") && !high) concerns.push("never");
  if (status === "failing") concerns.push("failing");
  if (verdict.hold?.code === "waiting") concerns.push("waiting");
  if (status === "unknown") concerns.push("unknown");
  if (!covered) concerns.push("uncovered");
  return concerns;
}

function sentences(named: Readonly<Record<Concern, readonly string[]>>, total: number): string[] {
  const told: string[] = [];
  for (const [concern, label] of SENTENCES)
    if (named[concern].length > 0) told.push(`${label}: ${listed(named[concern])}`);
  if (told.length > 0) return told;
  if (total === 0) return ["✅ Nothing to do: no token is declared yet"];
  return [total === 1 ? "✅ The token is healthy" : `✅ All ${total} tokens are healthy`];
}

function listed(names: readonly string[]): string {
  const first = names.slice(0, NAMED_AT_MOST).join(", ");
  return names.length > NAMED_AT_MOST
    ? `${first} … and ${names.length - NAMED_AT_MOST} more`
    : first;
}

function actionsOn(
  { token, state, health }: Assessment,
  concerns: readonly Concern[],
  recommended_interval_hours: number,
): Action[] {
  const { name: token_name } = token;
  const advice = adviceOn(health, concerns);
  const uncovered = concerns.includes("uncovered");
  if (issuerMissing(token, state) !== null) {
    const { priority, reason: why } = advice ?? NO_RULE;
    const what =
      manualOf(token) === null
        ? "rotate it with a new_token, or declare an issuer"
        : "hand in the next one (new_token)";
    const reason = `${why}. Its values come from outside: ${what}`;
    return [{ token_name, priority, reason, recommended_interval_hours, request: null }];
  }
  const actions: Action[] = [];
  if (advice !== null) {
    const request = { method: "POST", path: "/tokens/rotate", body: { token_name } } as const;
    actions.push({ token_name, ...advice, recommended_interval_hours, request });
  }
  if (uncovered) {
    const body = {
      token_name,
      interval_hours: recommended_interval_hours,
      auto_rotate: true,
      notify: true,
    };
    const request = { method: "POST", path: "/tokens/setup-rotation", body } as const;
    actions.push({ token_name, ...NO_RULE, recommended_interval_hours, request });
  }
  return actions;
}

type Advice = Pick<Action, "priority" | "reason">;
const NO_RULE: Advice = { priority: "low", reason: "no rule or workflow" };

/** Null where nothing speaks for rotating it now. */
function adviceOn({ status, reason }: TokenHealth, concerns: readonly Concern[]): Advice | null {
  if (concerns.includes("high")) return { priority: "high", reason };
  if (concerns.every((concern) => concern === "uncovered")) return null;
  return { priority: status === "should_rotate" ? "low" : "medium", reason };
}
