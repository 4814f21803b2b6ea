// One run: the rotation protocol from the first look at the record to the report.

import { describeError } from "../base/errors.ts";
import type { ReportedError } from "../base/reported-error.ts";
import { requireAgentMay } from "../config/agent-rules.ts";
import { requireValid } from "../config/edit.ts";
import { didYouMean } from "../model/names.ts";
import type { AgentOperation, TokenConfig } from "../model/schema.ts";
import { tokenState } from "../model/token.ts";
import { SUPPLIED } from "../plan/condition.ts";
import type { Report } from "../ports/report.ts";
import type { Commit } from "../ports/store.ts";
import { observe } from "../proof/observe.ts";
import { type LoadedRecord, loadRecord, reviseRecord } from "../record/record.ts";
import { announce, declaredBy, journal } from "./claim.ts";
import type { Run, RunOptions } from "./context.ts";
import { place } from "./place.ts";
import { preflight } from "./preflight.ts";
import { discardLost, judge, openIssuers, prepare } from "./prepare.ts";
import { type Results, reviseAfter } from "./record-outcome.ts";
import { remind } from "./remind.ts";
import { runReport } from "./report.ts";
import type { RunRequest } from "./request.ts";
import { revokeDue } from "./retire.ts";
import { select } from "./select.ts";
import { whyOvertaken } from "./settle.ts";
import { type Finished, inPhase, type Selected, type Tried } from "./token-run.ts";

/** The report of a run, and the config as the run left it. */
export type RunResult = { readonly report: Report; readonly config: TokenConfig };

/**
 * Selects, preflights, announces, issues, seals, journals, places, records and reports. Throws `Failure` only
 * before the first side effect; after it, the report says what became of each token and destination.
 * @param known the record, if it was loaded already
 */
export async function executeRun(
  request: RunRequest,
  options: RunOptions,
  known?: LoadedRecord,
): Promise<RunResult> {
  const loaded = known ?? (await loadRecord(options.source));
  const { config, warnings } = declare(request, options, loaded.config);
  requireMay(request, loaded.config);
  const run = selectTokens(request, options, config);
  const { selected } = run.selection;
  if (request.dryRun) return finish(run, { tokens: selected, config, warnings });

  loadSealing(selected);
  const keys = await preflight(selected, options, progressOf(request, "preflight"));
  const judged = await openIssuers(judge(selected, keys, request), request, options);
  const announced = await announce(run, loaded, judged);
  // Before anything is issued: a service that allows two credentials has room for a new one then.
  const revoked = await revokeDue(run, announced.record.config);
  const until = announced.until;
  const prepared = await prepare(announced.tokens, { request, world: options, keys, until });
  const journalled = await journal(run, announced.record, prepared);
  const placed = await place(journalled.tokens, options, {
    until: journalled.until,
    onPlaced: progressOf(request, "place"),
  });
  const tokens = await discardLost(placed);
  const reminders = await remind(run, journalled.record.config, tokens);
  const results: Results = { tokens, revoked, reminded: reminders.reminded };
  const recorded = await record(run, journalled.record, results);

  return finish(run, {
    tokens: settleAll(tokens, recorded),
    revoked,
    config: recorded.config,
    commit: recorded.commit,
    warnings: [
      ...warnings,
      ...reminders.warnings,
      ...lostValues(tokens, recorded.config),
      ...unrecordedFailures(tokens, recorded.failure),
    ],
  });
}

type Ending = {
  readonly tokens: readonly Finished[];
  readonly config: TokenConfig;
  readonly warnings: readonly string[];
  readonly revoked?: Results["revoked"];
  readonly commit?: Commit | null;
};

function finish(
  run: Run,
  { tokens, config, warnings, revoked = [], commit = null }: Ending,
): RunResult {
  const finishedAt = run.options.clock();
  const report = runReport({ ...run, tokens, revoked, config, warnings, commit, finishedAt });
  return { report, config };
}

/** Throws as `requireAgentMay`; a dry run may always look. */
function requireMay(request: RunRequest, config: TokenConfig): void {
  const { kind } = request.wanted;
  // The operations that agents may be granted.
  const operation: AgentOperation =
    kind === "tokens" || kind === "resume" ? "rotate" : "run_workflow";
  if (!request.dryRun || request.dispatches) requireAgentMay(config, { operation, ...request });
}

