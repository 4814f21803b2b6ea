// One run over the tokens it takes up: the interpreter of the rotation protocol.

import { describeError, type ReportedError } from "../base/errors.ts";
import { requireAgentMay } from "../config/agent-rules.ts";
import { declareTokens, requireValid } from "../config/edit.ts";
import { didYouMean } from "../model/names.ts";
import type { AgentOperation, TokenConfig } from "../model/schema.ts";
import { tokenState } from "../model/token.ts";
import { SUPPLIED } from "../plan/condition.ts";
import type { Report } from "../ports/report.ts";
import type { Commit } from "../ports/store.ts";
import { observe } from "../proof/observe.ts";
import { type LoadedRecord, loadRecord, reviseRecord } from "../record/record.ts";
import type { Run, RunOptions } from "./context.ts";
import { begin, DECLARATION_CHANGED, issuesOutside, type Journalled, journal } from "./journal.ts";
import { place } from "./place.ts";
import { preflight } from "./preflight.ts";
import { prepare, sortOut } from "./prepare.ts";
import { type Results, reviseAfter } from "./record-outcome.ts";
import { remind } from "./remind.ts";
import { runReport } from "./report.ts";
import type { RunRequest } from "./request.ts";
import { dueRevocations, type Revoked, revoke } from "./retire.ts";
import { select } from "./select.ts";
import { overtaken } from "./settle.ts";
import {
  type Lost,
  NOTHING,
  type Preparation,
  type Selected,
  type Selection,
  type TokenOutcome,
} from "./token-run.ts";

/** What happened, and the config as it stands after it. */
export type Rotated = { readonly report: Report; readonly config: TokenConfig };

/**
 * Plan, preflight, issue, seal, journal, place, retire, record. Throws `Failure` only before the first
 * side effect; after it, the report tells what happened to each token and destination.
 * @param known the record, where it was loaded already
 */
export async function rotate(
  request: RunRequest,
  options: RunOptions,
  known?: LoadedRecord,
): Promise<Rotated> {
  const startedAt = options.clock();
  const { loaded, config, warnings } = readDeclared(
    request,
    options,
    known ?? (await loadRecord(options.source)),
  );
  if (!request.dryRun || request.dispatches)
    requireAgentMay(loaded.config, { operation: operationOf(request.wanted), ...request });
  const observed = request.seen
    ? observe(config, {
        home: options.home,
        seen: request.seen,
        key: options.fingerprintKey,
        now: startedAt,
      })
    : [];
  const adrift = new Set(
    observed.filter(({ observation }) => observation === "other").map(({ token }) => token.name),
  );
  const selection = select(config, request.wanted, { home: options.home, now: startedAt, adrift });
  const run: Run = { request, options, startedAt, selection, observed };
  if (request.dryRun) {
    const outcomes = selection.selected.map(
      (selected): TokenOutcome => ({ kind: "planned", selected }),
    );
    return {
      report: runReport({
        ...run,
        outcomes,
        revoked: [],
        config,
        warnings,
        commit: null,
        finishedAt: options.clock(),
      }),
      config,
    };
  }
  const readied = await ready(run, loaded);
  const { preparations, revoked } = readied;
  const journalled = await journal(
    run,
    readied.record,
    preparations.flatMap((preparation) => (preparation.ok ? [preparation.prepared] : [])),
  );
  const outcomes = await place(journalled.taken, options, {
    until: journalled.placeUntil,
    onPlaced: (done, total) => request.onProgress?.({ phase: "place", done, total }),
  });
  const lost = await discardLost(preparations, journalled);
  const missed = missedOf([
    ...readied.lost,
    ...lost.map(({ selected }) => ({ selected, reason: journalled.lost.get(selected.token.name) })),
  ]);
  const { reminded, warnings: unreminded } = await remind(run, journalled.record.config, {
    taken: journalled.taken,
    outcomes,
  });
  const results: Results = {
    taken: journalled.taken,
    lost,
    missed,
    preparations,
    outcomes,
    revoked,
    reminded,
  };
  const recorded = await record(run, journalled.record, results);
  const report = runReport({
    ...run,
    outcomes: inOrder(selection, [
      ...preparations.map((preparation) =>
        outcomeOf(preparation, journalled.lost, { outcomes, recorded }),
      ),
      ...readied.lost,
    ]),
    revoked,
    config: recorded.config,
    warnings: [
      ...warnings,
      ...unreminded,
      ...unkept(results, recorded.config),
      ...unrecorded(results, recorded.failure),
    ],
    commit: recorded.commit,
    finishedAt: options.clock(),
  });
  return { report, config: recorded.config };
}

