// The audit trail: one entry per event, each with the digest of the one before, in one file per UTC day beside the record.
import { digest } from "../credentials/fingerprint.ts";
import type { HistoryEntry } from "../model/schema.ts";

/** An entry before it has its place in the chain. */
export type HistoryDraft = Pick<
  HistoryEntry,
  | "at"
  | "event"
  | "token_name"
  | "token_names"
  | "generation"
  | "previous_hash"
  | "new_hash"
  | "triggered_by"
> & { readonly [extra: string]: unknown };

/**
 * - `edited-or-missing`: the entry before was changed, or an entry between was removed.
 * - `reordered`: the entry that it follows is elsewhere, so entries were moved, copied or inserted.
 * - `restarted`: it claims to be the first entry, and is not.
 */
export type ChainBreak = {
  /** Position in the list that was given, from 0. */
  readonly index: number;
  /** As `entryName` names the entry. */
  readonly entry: string;
  readonly kind: "edited-or-missing" | "reordered" | "restarted";
  readonly message: string;
};

/** The folder of the history's files, beside the record. */
const FOLDER = "token_history";

/** SHA-256 (hex) of an entry's canonical JSON, which the next entry holds as `previous_entry`. */
export function entryDigest(entry: HistoryEntry): string {
  return digest(canonicalJson(entry));
}

