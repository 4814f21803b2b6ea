// From the files of one version to its whole history: the monthly files, then the record's own entries.
import { isDeepStrictEqual } from "node:util";
import { firstVersionMark } from "../config/first-version.ts";
import type { HistoryEntry } from "../model/schema.ts";
import type { RecordVersion } from "../ports/record-versions.ts";
import { entryDigest } from "../record/history.ts";

/** An entry; entries that are alike in every member are one object, so that histories are compared by identity. */
export type Kept = { readonly id: string; readonly digest: string; readonly entry: HistoryEntry };

/** Something that could not be read. `key` is the same wherever the same content is met again. */
export type Unreadable = {
  readonly key: string;
  readonly path: string;
  /** From 1. */
  readonly line: number | null;
  readonly pointer: string | null;
  readonly detail: string;
};

export type Reading = {
  /** Null where the record could not be read at all. */
  readonly entries: Kept[] | null;
  readonly problems: readonly Unreadable[];
  /** The entries of each file, to say where one stands; null for those that could not be read. */
  readonly files: ReadonlyMap<string, readonly (Kept | null)[]>;
};

type File = {
  readonly entries: readonly (Kept | null)[] | null;
  readonly problems: readonly Unreadable[];
};

/** Every entry met so far, in whatever version. */
export type Known = {
  readonly byDigest: ReadonlyMap<string, Kept>;
  /** How many different contents an id was met with. */
  readonly variants: ReadonlyMap<string, number>;
};

/** Reads version after version; what is met again is not read again. */
export function createEntryReader(recordPath: string): {
  read(version: RecordVersion): Reading;
  readonly known: Known;
} {
  const newest = new Map<string, Kept>();
  const byDigest = new Map<string, Kept>();
  const variants = new Map<string, number>();
  const contents = new Map<string, File>();

  function keep(value: unknown): Kept | null {
    if (!isEntry(value)) return null;
    // Nearly every entry is as in the version before, and comparing is much cheaper than digesting.
    const known = newest.get(value.id);
    if (known !== undefined && isDeepStrictEqual(known.entry, value)) return known;
    const digest = digestOf(value);
    if (digest === null) return null;
    const twin = byDigest.get(digest);
    const kept = twin ?? { id: value.id, digest, entry: value };
    if (twin === undefined) variants.set(kept.id, (variants.get(kept.id) ?? 0) + 1);
    newest.set(kept.id, kept);
    byDigest.set(digest, kept);
    return kept;
  }

  return {
    known: { byDigest, variants },
    read(version) {
      const problems: Unreadable[] = [];
      const files = new Map<string, readonly (Kept | null)[]>();
      let whole = true;
      for (const [path, id] of [...version.files].sort(([a], [b]) => (a < b ? -1 : 1))) {
        const key = `${path}\0${id}`;
        const text = version.texts.get(id);
        const file =
          contents.get(key) ??
          (path === recordPath
            ? readRecord(text, path, key, keep)
            : readLines(text, path, key, keep));
        contents.set(key, file);
        problems.push(...file.problems);
        if (file.entries !== null) files.set(path, file.entries);
        else if (path === recordPath) whole = false;
      }
      const months = [...files]
        .filter(([path]) => path !== recordPath)
        .map(([, entries]) => present(entries));
      const entries = whole
        ? [...joinMonths(months), ...present(files.get(recordPath) ?? [])]
        : null;
      return { entries, problems, files };
    },
  };
}

/**
 * The files in the order of their names; but where an entry says that it follows the last one taken, its file goes on
 * first: by a clock that was set back, a later roll-over may have written to an earlier month's file.
 */
function joinMonths(months: readonly (readonly Kept[])[]): Kept[] {
  const joined: Kept[] = [];
  const next = months.map(() => 0);
  const left = (month: number) => (next[month] ?? 0) < (months[month]?.length ?? 0);
  const head = (month: number) => months[month]?.[next[month] ?? 0];
  let current = 0;
  for (;;) {
    const last = joined.at(-1)?.digest ?? null;
    const follows = (month: number) => head(month)?.entry.previous_entry === last && left(month);
    if (!follows(current)) {
      const following = months.findIndex((_, month) => follows(month));
      if (following >= 0) current = following;
      else if (!left(current)) current = months.findIndex((_, month) => left(month));
    }
    const kept = head(current);
    if (kept === undefined) return joined;
    joined.push(kept);
    next[current] = (next[current] ?? 0) + 1;
  }
}

function present(entries: readonly (Kept | null)[]): Kept[] {
  return entries.filter((kept) => kept !== null);
}

type Keep = (value: unknown) => Kept | null;

function readRecord(text: string | null | undefined, path: string, key: string, keep: Keep): File {
  const whole = { key, path, line: null, pointer: null };
  const document = typeof text === "string" ? parse(text.replace(/^\ufeff/, "")) : undefined;
  if (document === undefined)
    return { entries: null, problems: [{ ...whole, detail: "the record is not JSON text" }] };
  // A first-version file has no entries that could be replayed; `migrate` begins the chain.
  if (firstVersionMark(document) !== null) return { entries: [], problems: [] };
  const history: unknown =
    typeof document === "object" && document !== null ? Reflect.get(document, "history") : null;
  if (history === undefined) return { entries: [], problems: [] };
  if (!Array.isArray(history))
    return {
      entries: null,
      problems: [{ ...whole, detail: "the record holds no list of entries" }],
    };
  const entries = history.map(keep);
  const bad = entries.flatMap((kept, index) => (kept === null ? [index] : []));
  const problems = bad.map((index) => {
    const pointer = `/history/${index}`;
    return {
      key: `${key}${pointer}`,
      path,
      line: null,
      pointer,
      detail: `what stands at ${pointer} is no entry`,
    };
  });
  return { entries, problems };
}

function readLines(text: string | null | undefined, path: string, key: string, keep: Keep): File {
  if (typeof text !== "string") {
    return {
      entries: [],
      problems: [{ key, path, line: null, pointer: null, detail: "the file is not UTF-8 text" }],
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
            pointer: null,
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

/** The members that the audit relies on; the rest is covered by the digest. */
function isEntry(value: unknown): value is HistoryEntry {
  if (typeof value !== "object" || value === null) return false;
  const { id, at, previous_entry: previous } = value as Partial<Record<string, unknown>>;
  return (
    typeof id === "string" &&
    typeof at === "string" &&
    (previous === null || typeof previous === "string")
  );
}
