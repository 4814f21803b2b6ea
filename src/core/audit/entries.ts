// From the files of one version to its whole history: the files of the days, in the order of the chain.
import { isDeepStrictEqual } from "node:util";
import { firstVersionMark } from "../config/first-version.ts";
import type { HistoryEntry } from "../model/schema.ts";
import type { RecordVersion } from "../ports/record-versions.ts";
import { entryDigest, entryName, isEntry } from "../record/history.ts";

/** An entry, and how it is named; entries that are alike in every member are one object, so that histories are compared by identity. */
export type Kept = { readonly id: string; readonly digest: string; readonly entry: HistoryEntry };

/** What the record itself says of its history; null if it says nothing, as one without a history does. */
type Stated = { readonly entries: number; readonly digest: string | null } | null;

/** Something that could not be read. `key` is the same wherever the same content is met again. */
export type Unreadable = {
  readonly key: string;
  readonly path: string;
  /** From 1. */
  readonly line: number | null;
  readonly detail: string;
};

export type Reading = {
  readonly entries: Kept[];
  /** Undefined if the record could not be read, or holds no history of this edition. */
  readonly stated: Stated | undefined;
  readonly problems: readonly Unreadable[];
  /** The entries of each file, to say where one stands; null for those that could not be read. */
  readonly files: ReadonlyMap<string, readonly (Kept | null)[]>;
};

type File = {
  readonly entries: readonly (Kept | null)[];
  readonly problems: readonly Unreadable[];
};
/** `holds`: whether the days' files are its history; a record of an earlier edition has none that could be replayed. */
type RecordFile = {
  readonly stated: Stated | undefined;
  readonly holds: boolean;
  readonly problems: readonly Unreadable[];
};
const NO_RECORD: RecordFile = { stated: null, holds: true, problems: [] };

/** Every entry met so far, in whatever version. */
export type Known = {
  readonly byDigest: ReadonlyMap<string, Kept>;
};

/** Reads version after version; what is met again is not read again. */
export function createEntryReader(recordPath: string): {
  read(version: RecordVersion): Reading;
  readonly known: Known;
} {
  const newest = new Map<string, Kept>();
  const byDigest = new Map<string, Kept>();
  const contents = new Map<string, File>();
  const records = new Map<string, RecordFile>();

  function keep(value: unknown): Kept | null {
    if (!isEntry(value)) return null;
    // Nearly every entry is as in the version before, and comparing is much cheaper than digesting.
    const id = entryName(value);
    const known = newest.get(id);
    if (known !== undefined && isDeepStrictEqual(known.entry, value)) return known;
    const digest = digestOf(value);
    if (digest === null) return null;
    const twin = byDigest.get(digest);
    const kept = twin ?? { id, digest, entry: value };
    newest.set(kept.id, kept);
    byDigest.set(digest, kept);
    return kept;
  }

  return {
    known: { byDigest },
    read(version) {
      const problems: Unreadable[] = [];
      const files = new Map<string, readonly (Kept | null)[]>();
      const record = recordOf(version);
      problems.push(...record.problems);
      for (const [path, id] of [...version.files].sort(([a], [b]) => (a < b ? -1 : 1))) {
        if (path === recordPath) continue;
        const key = `${path}\0${id}`;
        const file = contents.get(key) ?? readLines(version.texts.get(id), path, key, keep);
        contents.set(key, file);
        problems.push(...file.problems);
        files.set(path, file.entries);
      }
      const entries = record.holds ? joinDays([...files.values()].map(present)) : [];
      return { entries, stated: record.stated, problems, files };
    },
  };

  function recordOf(version: RecordVersion): RecordFile {
    const id = version.files.get(recordPath);
    if (id === undefined) return NO_RECORD;
    const known = records.get(id);
    const read = known ?? readRecord(version.texts.get(id), recordPath, `${recordPath}\0${id}`);
    records.set(id, read);
    return read;
  }
}

