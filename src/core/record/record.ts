// Reading the record and changing it: compare-and-set, and the same change made again on what won.

import { Misconfigured, Unchanged } from "../base/errors.ts";
import { parseConfig, serializeConfig } from "../config/parse.ts";
import type { RequestMark, TokenConfig, TokenState, TriggeredBy } from "../model/schema.ts";
import type { Home } from "../model/token.ts";
import type { Commit, Snapshot, Store } from "../ports/store.ts";
import { appendHistory, historyLines, historyPath, rollOver } from "./history.ts";
import { withMark } from "./request-mark.ts";

/** The default of `settings.history_limit`: entries kept in the record's own file. */
const HISTORY_LIMIT = 1000;
/** How often a change is made again after somebody else's commit won. */
const MAX_ATTEMPTS = 8;

/** Where a record is, and how to read it. */
export type RecordSource = {
  readonly store: Store;
  readonly path: string;
  readonly home: Home;
  readonly whenMissing: "empty" | "error";
};

/** A record as it stood at one version. */
export type LoadedRecord = {
  readonly config: TokenConfig;
  readonly version: string | null;
  readonly visibility: Snapshot["visibility"];
};

/** Reads the record anew each time, and judges it anew only where its text is another. Throws as `loadRecord` does. */
export function recordReader(source: RecordSource): () => Promise<TokenConfig> {
  let known: { readonly text: string; readonly config: TokenConfig } | null = null;
  const parse: typeof parseConfig = (text, home) => {
    if (known?.text === text) return { ok: true, config: known.config };
    const parsed = parseConfig(text, home);
    known = parsed.ok ? { text, config: parsed.config } : null;
    return parsed;
  };
  return async () => (await loadRecord(source, parse)).config;
}

/** Throws `Misconfigured`: `record-missing`, or `config-invalid` with every problem found. */
export async function loadRecord(source: RecordSource, parse = parseConfig): Promise<LoadedRecord> {
  const snapshot = await source.store.load([source.path]);
  const text = snapshot.files.get(source.path) ?? null;
  if (text === null) {
    if (source.whenMissing === "empty")
      return { config: { version: 1 }, version: snapshot.version, visibility: snapshot.visibility };
    throw new Misconfigured(`${source.path} does not exist`, {
      code: "record-missing",
      hint: "Write one with `token-automation init`, commit it, or name another by config-path (--config).",
    });
  }
  const parsed = parse(text, source.home);
  if (!parsed.ok) {
    const count = parsed.problems.length;
    throw new Misconfigured(`${source.path} has ${count} ${count === 1 ? "mistake" : "mistakes"}`, {
      code: "config-invalid",
      problems: parsed.problems,
      hint: "Each is listed with its place and what to do. Nothing was changed.",
    });
  }
  return { config: parsed.config, version: snapshot.version, visibility: snapshot.visibility };
}

/** What to write, or null where, seen against the newest record, nothing is left to change. */
export type Revision = { readonly config: TokenConfig; readonly message: string } | null;

/**
 * Makes a change by compare-and-set. When somebody else's commit won, the record is loaded anew and
 * `revise` is asked again, so it must be pure and judge each token by what it is given.
 * Returns the record as saved; `commit` is null where `revise` had nothing to change.
 */
export async function reviseRecord(
  source: RecordSource,
  loaded: LoadedRecord,
  revise: (config: TokenConfig) => Revision,
): Promise<{ readonly record: LoadedRecord; readonly commit: Commit | null }> {
  let record = loaded;
  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
    const revision = revise(record.config);
    if (revision === null) return { record, commit: null };
    const { config, files } = await filesOf(source, record, revision.config);
    const saved = await source.store.save({
      expected: record.version,
      files,
      message: revision.message,
    });
    if (saved.kind === "saved") {
      return {
        record: { ...record, config, version: saved.version },
        commit: { sha: saved.sha, url: saved.url },
      };
    }
    record = await loadRecord(source);
  }
  throw new Unchanged(
    `${source.path} was changed by others ${MAX_ATTEMPTS} times while this change was tried`,
    {
      code: "record-contended",
      hint: "Run it again when less is going on.",
    },
  );
}

/** The record's file, and the history files that its older entries move to. */
async function filesOf(
  source: RecordSource,
  record: LoadedRecord,
  config: TokenConfig,
): Promise<{ config: TokenConfig; files: Map<string, string> }> {
  const { kept, moved } = rollOver(
    config.history ?? [],
    config.settings?.history_limit ?? HISTORY_LIMIT,
    (at) => historyPath(source.path, at),
  );
  if (moved.size === 0) return { config, files: new Map([[source.path, serializeConfig(config)]]) };
  const older = await source.store.load([...moved.keys()], record.version ?? undefined);
  const rolled = { ...config, history: kept };
  const files = new Map([[source.path, serializeConfig(rolled)]]);
  for (const [path, entries] of moved)
    files.set(path, (older.files.get(path) ?? "") + historyLines(entries));
  return { config: rolled, files };
}

/** The config with those tokens' states in place of what it had of them. */
export function withStates(
  config: TokenConfig,
  states: Readonly<Record<string, TokenState>>,
): TokenConfig {
  return { ...config, state: { ...config.state, tokens: { ...config.state?.tokens, ...states } } };
}

/** A commit's headline: few names fit, and `[skip ci]` because a record changes nothing that CI tests. */
export function headline(verb: string, names: readonly string[]): string {
  const what = names.length <= 3 ? names.join(", ") : `${names.length} tokens`;
  return `token-automation: ${verb} ${what} [skip ci]`;
}

export type Entry = {
  readonly event: string;
  readonly name: string | null;
  readonly triggeredBy: TriggeredBy;
  readonly mark?: RequestMark | null | undefined;
  readonly now: Date;
  readonly id: string;
};

/** The config with the entry at the end of its history. */
export function withEntry(
  config: TokenConfig,
  { event, name, triggeredBy, mark, now, id }: Entry,
): TokenConfig {
  const draft = {
    id: `${id}/${name ?? triggeredBy.workflow_name ?? ""}/${event}`,
    at: now.toISOString(),
    event,
    token_name: name,
    generation: null,
    previous_hash: null,
    new_hash: null,
    triggered_by: triggeredBy,
    ...withMark([], mark),
  };
  return { ...config, history: appendHistory(config.history ?? [], [draft]) };
}
