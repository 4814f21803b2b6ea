// The plan of a run and the next due time of each token, decided from the record and the time alone.

import { toInstant } from "../base/instant.ts";
import type { TokenConfig } from "../model/schema.ts";
import { type Home, resolveToken, tokenState } from "../model/token.ts";
import { type WorkflowStatus, workflowStatuses } from "../model/workflow.ts";
import type { NextDue } from "../ports/report.ts";
import { enabled, type Trigger } from "./claims.ts";
import { type DueVerdict, type Hold, judgeToken, judgeTokens } from "./due.ts";

/** A token that a run would rotate now. */
type DueToken = {
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

/** A token that would be due but is held back, and until when (ISO 8601; null if only a person can end it). */
type SkippedToken = {
  readonly token_name: string;
  readonly code: Hold["code"];
  readonly reason: string;
  readonly blocked_until: string | null;
};

type UpcomingToken = { readonly token_name: string; readonly at: string; readonly reason: string };

export type Plan = {
  /** In declaration order, each token once. */
  readonly due: readonly DueToken[];
  readonly skipped: readonly SkippedToken[];
  /** When a run would next rotate each token that has such a time, the soonest first. A token that is due now stands at `now`. */
  readonly upcoming: readonly UpcomingToken[];
  readonly workflows: readonly WorkflowStatus[];
  /** Enabled workflows that no run has recorded seeing: the next run must record `first_seen_at` for them. */
  readonly unseen_workflows: readonly string[];
  readonly next_due: NextDue | null;
};

/** Plans a run at `now`. Throws `Misconfigured` only for a schedule or zone that `parseConfig` would have refused. */
export function plan(config: TokenConfig, home: Home, now: Date): Plan {
  const { workflows, tokens } = judgeTokens(config, home, now);
  const due: DueToken[] = [];
  const skipped: SkippedToken[] = [];
  const waiting: { token_name: string; at: number; reason: string }[] = [];
  for (const { token, verdict } of tokens) {
    const { reasons, hold, next } = verdict;
    if (hold !== null)
      skipped.push({
        token_name: token.name,
        code: hold.code,
        reason: hold.reason,
        blocked_until: hold.until,
      });
    else if (reasons[0] !== undefined) due.push(dueToken(token.name, reasons[0].trigger, verdict));
    if (next !== null) waiting.push({ token_name: token.name, at: next.at, reason: next.reason() });
  }
  // The sort is stable, so that tokens due at one time stay in declaration order.
  const upcoming = waiting
    .sort((a, b) => a.at - b.at)
    .map((each) => ({ ...each, at: toInstant(each.at) }));
  const first = upcoming[0];
  return {
    due,
    skipped,
    upcoming,
    workflows,
    unseen_workflows: workflows
      .filter((workflow) => workflow.unseen)
      .map((workflow) => workflow.workflow_name),
    next_due: first === undefined ? null : { token_name: first.token_name, at: first.at },
  };
}

/** When a run would next rotate one token (ISO 8601), never before `now`; null if none would, or if it is not declared. */
export function nextDueOf(config: TokenConfig, home: Home, name: string, now: Date): string | null {
  const token = resolveToken(config, name, home);
  if (token === null) return null;
  const meaning = workflowStatuses(config, now).filter((workflow) =>
    workflow.tokens.includes(name),
  );
  const mine = meaning.flatMap((workflow) => enabled(workflow) ?? []);
  const { next } = judgeToken(token, tokenState(config, name), mine, now.getTime());
  return next === null ? null : toInstant(next.at);
}

function dueToken(token_name: string, trigger: Trigger, verdict: DueVerdict): DueToken {
  const reasons = verdict.reasons.map((reason) => reason.text);
  return { token_name, trigger, reasons, reason: reasons.join("; "), workflows: verdict.workflows };
}
