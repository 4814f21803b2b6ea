// Reading the record and changing it by compare-and-set: a change that lost is made again on the commit that won.

import { Misconfigured, Unchanged } from "../base/errors.ts";
import { parseConfig, serializeConfig } from "../config/parse.ts";
import type { TokenConfig, TokenState, TriggeredBy } from "../model/schema.ts";
import type { Home } from "../model/token.ts";
import type { Commit, Snapshot, Store } from "../ports/store.ts";
import { appendEntries, type HistoryFile } from "./append-history.ts";
import { type HistoryDraft, historyPath } from "./history.ts";
import { keepRequests } from "./request-mark.ts";

/** The most attempts at a change, each after another commit won. */
const MAX_ATTEMPTS = 8;

/** The place of a record, and the way to read it. */
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
      hint: "Write one with `token-automation init` and commit it, or name another with config-path (--config).",
    });
  }
  const parsed = parse(text, source.home);
  if (!parsed.ok) {
    const count = parsed.problems.length;
    throw new Misconfigured(`${source.path} has ${count} ${count === 1 ? "mistake" : "mistakes"}`, {
      code: "config-invalid",
      problems: parsed.problems,
      hint: "The list shows the place of each, and what to do. Nothing was changed.",
    });
  }
  return { config: parsed.config, version, visibility, today };
}

/** The config to write and the entries for the history; null if the newest record needs no change. */
export type Revision = {
  readonly config: TokenConfig;
  readonly message: string;
  readonly entries?: readonly HistoryDraft[];
} | null;

/**
 * Makes a change by compare-and-set. When another commit won, the record is loaded again and
 * `revise` is called again, so it must be pure and judge each token by the config that it gets.
 * Returns the record as saved; `commit` is null if `revise` had nothing to change.
 * Throws `Misconfigured` (`history-mismatch`) if the history's files do not match the record; nothing is written then.
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
      // An earlier attempt may have saved its entries although it seemed to fail. They are not added twice.
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
    `${source.path} was not changed: other commits won ${MAX_ATTEMPTS} times in a row`,
    {
      code: "record-contended",
      hint: "Run it again when fewer runs are at work.",
    },
  );
}

function withHistory(
  config: TokenConfig,
  history: NonNullable<TokenConfig["state"]>["history"],
): TokenConfig {
  return history === undefined ? config : { ...config, state: { ...config.state, history } };
}

/** The config with those tokens' states in place of their earlier ones. */
export function withStates(
  config: TokenConfig,
  states: Readonly<Record<string, TokenState>>,
): TokenConfig {
  return { ...config, state: { ...config.state, tokens: { ...config.state?.tokens, ...states } } };
}

/** A commit's headline. It names up to three tokens, and has `[skip ci]` because the record changes nothing that CI tests. */
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

/** The history entry of a change that is not a rotation. */
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