/** As agents know it: they are offered no other runs. */
function operationOf({ kind }: RunRequest["wanted"]): AgentOperation {
  return kind === "tokens" || kind === "resume" ? "rotate" : "run_workflow";
}

type Declared = {
  readonly loaded: LoadedRecord;
  readonly config: TokenConfig;
  readonly warnings: readonly string[];
};

/** What a person handed in and the journal does not hold, no run can place where it was refused. */
function unkept({ taken, outcomes }: Results, config: TokenConfig): string[] {
  return taken.flatMap(({ issuer, selected: { token } }) => {
    const refused = outcomes.get(token.name)?.some(({ error }) => error !== null);
    if (issuer !== SUPPLIED || !refused || tokenState(config, token.name).pending?.boxes != null)
      return [];
    return [
      `${token.name}: this record does not keep the value that was handed in, so no run places it again: hand it in once more.`,
    ];
  });
}

/** Of what was placed the tokens' own errors tell. */
function unrecorded({ taken }: Results, failure: ReportedError | null): string[] {
  return failure === null || taken.length > 0
    ? []
    : [`What failed could not be recorded: ${failure.message}`];
}

function readDeclared(
  { wanted, dryRun }: RunRequest,
  options: RunOptions,
  loaded: LoadedRecord,
): Declared {
  const created =
    wanted.kind === "tokens" && wanted.create
      ? declareTokens(loaded.config, wanted.names)
      : loaded.config;
  if (created === loaded.config || wanted.kind !== "tokens")
    return { loaded, config: loaded.config, warnings: [] };
  const declared = Object.keys(loaded.config.tokens ?? {});
  const added = wanted.names.filter((name) => !declared.includes(name));
  const undeclared = dryRun ? "is not declared, and would be." : "was not declared, and is now.";
  // A slip of the pen would make a token of its own, and leave the one that was meant as it is.
  const warnings = added.map((name) =>
    [`${name} ${undeclared}`, didYouMean(name, declared)].filter(Boolean).join(" "),
  );
  return { loaded, config: requireValid(created, options.home), warnings };
}

/** What another run took up is rotated by that one; what was declared anew has still to be. */
function missedOf(
  lost: readonly { readonly selected: Selected; readonly reason?: string | undefined }[],
): string[] {
  return lost
    .filter(({ reason }) => reason === DECLARATION_CHANGED)
    .map(({ selected }) => selected.token.name);
}

/** As the tokens were taken up, however long each took. */
function inOrder({ selected }: Selection, outcomes: readonly TokenOutcome[]): TokenOutcome[] {
  const places = new Map(selected.map(({ token }, index) => [token.name, index]));
  const placeOf = (outcome: TokenOutcome) => {
    const { token } = outcome.kind === "tried" ? outcome.prepared.selected : outcome.selected;
    return places.get(token.name) ?? 0;
  };
  return outcomes.toSorted((one, other) => placeOf(one) - placeOf(other));
}

type Recorded = {
  readonly config: TokenConfig;
  readonly commit: Commit | null;
  readonly failure: ReportedError | null;
};

/** Commits what happened. A failure here loses nothing: the journal is there, and the next run finishes from it. */
async function record(run: Run, loaded: LoadedRecord, results: Results): Promise<Recorded> {
  run.request.onProgress?.({ phase: "record", done: 0, total: 1 });
  const now = run.options.clock();
  try {
    const { record: saved, commit } = await reviseRecord(run.options.source, loaded, (fresh) =>
      reviseAfter(fresh, run, results, now),
    );
    return { config: saved.config, commit, failure: null };
  } catch (error) {
    // Where nothing else is to be told, this is what the run came to.
    if (results.taken.length === 0 && results.preparations.every(({ ok }) => ok)) throw error;
    return { config: loaded.config, commit: null, failure: describeError(error) };
  }
}

