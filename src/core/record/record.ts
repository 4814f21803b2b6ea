// Reading the record and changing it: compare-and-set, and the same change made again on what won.

import { Misconfigured, Unchanged } from "../base/errors.ts";
import { parseConfig, serializeConfig } from "../config/parse.ts";
import type { TokenConfig, TokenState, TriggeredBy } from "../model/schema.ts";
import type { Home } from "../model/token.ts";
import type { Commit, Snapshot, Store } from "../ports/store.ts";
import { appendEntries, type HistoryFile } from "./append-history.ts";
import { type HistoryDraft, historyPath } from "./history.ts";
import { keepRequests } from "./request-mark.ts";

/** How often a change is made again after somebody else's commit won. */
const MAX_ATTEMPTS = 8;

/** Where a record is, and how to read it. */
export type RecordSource = {
  readonly store: Store;
  readonly path: string;
  readonly home: Home;
  readonly whenMissing: "empty" | "error";
  /** Says which day's history file is read with the record. */
  readonly clock: () => Date;
};

/** A record as it stood at one version. */
export type LoadedRecord = {
  readonly config: TokenConfig;
  readonly version: string | null;
  readonly visibility: Snapshot["visibility"];
  /** The history file of the day on which it was read. */
  readonly today: HistoryFile;
};

/** Reads the record each time, and judges it again only if its text has changed. Throws as `loadRecord` does. */
export function recordReader(source: RecordSource): () => Promise<LoadedRecord> {
  let known: { readonly text: string; readonly config: TokenConfig } | null = null;
  const parse: typeof parseConfig = (text, home) => {
    if (known?.text === text) return { ok: true, config: known.config };
    const parsed = parseConfig(text, home);
    known = parsed.ok ? { text, config: parsed.config } : null;
    return parsed;
  };
  return () => loadRecord(source, parse);
}

/** Throws `Misconfigured`: `record-missing`, or `config-invalid` with every problem found. */
export async function loadRecord(source: RecordSource, parse = parseConfig): Promise<LoadedRecord> {
  const path = historyPath(source.path, source.clock().toISOString());
  const { files, version, visibility } = await source.store.load([source.path, path]);
  const text = files.get(source.path) ?? null;
  const today = { path, text: files.get(path) ?? null };
  if (text === null) {
    if (source.whenMissing === "empty")
      return { config: { version: 1 }, version, visibility, today };
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
  return { config: parsed.config, version, visibility, today };
}

/** What to write and what to note in the history; null if, seen against the newest record, nothing is left to change. */
export type Revision = {
  readonly config: TokenConfig;
  readonly message: string;
  readonly entries?: readonly HistoryDraft[];
} | null;

/**
 * Makes a change by compare-and-set. When somebody else's commit won, the record is loaded again and
 * `revise` is asked again, so it must be pure and judge each token by what it is given.
 * Returns the record as saved; `commit` is null if `revise` had nothing to change.
 * Throws `Misconfigured` (`history-mismatch`) if the history's files do not fit the record; nothing is written then.
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
    const kept = keepRequests(revision.config, source.clock());
    const appended = await appendEntries(source, record, {
      drafts: revision.entries ?? [],
      // What an earlier attempt may have saved although it seemed to fail is not noted twice.
      again: attempt > 1,
    });
    if (appended !== null) {
      const config = withHistory(kept, appended.history);
      const files = new Map([[source.path, serializeConfig(config)]]);
      if (appended.changed) files.set(appended.file.path, appended.file.text ?? "");
      const saved = await source.store.save({
        expected: record.version,
        files,
        message: revision.message,
      });
      if (saved.kind === "saved") {
        return {
          record: { ...record, config, version: saved.version, today: appended.file },
          commit: { sha: saved.sha, url: saved.url },
        };
      }
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

function withHistory(
  config: TokenConfig,
  history: NonNullable<TokenConfig["state"]>["history"],
): TokenConfig {
  return history === undefined ? config : { ...config, state: { ...config.state, history } };
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
  readonly now: Date;
};

/** What the history notes of a change that is no rotation. */
export function entryOf({ event, name, triggeredBy, now }: Entry): HistoryDraft {
  return {
    at: now.toISOString(),
    event,
    token_name: name,
    generation: null,
    previous_hash: null,
    new_hash: null,
    triggered_by: triggeredBy,
  };
}
