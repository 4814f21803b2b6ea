// What a run would do now and why, and when each token is next due: decided from the record and the time alone.
import { type Hold, type JudgedToken, judgeToken, judgeTokens, type Trigger } from "./due.ts";
import { toInstant } from "./instant.ts";
import type { NextDue } from "./report.ts";
import type { TokenConfig } from "./schema.ts";
import { type Home, resolveToken, tokenState } from "./token.ts";
import { indexGroups, type WorkflowStatus, workflowStatuses } from "./workflows.ts";

/** A token that a run would rotate now. */
export type DueToken = {
  readonly token_name: string;
  /** The strongest reason's kind. */
  readonly trigger: Trigger;
  /** Every reason, the strongest first. */
  readonly reasons: readonly string[];
  /** The reasons, joined for people. */
  readonly reason: string;
  /** The due workflows that mean it. */
  readonly workflows: readonly string[];
};

/** A token that would be due but is held back, and until when (ISO 8601; null where only a person can end it). */
export type SkippedToken = {
  readonly token_name: string;
  readonly code: Hold["code"];
  readonly reason: string;
  readonly blocked_until: string | null;
};

export type UpcomingToken = { readonly token_name: string; readonly at: string; readonly reason: string };

export type Plan = {
  /** In declaration order, each token once. */
  readonly due: readonly DueToken[];
  readonly skipped: readonly SkippedToken[];
  /** When a run would next rotate each token that has such a time, the soonest first; what is due now stands at `now`. */
  readonly upcoming: readonly UpcomingToken[];
  readonly workflows: readonly WorkflowStatus[];
  /** Enabled workflows that no run has recorded seeing: the next run must record `first_seen_at` for them. */
  readonly unseen_workflows: readonly string[];
  readonly next_due: NextDue | null;
};

/** What a run at `now` would do. Throws `Misconfigured` only for a schedule or zone that `parseConfig` would have refused. */
export function plan(config: TokenConfig, home: Home, now: Date): Plan {
  const { workflows, tokens } = judgeTokens(config, home, now);
  const waiting = tokens.flatMap(({ token, verdict }) => (verdict.next === null ? [] : [{ token_name: token.name, ...verdict.next }]));
  // The sort is stable, so that tokens due at one time stay in declaration order.
  waiting.sort((a, b) => a.at - b.at);
  const upcoming = waiting.map(({ token_name, at, reason }) => ({ token_name, at: toInstant(at), reason }));
  const first = upcoming[0];
  return {
    due: tokens.flatMap(dueToken),
    skipped: tokens.flatMap(skippedToken),
    upcoming,
    workflows,
    unseen_workflows: workflows.filter((workflow) => workflow.unseen).map((workflow) => workflow.workflow_name),
    next_due: first === undefined ? null : { token_name: first.token_name, at: first.at },
  };
}

/** When a run would next rotate one token (ISO 8601), never before `now`; null where none would, or nobody declared it. */
export function nextDueOf(config: TokenConfig, home: Home, name: string, now: Date): string | null {
  const token = resolveToken(config, name, home);
  if (token === null) return null;
  const mine = workflowStatuses(config, now, indexGroups(config)).filter((workflow) => workflow.enabled && workflow.tokens.includes(name));
  const { next } = judgeToken(token, tokenState(config, name), mine, now.getTime());
  return next === null ? null : toInstant(next.at);
}

function dueToken({ token, verdict }: JudgedToken): DueToken[] {
  const [strongest] = verdict.reasons;
  if (strongest === undefined || verdict.hold !== null) return [];
  const reasons = verdict.reasons.map((reason) => reason.text);
  return [{ token_name: token.name, trigger: strongest.trigger, reasons, reason: reasons.join("; "), workflows: verdict.workflows }];
}

function skippedToken({ token, verdict }: JudgedToken): SkippedToken[] {
  if (verdict.hold === null) return [];
  const { code, reason, until } = verdict.hold;
  return [{ token_name: token.name, code, reason, blocked_until: until }];
}
