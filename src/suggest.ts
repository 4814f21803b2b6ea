// What to do next: sentences for people, and requests of the HTTP API that would do it.
import { issuerRequired } from "./condition.ts";
import { type Judgement, judgeTokens } from "./due.ts";
import { type HealthReport, healthOf, type TokenHealth } from "./health.ts";
import { recommendedInterval, rhythms } from "./interval.ts";
import type { TokenConfig } from "./schema.ts";
import type { Home } from "./token.ts";

export const PRIORITIES = ["high", "medium", "low"] as const;
export type Priority = (typeof PRIORITIES)[number];

/** A call of the HTTP API that does what an action advises. */
export type ActionRequest =
  | { readonly method: "POST"; readonly path: "/tokens/rotate"; readonly body: { readonly token_name: string } }
  | {
      readonly method: "POST";
      readonly path: "/tokens/setup-rotation";
      readonly body: {
        readonly token_name: string;
        readonly interval_hours: number;
        readonly auto_rotate: boolean;
        readonly notify: boolean;
      };
    };

export type Action = {
  readonly token_name: string;
  readonly priority: Priority;
  readonly reason: string;
  readonly recommended_interval_hours: number;
  /** Null where only a person can do it; the reason says what. */
  readonly request: ActionRequest | null;
};

export type Suggestions = {
  readonly suggestions: readonly string[];
  /** The most urgent first, else in declaration order. A token may have two: rotate it, and give it a rule. */
  readonly actions: readonly Action[];
};

/** How many names one sentence tells before it only counts. */
export const NAMED_AT_MOST = 20;

/** What should be done at `now`, the most urgent first. Throws as `plan`. */
export function suggest(config: TokenConfig, home: Home, now: Date): Suggestions {
  const judgement = judgeTokens(config, home, now);
  const report = healthOf(config, judgement, now);
  const statuses = new Map(report.tokens.map((token) => [token.name, token]));
  const groups = groupsOf(report, judgement);
  return { suggestions: sentences(report, groups), actions: actionsOf(config, judgement, { groups, statuses, now: now.getTime() }) };
}

type Groups = {
  readonly high: ReadonlySet<string>;
  readonly should: ReadonlySet<string>;
  readonly never: ReadonlySet<string>;
  readonly failing: ReadonlySet<string>;
  readonly unknown: ReadonlySet<string>;
  readonly uncovered: ReadonlySet<string>;
};

function groupsOf(report: HealthReport, { tokens }: Judgement): Groups {
  const having = (status: TokenHealth["status"]) => report.tokens.filter((token) => token.status === status).map((token) => token.name);
  const high = new Set(report.high_risk);
  const should = new Set([...report.needs_rotation, ...having("should_rotate")].filter((name) => !high.has(name)));
  return {
    high,
    should: inOrder(report, should),
    never: new Set(report.never_rotated.filter((name) => !high.has(name))),
    failing: new Set(having("failing")),
    unknown: new Set(having("unknown")),
    uncovered: new Set(tokens.filter((each) => !each.covered).map((each) => each.token.name)),
  };
}

function inOrder(report: HealthReport, names: ReadonlySet<string>): Set<string> {
  return new Set(report.tokens.flatMap(({ name }) => (names.has(name) ? [name] : [])));
}

function sentences(report: HealthReport, groups: Groups): string[] {
  const lines: readonly (readonly [string, ReadonlySet<string>])[] = [
    // Two spaces after this sign: the terminals that draw it wide overlap the first.
    ["⚠️  HIGH PRIORITY", groups.high],
    ["📋 Should rotate", groups.should],
    ["🆕 Never rotated", groups.never],
    ["🔁 Failing", groups.failing],
    ["❓ Record unclear", groups.unknown],
    ["📅 No rule or workflow", groups.uncovered],
  ];
  const told = lines.flatMap(([label, names]) => (names.size === 0 ? [] : [`${label}: ${listed(names)}`]));
  if (told.length > 0) return told;
  if (report.total_tokens === 0) return ["✅ Nothing to do: no token is declared yet"];
  return [report.total_tokens === 1 ? "✅ The token is healthy" : `✅ All ${report.total_tokens} tokens are healthy`];
}

function listed(names: ReadonlySet<string>): string {
  const first = [...names].slice(0, NAMED_AT_MOST).join(", ");
  return names.size > NAMED_AT_MOST ? `${first} … and ${names.size - NAMED_AT_MOST} more` : first;
}

type Context = { readonly groups: Groups; readonly statuses: ReadonlyMap<string, TokenHealth>; readonly now: number };

function actionsOf(config: TokenConfig, { tokens }: Judgement, context: Context): Action[] {
  const known = rhythms(config.history ?? []);
  const actions: Action[] = [];
  for (const { token, state } of tokens) {
    const { name: token_name } = token;
    const recommended_interval_hours = recommendedInterval(token, state, context.now, known.get(token_name) ?? null);
    const advice = adviceOn(token_name, context);
    const uncovered = context.groups.uncovered.has(token_name);
    if (advice === null && !uncovered) continue;
    if (issuerRequired(token)) {
      const why = advice?.reason ?? "no rule or workflow";
      const reason = `${why}. GitHub issues these only to people: rotate it with a new_token, or declare an issuer`;
      actions.push({ token_name, priority: advice?.priority ?? "low", reason, recommended_interval_hours, request: null });
      continue;
    }
    if (advice !== null) {
      const request = { method: "POST", path: "/tokens/rotate", body: { token_name } } as const;
      actions.push({ token_name, ...advice, recommended_interval_hours, request });
    }
    if (uncovered) {
      const body = { token_name, interval_hours: recommended_interval_hours, auto_rotate: true, notify: true };
      const request = { method: "POST", path: "/tokens/setup-rotation", body } as const;
      actions.push({ token_name, priority: "low", reason: "no rule or workflow", recommended_interval_hours, request });
    }
  }
  return PRIORITIES.flatMap((priority) => actions.filter((action) => action.priority === priority));
}

function adviceOn(name: string, { groups, statuses }: Context): Pick<Action, "priority" | "reason"> | null {
  const status = statuses.get(name);
  if (status === undefined) return null;
  const { reason } = status;
  if (groups.high.has(name)) return { priority: "high", reason };
  if (groups.failing.has(name) || groups.unknown.has(name) || groups.never.has(name)) return { priority: "medium", reason };
  if (groups.should.has(name)) return { priority: status.status === "should_rotate" ? "low" : "medium", reason };
  return null;
}
