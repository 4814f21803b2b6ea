// Turns what happened in a run into its report: pure.

import type { ReportedError } from "../base/reported-error.ts";
import type { TokenConfig } from "../model/schema.ts";
import { type Home, tokenState } from "../model/token.ts";
import { plan } from "../plan/plan.ts";
import { aheadWarnings } from "../plan/wrong-clock.ts";
import type { DestinationReport, Report, TokenReport } from "../ports/report.ts";
import type { Commit } from "../ports/store.ts";
import type { Observed } from "../proof/observe.ts";
import { nextGeneration } from "../rotation/state.ts";
import type { RunRequest } from "./request.ts";
import type { Revoked } from "./retire.ts";
import type { Selected, Selection, TokenOutcome } from "./token-run.ts";

export type RunFacts = {
  readonly request: RunRequest;
  readonly options: { readonly home: Home; readonly runId: string };
  readonly startedAt: Date;
  readonly finishedAt: Date;
  readonly selection: Selection;
  readonly outcomes: readonly TokenOutcome[];
  readonly observed: readonly Observed[];
  readonly revoked: readonly Revoked[];
  /** As the run left it. */
  readonly config: TokenConfig;
  readonly commit: Commit | null;
  /** About the run as a whole. */
  readonly warnings: readonly string[];
};

/** The report of a run; tokens in the order in which they were taken up, those passed over last. */
export function runReport(facts: RunFacts): Report {
  const { request, options, selection, commit } = facts;
  const passedOver = selection.skipped.map(
    (skipped): TokenReport => ({
      ...blank(skipped.token_name, skipped.state),
      status: "skipped",
      reason: skipped.reason,
    }),
  );
  const tokens = [...facts.outcomes.map(tokenReport), ...passedOver];
  const named = (...statuses: TokenReport["status"][]) =>
    tokens.filter((token) => statuses.includes(token.status)).map((token) => token.token_name);
  const rotated = named("rotated", "resumed");
  const observedAs = (observation: Observed["observation"]) =>
    facts.observed
      .filter((observed) => observed.observation === observation)
      .map(({ token }) => token.name);
  // What was overwritten in this very run is no longer adrift.
  const drifted = observedAs("other").filter((name) => !rotated.includes(name));
  return {
    run_id: options.runId,
    started_at: facts.startedAt.toISOString(),
    finished_at: facts.finishedAt.toISOString(),
    dry_run: request.dryRun,
    triggered_by: request.triggeredBy,
    tokens,
    rotated,
    failed: named("failed"),
    failing: [...new Set([...named("failed"), ...failingOf(facts.config)])],
    skipped: named("skipped"),
    drifted,
    proved: observedAs("current"),
    revoked: [
      ...new Set(
        facts.revoked
          .filter(({ error, count }) => error === null && count > 0)
          .map(({ tokenName }) => tokenName),
      ),
    ],
    commit,
    next_due: plan(facts.config, options.home, facts.finishedAt).next_due,
    warnings: [
      ...facts.warnings,
      ...drifted.map(driftWarning),
      ...facts.revoked.flatMap(revokeWarning),
      ...aheadWarnings(facts.config, facts.startedAt),
    ],
  };
}

function failingOf(config: TokenConfig): string[] {
  return Object.keys(config.tokens ?? {}).filter((name) => tokenState(config, name).failures > 0);
}

function driftWarning(name: string): string {
  return `${name}: this job sees another value than the one that was placed. Somebody changed it, or it never arrived; nothing overwrites it until you rotate ${name}.`;
}

function revokeWarning({ tokenName, credential, error }: Revoked): string[] {
  return error === null
    ? []
    : [
        `${tokenName}: generation ${credential.generation} could not be revoked, and is tried again: ${error.message}`,
      ];
}

function blank(name: string, state: Selected["state"]): TokenReport {
  return {
    token_name: name,
    status: "skipped",
    reason: "",
    generation: state.generation,
    previous_hash: state.fingerprint,
    new_hash: null,
    destinations: [],
    warnings: [],
    error: null,
  };
}

function tokenReport(outcome: TokenOutcome): TokenReport {
  const selected = outcome.kind === "tried" ? outcome.prepared.selected : outcome.selected;
  const { token, state, reason } = selected;
  const base = { ...blank(token.name, state), reason };
  const all = (status: DestinationReport["status"]) =>
    token.placements.map(({ id }): DestinationReport => ({ id, status, error: null }));
  switch (outcome.kind) {
    case "planned":
      return {
        ...base,
        status: "planned",
        generation: plannedGeneration(selected),
        destinations: all("planned"),
      };
    case "unprepared":
      return { ...base, status: "failed", destinations: all("pending"), error: outcome.error };
    case "lost":
      return { ...base, status: "skipped", reason: outcome.reason };
    case "tried":
      return tried(base, outcome);
  }
}

function plannedGeneration({ state, how }: Selected): number {
  return how === "resume" && state.pending !== null
    ? state.pending.generation
    : nextGeneration(state);
}

function tried(base: TokenReport, outcome: Extract<TokenOutcome, { kind: "tried" }>): TokenReport {
  const { prepared, outcomes } = outcome;
  const byId = new Map(outcomes.map((outcome) => [outcome.id, outcome.error]));
  const destinations = prepared.selected.token.placements.map(({ id }): DestinationReport => {
    const error = byId.get(id) ?? null;
    return { id, status: error === null ? "placed" : "failed", error };
  });
  const error =
    outcome.overtaken ??
    outcomes.find((one) => one.error !== null)?.error ??
    notRecorded(outcome.unrecorded);
  return {
    ...base,
    status: error !== null ? "failed" : prepared.resumed ? "resumed" : "rotated",
    generation: prepared.generation,
    new_hash: prepared.prints.fingerprint,
    destinations,
    warnings: prepared.warnings,
    error,
  };
}

function notRecorded(error: ReportedError | null): ReportedError | null {
  if (error === null) return null;
  return {
    kind: "uncertain",
    code: "not-recorded",
    message: `the value was placed, but recording it failed: ${error.message}`,
    hint: "The journal holds what was begun; the next run finishes it.",
  };
}