/**
 * JSON as RFC 8785 (JCS) writes it: keys sorted by UTF-16 code unit, no spaces, so that the digest
 * does not depend on how a file was formatted. Members that are undefined are left out, as JSON does.
 */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value))
    return `[${value.map((item) => canonicalJson(item ?? null)).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value ?? null);
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  members.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member)}`).join(",")}}`;
}

/** The name of an entry in messages: its time, its subject, its generation if it has one, and its event. */
export function entryName(entry: {
  readonly at: string;
  readonly event?: unknown;
  readonly token_name?: unknown;
  readonly token_names?: unknown;
  readonly generation?: unknown;
  readonly triggered_by?: unknown;
}): string {
  const workflow = Object(entry.triggered_by).workflow_name;
  const about = entry.token_name ?? entry.token_names ?? workflow ?? "";
  const generation = typeof entry.generation === "number" ? [`g${entry.generation}`] : [];
  return [entry.at, String(about), ...generation, String(entry.event)].join("/");
}

/** The drafts as entries, each with the digest of the one before. @param before the digest of the newest entry so far */
export function chainEntries(
  drafts: readonly HistoryDraft[],
  before: string | null = null,
): HistoryEntry[] {
  let previous = before;
  return drafts.map((draft) => {
    const entry: HistoryEntry = { ...draft, previous_entry: previous };
    previous = entryDigest(entry);
    return entry;
  });
}

/** Whether an entry says exactly what a draft says. */
export function saysSame(entry: HistoryEntry, draft: HistoryDraft): boolean {
  const { previous_entry: _, ...said } = entry;
  const { previous_entry: __, ...meant } = draft;
  return canonicalJson(said) === canonicalJson(meant);
}

/** Whether an entry is about that token. */
export function isAbout(entry: HistoryEntry, tokenName: string): boolean {
  return entry.token_name === tokenName || entry.token_names?.includes(tokenName) === true;
}

/**
 * Replays the chain. It shows every edit, removal, insertion and move inside the list. It cannot show
 * an edit of the newest entry, nor entries cut off at the end. The record's digest and count
 * show those. Entries missing at the start show only if `before` is given.
 * @param entries in the order of the files, the oldest first
 * @param before the digest that the first entry must hold: null if no entry is older; undefined if older ones are not in the list
 */
export function verifyChain(
  entries: readonly HistoryEntry[],
  before?: string | null,
): { ok: boolean; breaks: ChainBreak[] } {
  const digests = entries.map(entryDigest);
  const known = new Set(digests);
  const breaks: ChainBreak[] = [];
  entries.forEach((entry, index) => {
    const expected = index === 0 ? before : digests[index - 1];
    if (expected === undefined || entry.previous_entry === expected) return;
    breaks.push({ index, entry: entryName(entry), ...breakOf(entry, index, known) });
  });
  return { ok: breaks.length === 0, breaks };
}

function breakOf(
  entry: HistoryEntry,
  index: number,
  known: ReadonlySet<string>,
): Pick<ChainBreak, "kind" | "message"> {
  if (entry.previous_entry === null) {
    return {
      kind: "restarted",
      message: `entry ${index} claims to be the first, but another entry comes before it`,
    };
  }
  if (known.has(entry.previous_entry)) {
    return {
      kind: "reordered",
      message: `entry ${index} follows an entry that is elsewhere: entries were moved, copied or inserted`,
    };
  }
  return {
    kind: "edited-or-missing",
    message: `entry ${index} follows an entry that is not here: the one before it was edited, or one is missing`,
  };
}

/** The file of one UTC day's entries, beside the record: `token_history/2026-12/01.jsonl`. @param at ISO 8601 */
export function historyPath(configPath: string, at: string): string {
  const day = new Date(at);
  const padded = (value: number, digits: number) => String(value).padStart(digits, "0");
  const month = `${padded(day.getUTCFullYear(), 4)}-${padded(day.getUTCMonth() + 1, 2)}`;
  return `${historyFolder(configPath)}/${month}/${padded(day.getUTCDate(), 2)}.jsonl`;
}

/** The folder of the history's files: `token_history`, beside the record. */
export function historyFolder(configPath: string): string {
  return `${configPath.slice(0, configPath.lastIndexOf("/") + 1)}${FOLDER}`;
}

/** Whether a folder in the history's folder is a month's, by its name. */
export function isMonthFolder(name: string): boolean {
  return /^\d{4,6}-\d{2}$/.test(name);
}

/** Whether a file in a month's folder is a day's, by its name. */
export function isDayFile(name: string): boolean {
  return /^\d{2}\.jsonl$/.test(name);
}

/** The day's files among the paths, the newest first. */
export function dayFiles(configPath: string, paths: readonly string[]): string[] {
  const folder = `${historyFolder(configPath)}/`;
  return paths
    .filter((path) => {
      const [month = "", day = "", ...more] = path.slice(folder.length).split("/");
      return path.startsWith(folder) && isMonthFolder(month) && isDayFile(day) && more.length === 0;
    })
    .toSorted((a, b) => compareDays(b, a));
}

/** By length first: a year of five digits comes after every year of four. */
function compareDays(a: string, b: string): number {
  return a.length - b.length || (a < b ? -1 : a > b ? 1 : 0);
}

/** Entries as JSON Lines, each line ended, to be appended to a day's file. */
export function historyLines(entries: readonly HistoryEntry[]): string {
  return entries.map((entry) => `${JSON.stringify(entry)}\n`).join("");
}

/** The entries as files of their days, in order. @param entries may go back in time; each still goes to its own day */
export function filesOfEntries(
  configPath: string,
  entries: readonly HistoryEntry[],
): Map<string, string> {
  const files = new Map<string, string>();
  for (const entry of entries) {
    const path = historyPath(configPath, entry.at);
    files.set(path, `${files.get(path) ?? ""}${historyLines([entry])}`);
  }
  return files;
}

/** The entry that a line of a day's file holds; null for anything else. */
export function parseEntry(line: string): HistoryEntry | null {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    // The caller reports the line that is not an entry.
    return null;
  }
  return isEntry(value) ? value : null;
}

/** Whether a value has the members of an entry that the chain relies on; the digest covers the rest. */
export function isEntry(value: unknown): value is HistoryEntry {
  if (typeof value !== "object" || value === null) return false;
  const { at, event, previous_entry: previous } = value as Partial<Record<string, unknown>>;
  return (
    typeof at === "string" &&
    typeof event === "string" &&
    (previous === null || typeof previous === "string")
  );
}

/** The lines of a day's file with their numbers, from 1; blank ones are left out. */
export function linesOf(text: string): { readonly line: string; readonly number: number }[] {
  return text
    .replace(/^\ufeff/, "")
    .split(/\r?\n/)
    .map((line, index) => ({ line, number: index + 1 }))
    .filter(({ line }) => line.trim() !== "");
}

/** The digest of a file's newest entry; undefined if its last line is not an entry, null if the file has no lines. */
export function newestDigest(text: string | null): string | null | undefined {
  const last = linesOf(text ?? "").at(-1);
  if (last === undefined) return null;
  const entry = parseEntry(last.line);
  return entry === null ? undefined : entryDigest(entry);
}
