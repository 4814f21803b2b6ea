// Adding entries to the history: the day's file with its new lines, and the record's new digest and count.
import { Misconfigured } from "../base/errors.ts";
import type { TokenConfig } from "../model/schema.ts";
import type { Store } from "../ports/store.ts";
import {
  chainEntries,
  dayFiles,
  entryDigest,
  type HistoryDraft,
  historyFolder,
  historyLines,
  historyPath,
  linesOf,
  newestDigest,
  parseEntry,
  saysSame,
} from "./history.ts";

/** A day's file; `text` is null if there is none. */
export type HistoryFile = { readonly path: string; readonly text: string | null };

/** The store and the path of the record; the history lies beside it. */
export type HistorySource = { readonly store: Store; readonly path: string };

/** The record at one version, with the history file of the day on which it was read. */
export type HistoryBase = {
  readonly config: TokenConfig;
  readonly version: string | null;
  readonly today: HistoryFile;
};

/** The most files that are searched for the newest entry. It is in another file only after a clock went back. */
const FILES_LOOKED_AT = 10;

type Appended = {
  /** The file that the entries are in. */
  readonly file: HistoryFile;
  readonly changed: boolean;
  /** The record's new digest and count; undefined if it has none yet. */
  readonly history: NonNullable<TokenConfig["state"]>["history"];
};

/**
 * The drafts at the end of the history, in the file of the newest one's UTC day. Null: another commit came in between.
 * @param more.again leaves out drafts that the file already holds
 * @throws `Misconfigured` (`history-mismatch`) if the record's digest is not that of the newest entry
 */
export async function appendEntries(
  source: HistorySource,
  record: HistoryBase,
  { drafts, again }: { readonly drafts: readonly HistoryDraft[]; readonly again: boolean },
): Promise<Appended | null> {
  const stated = record.config.state?.history;
  const before = stated?.digest ?? null;
  const last = drafts.at(-1);
  const path = last === undefined ? record.today.path : historyPath(source.path, last.at);
  const file = path === record.today.path ? record.today : await fileAt(source, record, path);
  if (file === null) return null;
  await requireFit(source, record, file);
  const fresh = again ? withoutHeld(drafts, file) : drafts;
  if (fresh.length === 0) return { file, changed: false, history: stated };
  const entries = chainEntries(fresh, before);
  const newest = entries.at(-1);
  const text = `${endLastLine(file.text ?? "")}${historyLines(entries)}`;
  const history = {
    ...stated,
    entries: (stated?.entries ?? 0) + entries.length,
    digest: newest === undefined ? before : entryDigest(newest),
  };
  return { file: { path, text }, changed: true, history };
}

/** The file of another day, as the record's version has it: a run may end on another day than it began. */
async function fileAt(
  { store }: HistorySource,
  record: HistoryBase,
  path: string,
): Promise<HistoryFile | null> {
  const { files, version } = await store.load([path], record.version ?? undefined);
  // A store that no longer knows that version answers with the newest one.
  const moved = record.version !== null && version !== record.version;
  return moved ? null : { path, text: files.get(path) ?? null };
}

/** Refuses to write beside a history that was changed by hand: the files and the record would never match again. */
async function requireFit(
  source: HistorySource,
  record: HistoryBase,
  file: HistoryFile,
): Promise<void> {
  const before = record.config.state?.history?.digest ?? null;
  const newest = newestDigest(file.text);
  if (newest === null || newest === before) return;
  if (newest !== undefined && (await isElsewhere(source, record, file.path))) return;
  throw new Misconfigured(
    `the history does not match ${source.path}: the newest entry of ${file.path} is not the one that the record names`,
    {
      code: "history-mismatch",
      hint: "One of the two was changed by hand. `token-automation history --verify` shows which commit did it. Restore the files from git. Nothing was changed.",
    },
  );
}

async function isElsewhere(
  { store, path }: HistorySource,
  { config, version }: HistoryBase,
  not: string,
): Promise<boolean> {
  const at = version ?? undefined;
  const listed = dayFiles(path, await store.list(historyFolder(path), at));
  const others = listed.filter((each) => each !== not).slice(0, FILES_LOOKED_AT);
  if (others.length === 0) return false;
  const { files } = await store.load(others, at);
  const before = config.state?.history?.digest ?? null;
  return others.some((each) => before !== null && newestDigest(files.get(each) ?? null) === before);
}

function withoutHeld(drafts: readonly HistoryDraft[], { text }: HistoryFile): HistoryDraft[] {
  const held = linesOf(text ?? "").flatMap(({ line }) => parseEntry(line) ?? []);
  return drafts.filter((draft) => !held.some((entry) => saysSame(entry, draft)));
}

/** The text with a line end: a person's editor may have left it out. */
function endLastLine(text: string): string {
  return text === "" || text.endsWith("\n") ? text : `${text}\n`;
}
