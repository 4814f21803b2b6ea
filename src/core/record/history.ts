// The audit trail: each entry holds the digest of the one before; older entries move to monthly files beside the record.
import { digest } from "../credentials/fingerprint.ts";
import type { HistoryEntry } from "../model/schema.ts";

/** An entry before it has its place in the chain. `id` is unique and the same when the same event is recorded again: `<run id>/<token>/<event>`. */
export type HistoryDraft = Pick<
  HistoryEntry,
  | "id"
  | "at"
  | "event"
  | "token_name"
  | "generation"
  | "previous_hash"
  | "new_hash"
  | "triggered_by"
> & { readonly [extra: string]: unknown };

/**
 * - `edited-or-missing`: the entry before was changed, or one between was taken away.
 * - `reordered`: what it follows stands elsewhere, so entries were moved, copied or put in between.
 * - `restarted`: it claims to be the first of all, and is not.
 */
export type ChainBreak = {
  /** Position in the list that was given, from 0. */
  readonly index: number;
  readonly id: string;
  readonly kind: "edited-or-missing" | "reordered" | "restarted";
  readonly message: string;
};

/** The folder of the monthly files, beside the record. */
const FOLDER = "token_history";

/** SHA-256 (hex) of an entry's canonical JSON: what the next entry holds as `previous_entry`. */
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

/**
 * The history with the drafts at its end, each pointing at the entry before it.
 * A draft that is already there, alike in every field, is passed over: a save whose answer was lost is made again.
 * @param before what the first entry points at where `history` is empty: the digest of the last one that moved away, or null
 */
export function appendHistory(
  history: readonly HistoryEntry[],
  drafts: readonly HistoryDraft[],
  before: string | null = null,
): HistoryEntry[] {
  const entries = [...history];
  const known = new Map(history.map((entry) => [entry.id, entry]));
  const last = entries.at(-1);
  let previous = last === undefined ? before : entryDigest(last);
  for (const draft of drafts) {
    const twin = known.get(draft.id);
    if (
      twin !== undefined &&
      canonicalJson({ ...draft, previous_entry: twin.previous_entry }) === canonicalJson(twin)
    )
      continue;
    const entry: HistoryEntry = { ...draft, previous_entry: previous };
    entries.push(entry);
    known.set(entry.id, entry);
    previous = entryDigest(entry);
  }
  return entries;
}

/**
 * Replays the chain. It shows every edit, removal, insertion and move inside the list. What no entry
 * follows it cannot show: an edit of the newest entry, and entries cut off at the end; git's own
 * history holds those. Entries missing at the start show only where `before` is given.
 * @param entries in the order of the files, the oldest first
 * @param before what the first entry must point at: null where it is the first of all; undefined where older ones moved elsewhere
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
    breaks.push({ index, id: entry.id, ...breakOf(entry, index, known) });
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
      message: `entry ${index} claims that nothing came before it, yet something did`,
    };
  }
  if (known.has(entry.previous_entry)) {
    return {
      kind: "reordered",
      message: `what entry ${index} follows stands elsewhere: entries were moved, copied or put in between`,
    };
  }
  return {
    kind: "edited-or-missing",
    message: `what entry ${index} follows is not here: the entry before it was edited, or one is missing`,
  };
}

/** The file that the entries of one month (UTC) move to, beside the record: `token_history/2026-11.jsonl`. */
export function historyPath(configPath: string, at: string): string {
  return `${historyFolder(configPath)}/${monthOf(at)}.jsonl`;
}

/** The folder of the monthly files: `token_history`, beside the record. */
export function historyFolder(configPath: string): string {
  return `${configPath.slice(0, configPath.lastIndexOf("/") + 1)}${FOLDER}`;
}

/** Whether a file in that folder, by its name, is a monthly one. */
export function isMonthlyFile(name: string): boolean {
  return /^\d{4,6}-\d{2}\.jsonl$/.test(name);
}

/**
 * What stays in the record, and what moves where, in order. Nothing moves before there are more than
 * `limit` entries; then the oldest do until three quarters of the limit are left, so that most runs
 * write one file, and a second one only now and then.
 * @param pathOf the file for an entry's time
 */
export function rollOver(
  history: readonly HistoryEntry[],
  limit: number,
  pathOf: (at: string) => string = (at) => historyPath("", at),
): { kept: HistoryEntry[]; moved: Map<string, HistoryEntry[]> } {
  const moved = new Map<string, HistoryEntry[]>();
  if (history.length <= limit) return { kept: [...history], moved };
  const cut = history.length - Math.floor((limit * 3) / 4);
  let latest = history[0]?.at ?? "";
  for (const entry of history.slice(0, cut)) {
    // By a clock that is behind, an entry may be dated before the one it follows: it stays with that
    // one, since the files, read by name, must give the chain in its order.
    if (Date.parse(entry.at) > Date.parse(latest)) latest = entry.at;
    const path = pathOf(latest);
    const file = moved.get(path);
    if (file === undefined) moved.set(path, [entry]);
    else file.push(entry);
  }
  return { kept: history.slice(cut), moved };
}

/** Entries as JSON Lines, each line ended, to be appended to a monthly file. */
export function historyLines(entries: readonly HistoryEntry[]): string {
  return entries.map((entry) => `${JSON.stringify(entry)}\n`).join("");
}

function monthOf(at: string): string {
  return new Date(at).toISOString().slice(0, 7);
}
