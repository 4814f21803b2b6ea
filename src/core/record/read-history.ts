// Reading the history: the newest entries first, from as few of the day's files as are needed.
import { Misconfigured } from "../base/errors.ts";
import type { HistoryEntry } from "../model/schema.ts";
import type { HistoryBase, HistorySource } from "./append-history.ts";
import { dayFiles, entryDigest, historyFolder, linesOf, parseEntry } from "./history.ts";

/** The number of files in each request: few at first, since most questions are about the newest. */
const BATCHES = [10, 50, 100] as const;

/** A question about the history. */
export type HistoryQuestion = {
  /** The most entries to return, the newest ones. */
  readonly count: number;
  /** Only entries older than this place, which an earlier part returned. */
  readonly before?: string | undefined;
  /** The most files to read, the newest that hold entries; null: as many as are needed. */
  readonly days?: number | null;
  /** Only these entries count; the others are left out. */
  readonly only?: (entry: HistoryEntry) => boolean;
};

/** A part of the history. */
export type HistoryPart = {
  /** The newest last. */
  readonly entries: readonly HistoryEntry[];
  /** The place of each entry; as `before` it asks for older entries. */
  readonly places: readonly string[];
  /** Whether there are older ones. */
  readonly older: boolean;
};

const NOTHING: HistoryPart = { entries: [], places: [], older: false };

type Placed = { readonly entry: HistoryEntry; readonly place: string };

/**
 * Reads a part of the history, as the record of that version has it.
 * Throws `Misconfigured` (`history-unreadable`) for a line that is not an entry.
 * @returns null if `before` is not a place in this history
 */
export async function readHistory(
  source: HistorySource,
  record: HistoryBase,
  question: HistoryQuestion,
): Promise<HistoryPart | null> {
  const total = record.config.state?.history?.entries ?? 0;
  const place = question.before === undefined ? null : parsePlace(question.before);
  if (question.before !== undefined && place === null) return null;
  if (question.count === 0 && place === null) return { ...NOTHING, older: total > 0 };
  if (total === 0) return place === null ? NOTHING : null;
  const found: Placed[] = [];
  let read = 0;
  let placeFound = place === null;
  for await (const day of daysOf(source, record, place?.day ?? null)) {
    if (read === question.days) return partOf(found, true);
    read += 1;
    const entries = dayEntries(day, read === 1 ? record.config.state?.history?.digest : null);
    const start =
      place?.day === day.name ? entries.findIndex((one) => one.place === place.text) : -1;
    placeFound ||= start >= 0;
    for (const one of entries.slice(0, start >= 0 ? start : undefined).toReversed()) {
      if (found.length === question.count) return placeFound ? partOf(found, true) : null;
      if (question.only?.(one.entry) ?? true) found.push(one);
    }
    // The record's count is reached, so there are no more files to read.
    if (place === null && question.only === undefined && found.length >= total) break;
  }
  return placeFound ? partOf(found, false) : null;
}

function partOf(newestFirst: readonly Placed[], older: boolean): HistoryPart {
  const placed = newestFirst.toReversed();
  return {
    entries: placed.map(({ entry }) => entry),
    places: placed.map(({ place }) => place),
    older,
  };
}

type Day = { readonly name: string; readonly path: string; readonly text: string };

/** The days' files, the newest first. @param from the day to begin with; null: the newest */
async function* daysOf(
  source: HistorySource,
  record: HistoryBase,
  from: string | null,
): AsyncGenerator<Day> {
  const { today, config } = record;
  const name = (path: string) =>
    path
      .slice(historyFolder(source.path).length + 1)
      .replace("/", "-")
      .replace(".jsonl", "");
  const isToday = from === null || from === name(today.path);
  // Only the file with the newest entry is known to come first before the others are listed.
  const first =
    today.text !== null && isToday && holds(today.text, config.state?.history?.digest ?? null);
  if (first && today.text !== null)
    yield { name: name(today.path), path: today.path, text: today.text };
  const version = record.version ?? undefined;
  const paths = dayFiles(source.path, await source.store.list(historyFolder(source.path), version))
    .filter((path) => !(first && path === today.path))
    .filter((path) => from === null || name(path).length < from.length || name(path) <= from);
  for (let start = 0, round = 0; start < paths.length; round += 1) {
    const batch = paths.slice(start, start + (BATCHES[round] ?? BATCHES[BATCHES.length - 1] ?? 1));
    const { files } = await source.store.load(batch, version);
    for (const path of batch) {
      const text = files.get(path) ?? null;
      if (text !== null) yield { name: name(path), path, text };
    }
    start += batch.length;
  }
}

function holds(text: string, digest: string | null): boolean {
  return linesOf(text).some(({ line }) => {
    const entry = parseEntry(line);
    return entry !== null && entryDigest(entry) === digest;
  });
}

/** @param until the digest of the newest entry that the record knows; later entries are not of this version */
function dayEntries({ name, path, text }: Day, until: string | null | undefined): Placed[] {
  const entries = linesOf(text).map(({ line, number }): Placed => {
    const entry = parseEntry(line);
    if (entry === null) throw unreadable(path, number);
    return { entry, place: `${name}.${number}` };
  });
  const last = until ? entries.findLastIndex(({ entry }) => entryDigest(entry) === until) : -1;
  return last < 0 ? entries : entries.slice(0, last + 1);
}

function parsePlace(text: string): { readonly text: string; readonly day: string } | null {
  const [, day] = /^(\d{4,6}-\d{2}-\d{2})\.[1-9]\d*$/.exec(text) ?? [];
  return day === undefined ? null : { text, day };
}

function unreadable(path: string, line: number): Misconfigured {
  return new Misconfigured(`${path}, line ${line}, is not an entry of the history`, {
    code: "history-unreadable",
    hint: "Restore the file from git. `token-automation history --verify` shows which commit changed it.",
  });
}