/** The config with the tokens that the request declares, and a warning for each. */
function declare(
  request: RunRequest,
  { home }: RunOptions,
  before: TokenConfig,
): { readonly config: TokenConfig; readonly warnings: readonly string[] } {
  const { wanted, dryRun } = request;
  const config = declaredBy(request, before);
  if (config === before || wanted.kind !== "tokens") return { config: before, warnings: [] };
  const declared = Object.keys(before.tokens ?? {});
  const added = wanted.names.filter((name) => !declared.includes(name));
  const undeclared = dryRun ? "is not declared, and would be." : "was not declared, and is now.";
  // A typing mistake would declare a new token, and leave the intended one as it is.
  const warnings = added.map((name) =>
    [`${name} ${undeclared}`, didYouMean(name, declared)].filter(Boolean).join(" "),
  );
  return { config: requireValid(config, home), warnings };
}

/** Compares the secrets that this process sees with the record, and selects the tokens of the run. */
function selectTokens(request: RunRequest, options: RunOptions, config: TokenConfig): Run {
  const { home, fingerprintKey: key } = options;
  const startedAt = options.clock();
  const { seen } = request;
  const observed = seen ? observe(config, { home, seen, key, now: startedAt }) : [];
  const adrift = new Set(
    observed.filter(({ observation }) => observation === "other").map(({ token }) => token.name),
  );
  const selection = select(config, request.wanted, { home, now: startedAt, adrift });
  return { request, options, startedAt, selection, observed };
}

/** Loading the sealing code takes about as long as GitHub takes to answer, so both are done at once. */
function loadSealing(selected: readonly Selected[]): void {
  if (selected.every(({ how }) => how !== "issue")) return;
  void import("../credentials/seal.ts").then(({ prepareToSeal }) => prepareToSeal());
}

function progressOf(
  { onProgress }: RunRequest,
  phase: "preflight" | "place",
): (done: number, total: number) => void {
  return (done, total) => onProgress?.({ phase, done, total });
}

type Recorded = {
  readonly config: TokenConfig;
  readonly commit: Commit | null;
  readonly failure: ReportedError | null;
};

/** Commits the results. A failure here loses nothing: the next run finishes from the journal. */
async function record(run: Run, loaded: LoadedRecord, results: Results): Promise<Recorded> {
  run.request.onProgress?.({ phase: "record", done: 0, total: 1 });
  const now = run.options.clock();
  try {
    const { record: saved, commit } = await reviseRecord(run.options.source, loaded, (fresh) =>
      reviseAfter(fresh, run, results, now),
    );
    return { config: saved.config, commit, failure: null };
  } catch (error) {
    // If there is nothing else to report, this failure is the result of the run.
    const { tokens } = results;
    const reports = inPhase(tokens, "placed").length + inPhase(tokens, "failed").length;
    if (reports === 0) throw error;
    return { config: loaded.config, commit: null, failure: describeError(error) };
  }
}

function settleAll(tokens: readonly Tried[], { config, failure }: Recorded): Finished[] {
  return tokens.map((one): Finished => {
    if (one.phase !== "placed") return one;
    const overtaken = whyOvertaken(tokenState(config, one.token.name), one);
    return { ...one, phase: "settled", overtaken, unrecorded: failure };
  });
}

/** Warnings of lost values. A value that a person handed in is lost if a destination refused it and the journal does not hold it. */
function lostValues(tokens: readonly Tried[], config: TokenConfig): string[] {
  return inPhase(tokens, "placed").flatMap(({ issuer, token, outcomes }) => {
    const isRefused = outcomes.some(({ error }) => error !== null);
    const isKept = tokenState(config, token.name).pending?.boxes != null;
    if (issuer !== SUPPLIED || !isRefused || isKept) return [];
    return [
      `${token.name}: this record does not keep the value that was handed in, so no run can place it. Please hand it in once more.`,
    ];
  });
}

/** A warning for failures that were not recorded. Placed tokens have an error of their own for it. */
function unrecordedFailures(tokens: readonly Tried[], failure: ReportedError | null): string[] {
  return failure === null || inPhase(tokens, "placed").length > 0
    ? []
    : [`The failures could not be recorded: ${failure.message}`];
}
