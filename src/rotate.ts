// One run over the tokens it takes up: the interpreter of the rotation protocol.
import type { RunRequest } from "./app.ts";
import { declareTokens, requireValid } from "./declare.ts";
import { type ReportedError, reportError } from "./errors.ts";
import { appendHistory, type HistoryDraft } from "./history.ts";
import { didYouMean } from "./names.ts";
import { type Outcome, place } from "./place.ts";
import type { Commit } from "./ports.ts";
import { type Collaborators, type Preparation, type Prepared, prepare } from "./prepare.ts";
import { type LoadedRecord, loadRecord, type RecordSource, type Revision, reviseRecord } from "./record.ts";
import type { Report } from "./report.ts";
import { next } from "./rotation.ts";
import { runReport, type TokenOutcome } from "./run-report.ts";
import type { TokenConfig, TokenState } from "./schema.ts";
import { declarationDigest, type Selected, type Selection, select } from "./select.ts";
import { resolveToken, tokenState } from "./token.ts";

export type RunOptions = Collaborators & {
  readonly source: RecordSource;
  readonly clock: () => Date;
  readonly runId: string;
};

/** What happened, and the config as it stands after it. */
export type Rotated = { readonly report: Report; readonly config: TokenConfig };

type Run = { readonly request: RunRequest; readonly options: RunOptions; readonly startedAt: Date; readonly selection: Selection };

/**
 * Plan, preflight, issue, seal, journal, place, record. Throws `Failure` only before the first side
 * effect; after it, the report tells what happened to each token and destination.
 */
export async function rotate(request: RunRequest, options: RunOptions): Promise<Rotated> {
  const startedAt = options.clock();
  const { loaded, config, warnings } = await readDeclared(request, options);
  const selection = select(config, request.wanted, { home: options.home, now: startedAt, runId: options.runId });
  const run: Run = { request, options, startedAt, selection };
  if (request.dryRun) {
    const outcomes = selection.selected.map((selected): TokenOutcome => ({ kind: "planned", selected }));
    return { report: runReport({ ...run, outcomes, config, warnings, commit: null, finishedAt: options.clock() }), config };
  }
  const preparations = await prepare(selection.selected, request, options);
  const ready = preparations.flatMap((preparation) => (preparation.ok ? [preparation.prepared] : []));
  const journalled = await journal(run, loaded, ready);
  const outcomes = await place(journalled.taken, options, (done, total) => request.onProgress?.({ phase: "place", done, total }));
  const recorded = await record(run, journalled, { preparations, outcomes });
  const report = runReport({
    ...run,
    outcomes: preparations.map((preparation) => outcomeOf(preparation, journalled.lost, { outcomes, failure: recorded.failure })),
    config: recorded.config,
    warnings,
    commit: recorded.commit,
    finishedAt: options.clock(),
  });
  return { report, config: recorded.config };
}

type Declared = { readonly loaded: LoadedRecord; readonly config: TokenConfig; readonly warnings: readonly string[] };

async function readDeclared({ wanted }: RunRequest, options: RunOptions): Promise<Declared> {
  const loaded = await loadRecord(options.source);
  const created = wanted.kind === "tokens" && wanted.create ? declareTokens(loaded.config, wanted.names) : loaded.config;
  if (created === loaded.config || wanted.kind !== "tokens") return { loaded, config: loaded.config, warnings: [] };
  const declared = Object.keys(loaded.config.tokens ?? {});
  const added = wanted.names.filter((name) => !declared.includes(name));
  // A slip of the pen would make a token of its own, and leave the one that was meant as it is.
  const warnings = added.map((name) => [`${name} was not declared, and is now.`, didYouMean(name, declared)].filter(Boolean).join(" "));
  return { loaded, config: requireValid(created, options.home), warnings };
}

type Journalled = { readonly record: LoadedRecord; readonly taken: readonly Prepared[]; readonly lost: ReadonlyMap<string, string> };