function outcomeOf(
  preparation: Preparation,
  lost: Journalled["lost"],
  { outcomes, recorded }: { outcomes: Results["outcomes"]; recorded: Recorded },
): TokenOutcome {
  if (!preparation.ok)
    return {
      kind: "unprepared",
      selected: preparation.selected,
      error: describeError(preparation.error),
    };
  const { prepared } = preparation;
  const { name } = prepared.selected.token;
  const reason = lost.get(name);
  if (reason !== undefined) return { kind: "lost", selected: prepared.selected, reason };
  const mine = outcomes.get(name) ?? [];
  const unsettled = overtaken(tokenState(recorded.config, name), prepared, mine);
  return {
    kind: "tried",
    prepared,
    outcomes: mine,
    overtaken: unsettled,
    unrecorded: recorded.failure,
  };
}

type Readied = {
  readonly record: LoadedRecord;
  readonly preparations: readonly Preparation[];
  readonly revoked: readonly Revoked[];
  /** What another run took before this one could announce it. */
  readonly lost: readonly Extract<TokenOutcome, { kind: "lost" }>[];
};

/** Everything before the journal. Throws as `reviseRecord` where nothing could be announced; a token's own failure is its preparation. */
async function ready(run: Run, loaded: LoadedRecord): Promise<Readied> {
  const { request, options, selection } = run;
  // Loading the sealing code takes about as long as GitHub takes to answer, so both are done at once.
  if (selection.selected.some(({ how }) => how === "issue"))
    void import("../credentials/seal.ts").then(({ prepareToSeal }) => prepareToSeal());
  const keys = await preflight(selection.selected, options, (done, total) =>
    request.onProgress?.({ phase: "preflight", done, total }),
  );
  const sorted = selection.selected.map((selected) => sortOut(selected, keys, request));
  const toIssue = sorted.flatMap((one) => ("issue" in one ? [one.issue] : []));
  const isOutside = (selected: Selected) => issuesOutside(selected, request);
  const { outside, refused } = await openIssuers(toIssue.filter(isOutside), options);
  const begun = await begin(run, loaded, outside);
  const revoked = await revokeDue(run, begun.record);
  const issuing = [...toIssue.filter((selected) => !isOutside(selected)), ...begun.selected];
  const issued = await prepare(issuing, { request, world: options, keys, until: begun.issueUntil });
  const lost = outside.flatMap((selected): Readied["lost"] => {
    const reason = begun.lost.get(selected.token.name);
    return reason === undefined ? [] : [{ kind: "lost", selected, reason }];
  });
  return {
    record: begun.record,
    preparations: [
      ...sorted.flatMap((one) => ("issue" in one ? [] : [one.preparation])),
      ...refused,
      ...issued,
    ],
    revoked,
    lost,
  };
}

type Opened = { readonly outside: readonly Selected[]; readonly refused: readonly Preparation[] };

/** Opens each token's issuer before anything is announced: a variable that is not set must not cost a commit. */
async function openIssuers(
  selected: readonly Selected[],
  { issuer }: Pick<Run["options"], "issuer">,
): Promise<Opened> {
  const outside: Selected[] = [];
  const refused: Preparation[] = [];
  for (const one of selected) {
    const error = await issuer(one.token.issuing).then(() => null, asError);
    if (error === null) outside.push(one);
    else refused.push({ ok: false, selected: one, error, attempted: false, left: NOTHING });
  }
  return { outside, refused };
}

/** What is no error is a defect, which nothing here can tell of. */
function asError(error: unknown): Error {
  if (error instanceof Error) return error;
  throw error;
}

/** Before anything is issued: a service that allows two credentials has room for a new one then. */
function revokeDue(
  { options, observed, startedAt }: Run,
  record: LoadedRecord,
): Promise<Revoked[]> {
  const late = new Set(
    observed.filter(({ observation }) => observation === "previous").map(({ token }) => token.name),
  );
  return revoke(
    dueRevocations(record.config, { home: options.home, now: startedAt, late }),
    options.issuer,
  );
}

/** What was prepared, but is no longer this run's to place: it is revoked, since nobody else knows of it. */
async function discardLost(
  preparations: readonly Preparation[],
  { lost }: Pick<Journalled, "lost">,
): Promise<Lost[]> {
  const prepared = preparations.flatMap((one) =>
    one.ok && lost.has(one.prepared.selected.token.name) ? [one.prepared] : [],
  );
  return Promise.all(
    prepared.map(async (one) => ({
      selected: one.selected,
      left: (await one.discard?.()) ?? NOTHING,
    })),
  );
}
