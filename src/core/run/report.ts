// The report of a run, from the final phases of its tokens. Pure.

import { describeError } from "../base/errors.ts";
import type { ReportedError } from "../base/reported-error.ts";
import type { TokenConfig } from "../model/schema.ts";
import { type Home, liveGeneration, tokenState } from "../model/token.ts";
import { plan } from "../plan/plan.ts";
import { aheadWarnings } from "../plan/wrong-clock.ts";
import type { DestinationReport, Report, TokenReport } from "../ports/report.ts";
import type { Commit } from "../ports/store.ts";
import type { Observed } from "../proof/observe.ts";
import { nextGeneration } from "../rotation/state.ts";
import type { RunRequest } from "./request.ts";
import type { Revoked } from "./retire.ts";
import type { Selection } from "./select.ts";
import type { Choice, Finished, Settled } from "./token-run.ts";

export type RunFacts = {
  readonly request: RunRequest;
  readonly options: { readonly home: Home; readonly runId: string };
  readonly startedAt: Date;
  readonly finishedAt: Date;
  readonly selection: Selection;
  readonly tokens: readonly Finished[];
  readonly observed: readonly Observed[];
  readonly revoked: readonly Revoked[];
  /** As the run left it. */
  readonly config: TokenConfig;
  readonly commit: Commit | null;
  /** About the run as a whole. */
  readonly warnings: readonly string[];
};

/** The report of a run; tokens in the order in which the run took them up, the skipped ones last. */
export function runReport(facts: RunFacts): Report {
  const { request, options, selection, commit } = facts;
  const passedOver = selection.skipped.map(
    (skipped): TokenReport => ({
      ...blank(skipped.token_name, skipped.state),
      status: "skipped",
      reason: skipped.reason,
    }),
  );
  const tokens = [...facts.tokens.map(tokenReport), ...passedOver];
  const named = (...statuses: TokenReport["status"][]) =>
    tokens.filter((token) => statuses.includes(token.status)).map((token) => token.token_name);
  const rotated = named("rotated", "resumed");
  const observedAs = (observation: Observed["observation"]) =>
    facts.observed
      .filter((observed) => observed.observation === observation)
      .map(({ token }) => token.name);
  // A token that this run overwrote is no longer adrift.
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
  return `${name}: this job sees another value than the one that was placed. It was changed elsewhere, or it never arrived. No run overwrites it until you rotate ${name}.`;
}

function revokeWarning({ tokenName, credential, error }: Revoked): string[] {
  return error === null
    ? []
    : [
        `${tokenName}: generation ${credential.generation} could not be revoked; the next run tries again: ${error.message}`,
      ];
}

function blank(name: string, state: Choice["state"]): TokenReport {
  return {
    token_name: name,
    status: "skipped",
    reason: "",
    generation: liveGeneration(state),
    previous_hash: state.current?.fingerprint ?? null,
    new_hash: null,
    destinations: [],
    warnings: [],
    error: null,
  };
}

/** A token of a dry run stays `selected`; every other is `lost`, `failed` or `settled` when its run ends. */
function tokenReport(one: Finished): TokenReport {
  const base = { ...blank(one.token.name, one.state), reason: one.reason };
  const all = (status: DestinationReport["status"]) =>
    one.token.placements.map(({ id }): DestinationReport => ({ id, status, error: null }));
  switch (one.phase) {
    case "selected":
      return {
        ...base,
        status: "planned",
        generation: plannedGeneration(one),
        destinations: all("planned"),
      };
    case "failed":
      return {
        ...base,
        status: "failed",
        destinations: all("pending"),
        error: describeError(one.error),
      };
    case "lost":
      return { ...base, status: "skipped", reason: one.why };
    case "settled":
      return settledReport(base, one);
  }
}

function plannedGeneration({ state, how }: Choice): number {
  return how === "resume" && state.pending !== null
    ? state.pending.generation
    : nextGeneration(state);
}

function settledReport(base: TokenReport, settled: Settled): TokenReport {
  const byId = new Map(settled.outcomes.map(({ id, error }) => [id, error]));
  const destinations = settled.token.placements.map(({ id }): DestinationReport => {
    const error = byId.get(id) ?? null;
    return { id, status: error === null ? "placed" : "failed", error };
  });
  const error =
    settled.overtaken ??
    settled.outcomes.find((one) => one.error !== null)?.error ??
    notRecorded(settled.unrecorded);
  return {
    ...base,
    status: error !== null ? "failed" : settled.resumed ? "resumed" : "rotated",
    generation: settled.generation,
    new_hash: settled.prints.fingerprint,
    destinations,
    warnings: settled.warnings,
    error,
  };
}

function notRecorded(error: ReportedError | null): ReportedError | null {
  if (error === null) return null;
  return {
    kind: "uncertain",
    code: "not-recorded",
    message: `the value was placed, but recording it failed: ${error.message}`,
    hint: "The journal holds the new value. The next run finishes the rotation.",
  };
}
