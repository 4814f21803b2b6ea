// The complete overview: tokens, rules, workflows, history, health, suggestions.

import type { HistoryEntry, TokenConfig } from "../model/schema.ts";
import { type Home, liveGeneration, resolveToken, tokenState } from "../model/token.ts";
import { expandWorkflow, workflowTimezone } from "../model/workflow.ts";
import { issuerMissing } from "../plan/condition.ts";
import { type Plan, plan } from "../plan/plan.ts";
import { manualOf } from "../plan/waiting.ts";
import { nextOccurrence, parseSchedule } from "../schedule/schedule.ts";
import { type HealthBands, health, healthBands } from "./health.ts";
import type { Status, Suggestions, TokenOverview, WorkflowOverview } from "./shapes.ts";
import { suggest } from "./suggest.ts";

type About = {
  readonly home: Home;
  readonly now: Date;
  /** The entries to include, the newest last. */
  readonly history: readonly HistoryEntry[];
};

export function statusOf(config: TokenConfig, { home, now, history }: About): Status {
  const tokens = Object.keys(config.tokens ?? {}).flatMap((name): [string, TokenOverview][] => {
    const token = resolveToken(config, name, home);
    if (token === null) return [];
    const state = tokenState(config, name);
    const { current } = state;
    const overview = {
      name,
      type: token.type,
      issuer: token.issuer,
      groups: token.groups,
      destinations: token.placements.map((placement) => placement.id),
      generation: liveGeneration(state),
      rotated_at: current?.rotated_at ?? null,
      fingerprint: current?.fingerprint ?? null,
      expires_at: current?.expires_at ?? token.expiresAt,
      pending: state.pending !== null,
      failures: state.failures,
    };
    return [[name, overview]];
  });
  const workflows = Object.entries(config.workflows ?? {}).map(
    ([name, workflow]): [string, WorkflowOverview] => [
      name,
      {
        ...workflow,
        resolved_tokens: expandWorkflow(config, name).tokens,
        next_run:
          workflow.enabled === false
            ? null
            : nextOccurrence(
                parseSchedule(workflow.schedule),
                workflowTimezone(config, workflow),
                now,
              ).toISOString(),
        last_run_at: config.state?.workflows?.[name]?.last_run_at ?? null,
      },
    ],
  );
  return {
    tokens: Object.fromEntries(tokens),
    rules: config.rules ?? {},
    workflows: Object.fromEntries(workflows),
    history,
    health: health(config, home, now),
    suggestions: suggest(config, home, now, history).suggestions,
  };
}

/** The complete overview, and what is planned, advised and drawn beside it. */
export function overviewOf(config: TokenConfig, about: About): Overview {
  const { home, now } = about;
  return {
    home,
    now,
    status: statusOf(config, about),
    entries: Math.max(config.state?.history?.entries ?? 0, about.history.length),
    plan: plan(config, home, now),
    actions: suggest(config, home, now, about.history).actions,
    bands: healthBands(config),
    byHand: new Set(
      Object.keys(config.tokens ?? {}).filter((name) => needsPerson(config, home, name)),
    ),
  };
}

function needsPerson(config: TokenConfig, home: Home, name: string): boolean {
  const token = resolveToken(config, name, home);
  return (
    token !== null &&
    (manualOf(token) !== null || issuerMissing(token, tokenState(config, name)) !== null)
  );
}

/** Everything that a page shows, of one moment and one reading of the record. */
export type Overview = {
  readonly home: Home;
  readonly now: Date;
  /** With the newest entries of the history. */
  readonly status: Status;
  /** How many entries the history has in all. */
  readonly entries: number;
  readonly plan: Plan;
  readonly actions: Suggestions["actions"];
  readonly bands: HealthBands;
  /** Tokens whose next value only a person can hand in. */
  readonly byHand: ReadonlySet<string>;
};