/** Commits what is about to be placed, before it is: from here on any run can finish it from the record alone. */
async function journal(run: Run, loaded: LoadedRecord, ready: readonly Prepared[]): Promise<Journalled> {
  if (ready.every((prepared) => prepared.resumed)) return { record: loaded, taken: ready, lost: new Map() };
  const { request, options } = run;
  request.onProgress?.({ phase: "journal", done: 0, total: 1 });
  const now = options.clock();
  let lost = new Map<string, string>();
  const { record } = await reviseRecord(options.source, loaded, (fresh) => {
    lost = new Map();
    const config = request.wanted.kind === "tokens" && request.wanted.create ? declareTokens(fresh, request.wanted.names) : fresh;
    const sealed = journalsBoxes(config, loaded.visibility);
    const states: Record<string, TokenState> = {};
    for (const prepared of ready) {
      const { name } = prepared.selected.token;
      const reason = overtaken(config, prepared.selected, options);
      if (reason === null) states[name] = journalledState(prepared, { runId: options.runId, sealed, now });
      else lost.set(name, reason);
    }
    const names = Object.keys(states);
    return names.length === 0 ? null : { config: withStates(config, states), message: headline("prepare", names) };
  });
  return { record, taken: ready.filter((prepared) => !lost.has(prepared.selected.token.name)), lost };
}

/** Boxes are committed only where strangers cannot collect them; `auto` trusts nothing but a private repository. */
function journalsBoxes(config: TokenConfig, visibility: LoadedRecord["visibility"]): boolean {
  const mode = config.settings?.journal ?? "auto";
  return mode === "auto" ? visibility === "private" : mode === "sealed";
}

/** Why a token is no longer this run's to rotate; null while it is. */
function overtaken(config: TokenConfig, selected: Selected, options: RunOptions): string | null {
  const token = resolveToken(config, selected.token.name, options.home);
  if (token === null || declarationDigest(token) !== declarationDigest(selected.token)) return "its declaration was changed meanwhile";
  const fresh = tokenState(config, token.name);
  const same = fresh.generation === selected.state.generation && fresh.pending?.run_id === selected.state.pending?.run_id;
  return same ? null : "another run took it up meanwhile";
}

function journalledState(prepared: Prepared, { runId, sealed, now }: { runId: string; sealed: boolean; now: Date }): TokenState {
  const { token, state } = prepared.selected;
  if (prepared.resumed) return next(state, { type: "resume", runId }, now).state;
  const destinations = token.placements.map((placement) => placement.id);
  const begun = next(state, { type: "begin", runId, declaration: declarationDigest(token), destinations }, now).state;
  const issued = next(
    begun,
    { type: "issued", fingerprint: prepared.fingerprint, ref: prepared.ref, expiresAt: prepared.expiresAt },
    now,
  ).state;
  return next(issued, { type: "sealed", boxes: sealed ? prepared.boxes : null }, now).state;
}

type Results = { readonly preparations: readonly Preparation[]; readonly outcomes: ReadonlyMap<string, readonly Outcome[]> };
type Recorded = { readonly config: TokenConfig; readonly commit: Commit | null; readonly failure: ReportedError | null };

/** Commits what happened. A failure here loses nothing: the journal is there, and the next run finishes from it. */
async function record(run: Run, { record: loaded, taken }: Journalled, results: Results): Promise<Recorded> {
  run.request.onProgress?.({ phase: "record", done: 0, total: 1 });
  const now = run.options.clock();
  try {
    const { record: saved, commit } = await reviseRecord(run.options.source, loaded, (fresh) =>
      revision(fresh, { run, taken, results, now }),
    );
    return { config: saved.config, commit, failure: null };
  } catch (error) {
    if (taken.length === 0) throw error;
    return { config: loaded.config, commit: null, failure: reportError(error) };
  }
}