/**
 * The files in the order of their names; but by a clock that was set back, a later run may have written to an earlier day's
 * file: then the file that holds what follows goes on first.
 */
function joinDays(days: readonly (readonly Kept[])[]): Kept[] {
  const joined: Kept[] = [];
  const next = days.map(() => 0);
  const left = (day: number) => (next[day] ?? 0) < (days[day]?.length ?? 0);
  const head = (day: number) => days[day]?.[next[day] ?? 0];
  // By digest, in which file an entry that is not taken yet stands; made only if the chain breaks.
  const waiting = new Map<string, number>();
  const waits = (kept: Kept | undefined) => {
    if (waiting.size === 0) {
      for (const [index, day] of days.entries())
        for (const { digest } of day.slice(next[index])) waiting.set(digest, index);
    }
    const file = waiting.get(kept?.entry.previous_entry ?? "");
    return file !== undefined && file !== current;
  };
  let current = 0;
  for (;;) {
    const last = joined.at(-1)?.digest ?? null;
    const follows = (day: number) => left(day) && head(day)?.entry.previous_entry === last;
    // A file is left in its middle only if its next entry follows one of another file; if not, the chain is broken there.
    if (!follows(current) && (!left(current) || waits(head(current)))) {
      // Nearly always the next day's file; a search through all of them would take long.
      const following = follows(current + 1)
        ? current + 1
        : days.findIndex((_, day) => follows(day));
      if (following >= 0) current = following;
      else if (!left(current)) current = days.findIndex((_, day) => left(day));
    }
    const kept = head(current);
    if (kept === undefined) return joined;
    joined.push(kept);
    waiting.delete(kept.digest);
    next[current] = (next[current] ?? 0) + 1;
  }
}

function present(entries: readonly (Kept | null)[]): Kept[] {
  return entries.filter((kept) => kept !== null);
}

type Keep = (value: unknown) => Kept | null;

function readRecord(text: string | null | undefined, path: string, key: string): RecordFile {
  const whole = { key, path, line: null };
  const unreadable = (detail: string): RecordFile => ({
    stated: undefined,
    holds: true,
    problems: [{ ...whole, detail }],
  });
  const document = typeof text === "string" ? parse(text.replace(/^\ufeff/, "")) : undefined;
  if (document === undefined) return unreadable("the record is not JSON text");
  // Files of earlier versions and editions have no chain that could be replayed; `migrate` begins it.
  if (firstVersionMark(document) !== null || Array.isArray(Object(document).history))
    return { stated: undefined, holds: false, problems: [] };
  const history: unknown = Object(Object(document).state).history;
  if (history === undefined) return NO_RECORD;
  const { entries, digest } = Object(history);
  const isStated = typeof entries === "number" && (digest === null || typeof digest === "string");
  return isStated
    ? { stated: { entries, digest }, holds: true, problems: [] }
    : unreadable("what stands at /state/history is not a count and a digest");
}

function readLines(text: string | null | undefined, path: string, key: string, keep: Keep): File {
  if (typeof text !== "string") {
    return {
      entries: [],
      problems: [{ key, path, line: null, detail: "the file is not UTF-8 text" }],
    };
  }
  const lines = text.replace(/^\ufeff/, "").split(/\r?\n/);
  // Blank lines keep their numbers and hold nothing.
  const entries = lines.map((line) => (line.trim() === "" ? null : keep(parse(line))));
  const problems = lines.flatMap((line, index) =>
    line.trim() === "" || entries[index] !== null
      ? []
      : [
          {
            key: `${key}:${index}`,
            path,
            line: index + 1,
            detail: `line ${index + 1} is no entry`,
          },
        ],
  );
  return { entries, problems };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Told by the caller, as a finding.
    return undefined;
  }
}

/** Null for what is nested deeper than the stack allows: no program wrote that. */
function digestOf(entry: HistoryEntry): string | null {
  try {
    return entryDigest(entry);
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}