function revision(
  fresh: TokenConfig,
  { run, taken, results, now }: { run: Run; taken: readonly Prepared[]; results: Results; now: Date },
): Revision {
  const states: Record<string, TokenState> = {};
  const drafts: HistoryDraft[] = [];
  for (const prepared of taken) {
    const { name } = prepared.selected.token;
    const before = tokenState(fresh, name);
    if (before.pending?.generation !== prepared.generation) continue;
    const after = settled(before, results.outcomes.get(name) ?? [], { runId: run.options.runId, now });
    states[name] = after;
    drafts.push(draft(run, { name, before, after, generation: prepared.generation, newHash: prepared.fingerprint, now }));
  }
  // Failures before anything was placed are recorded only beside something that was: a run that can do nothing writes nothing.
  if (taken.length > 0) {
    for (const preparation of results.preparations) {
      if (preparation.ok) continue;
      const { name } = preparation.selected.token;
      const before = tokenState(fresh, name);
      if (before.pending !== null) continue;
      const after = next(before, { type: "abandon", error: reportError(preparation.error) }, now).state;
      states[name] = after;
      drafts.push(draft(run, { name, before, after, generation: before.generation, newHash: null, now }));
    }
  }
  const workflows = notedWorkflows(fresh, run, taken.length > 0);
  const names = Object.keys(states);
  if (names.length === 0 && workflows === null) return null;
  const config = withStates(fresh, states);
  const noted = workflows === null ? config : { ...config, state: { ...config.state, workflows } };
  const history = drafts.length === 0 ? noted : { ...noted, history: appendHistory(fresh.history ?? [], drafts) };
  return { config: history, message: names.length > 0 ? headline("rotate", names) : "token-automation: note new workflows [skip ci]" };
}

function settled(before: TokenState, outcomes: readonly Outcome[], { runId, now }: { runId: string; now: Date }): TokenState {
  let state = before.pending?.run_id === runId ? before : next(before, { type: "resume", runId }, now).state;
  for (const { id, error } of outcomes) {
    state = next(state, error === null ? { type: "placed", destination: id } : { type: "refused", destination: id, error }, now).state;
  }
  return next(state, { type: "settle" }, now).state;
}

function draft(
  run: Run,
  entry: { name: string; before: TokenState; after: TokenState; generation: number; newHash: string | null; now: Date },
): HistoryDraft {
  const { name, before, after, generation, newHash, now } = entry;
  const rotated = after.generation === generation && after.pending === null && after.failures === 0;
  const event = rotated ? "rotated" : "failed";
  const workflow = run.selection.workflows.length === 1 ? { workflow_name: run.selection.workflows[0] } : {};
  return {
    id: `${run.options.runId}/${name}/${event}`,
    at: now.toISOString(),
    event,
    token_name: name,
    generation,
    previous_hash: before.fingerprint,
    new_hash: rotated ? newHash : null,
    triggered_by: { ...workflow, ...run.request.triggeredBy },
    ...(rotated ? {} : { error: after.last_error?.code ?? null }),
  };
}

/** The workflows' state after this run, or null where it stays as it is. */
function notedWorkflows(
  config: TokenConfig,
  { selection, startedAt }: Run,
  ran: boolean,
): NonNullable<TokenConfig["state"]>["workflows"] | null {
  const at = startedAt.toISOString();
  const before = config.state?.workflows ?? {};
  const changed = { ...before };
  for (const name of selection.unseen) if (!Object.hasOwn(before, name)) changed[name] = { first_seen_at: at, last_run_at: null };
  if (ran) for (const name of selection.workflows) changed[name] = { ...(changed[name] ?? { first_seen_at: at }), last_run_at: at };
  return Object.keys(changed).length > Object.keys(before).length || (ran && selection.workflows.length > 0) ? changed : null;
}

function withStates(config: TokenConfig, states: Readonly<Record<string, TokenState>>): TokenConfig {
  return { ...config, state: { ...config.state, tokens: { ...config.state?.tokens, ...states } } };
}

/** Few names fit a headline; `[skip ci]` because a record changes nothing that CI tests. */
function headline(verb: string, names: readonly string[]): string {
  const what = names.length <= 3 ? names.join(", ") : `${names.length} tokens`;
  return `token-automation: ${verb} ${what} [skip ci]`;
}

function outcomeOf(
  preparation: Preparation,
  lost: ReadonlyMap<string, string>,
  { outcomes, failure }: { outcomes: Results["outcomes"]; failure: ReportedError | null },
): TokenOutcome {
  if (!preparation.ok) return { kind: "unprepared", selected: preparation.selected, error: reportError(preparation.error) };
  const { prepared } = preparation;
  const reason = lost.get(prepared.selected.token.name);
  if (reason !== undefined) return { kind: "lost", selected: prepared.selected, reason };
  return { kind: "tried", prepared, outcomes: outcomes.get(prepared.selected.token.name) ?? [], unrecorded: failure };
}
