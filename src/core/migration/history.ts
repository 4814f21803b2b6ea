// The history of earlier files as entries of this edition: the rotations that a first-version file lists, and the entries of a first-edition record.

import { isShowableName } from "../base/showable.ts";
import { isObject } from "../config/mistake.ts";
import type { HistoryEntry, TriggerKind } from "../model/schema.ts";
import {
  chainEntries,
  type HistoryDraft,
  historyFolder,
  isEntry,
  linesOf,
} from "../record/history.ts";
import type { Notes } from "./notes.ts";
import { type Gathered, valuesIn } from "./tokens.ts";

/** Where an entry has its fields: the names that the Python program is known or likely to have used. */
const FIELDS = {
  token: ["token_name", "token", "name"],
  time: ["timestamp", "rotated_at", "at", "time"],
  previous: ["previous_hash", "old_hash"],
  next: ["new_hash", "hash"],
  trigger: ["triggered_by", "reason", "trigger"],
} as const;
const KNOWN: readonly string[] = Object.values(FIELDS).flat();

/** By what the old note of the trigger says; it is not carried over itself, since it is free text. */
const TRIGGERS: readonly (readonly [pattern: RegExp, kind: TriggerKind])[] = [
  [/schedul|auto|cron|workflow|rule/i, "scheduler"],
  [/api|gpt|http/i, "api"],
];

/** Reads one of the lists `history` and `rotation_history`, and chains the entries. */
export function readHistory(
  lists: readonly unknown[],
  gathered: Gathered,
  notes: Notes,
): HistoryEntry[] {
  let lost = 0;
  const entries = lists.flatMap((list): unknown[] =>
    Array.isArray(list) ? list : list === undefined ? [] : [list],
  );
  const drafts = entries.flatMap((entry): HistoryDraft[] => {
    const draft = isObject(entry) ? draftOf(entry, gathered, notes) : null;
    if (draft === null) lost++;
    return draft === null ? [] : [draft];
  });
  if (lost > 0)
    notes.warn(
      `${lost} of ${entries.length} entries of the history name no token or no time and were left out.`,
    );
  return chainEntries(drafts);
}

/** What a record of the first edition had and this one has not: the list of entries, the monthly files, the limit of the list. */
type FirstEdition = {
  /** The document without its history, and without the setting that limited it. */
  readonly document: Record<string, unknown>;
  readonly history: readonly HistoryEntry[];
};

/** Whether the document is a record whose history is a list in the file itself, as in the first edition. */
export function isFirstEdition(document: Record<string, unknown>): boolean {
  const { history, settings } = document;
  const isLimited = isObject(settings) && Object.hasOwn(settings, "history_limit");
  return document.version === 1 && (Array.isArray(history) || isLimited);
}

/** The first edition's monthly files among the paths, the oldest first. */
export function monthlyFiles(configPath: string, paths: readonly string[]): string[] {
  const folder = `${historyFolder(configPath)}/`;
  return paths
    .filter(
      (path) => path.startsWith(folder) && /^\d{4,6}-\d{2}\.jsonl$/.test(path.slice(folder.length)),
    )
    .toSorted((a, b) => (a < b ? -1 : 1));
}

/**
 * Takes the history out of a first-edition record. The entries keep their order; the chain of digests begins again, since
 * an entry no longer has an id, and requests are remembered elsewhere.
 * @param archived path to content of the monthly files, the oldest first
 */
export function carryHistory(
  { history: list, settings, ...rest }: Record<string, unknown>,
  archived: ReadonlyMap<string, string>,
  notes: Notes,
): FirstEdition {
  const lines = [...archived.values()].flatMap((text) => linesOf(text).map(({ line }) => line));
  const found: unknown[] = [...lines.map(parsed), ...(Array.isArray(list) ? list : [])];
  const drafts = found.flatMap((entry) => {
    if (!isEntry(entry)) return [];
    const { id: _, requests: __, previous_entry: ___, ...draft } = entry;
    return [{ ...draft, migrated: true } as HistoryDraft];
  });
  if (drafts.length < found.length)
    notes.warn(
      `${found.length - drafts.length} of ${found.length} entries of the history could not be read and were left out.`,
    );
  if (drafts.length > 0)
    notes.warn(
      `Entries of the history that were carried over: ${drafts.length}. They are in token_history/<year>-<month>/<day>.jsonl now, in their order, and their chain of digests begins again.`,
    );
  for (const path of archived.keys()) notes.warn(`${path} is not read any more; delete it.`);
  return { document: { ...rest, ...withoutLimit(settings) }, history: chainEntries(drafts) };
}

function withoutLimit(settings: unknown): { readonly settings?: unknown } {
  if (settings === undefined) return {};
  if (!isObject(settings)) return { settings };
  const { history_limit: _, ...kept } = settings;
  return { settings: kept };
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    // Counted with what is no entry.
    return null;
  }
}

function draftOf(
  entry: Record<string, unknown>,
  gathered: Gathered,
  notes: Notes,
): HistoryDraft | null {
  const field = (names: readonly string[]) =>
    names.map((name) => entry[name]).find((content) => content !== undefined);
  const token_name = tokenOf(entry, gathered);
  for (const [key, content] of Object.entries(entry)) {
    if (content === token_name) continue;
    const values = valuesIn(key, content);
    for (const value of values) gathered.values.add(value);
    if (values.length > 0 && token_name !== null) gathered.exposed.add(token_name);
    else if (!KNOWN.includes(key)) notes.leftOut("the history", key);
  }
  const at = notes.time(field(FIELDS.time));
  if (token_name === null || at === null) return null;
  const previous_hash = hashOf(field(FIELDS.previous), notes);
  const new_hash = hashOf(field(FIELDS.next), notes);
  const triggered_by = { kind: triggerOf(field(FIELDS.trigger)) };
  return {
    migrated: true,
    at,
    event: "rotated",
    token_name,
    generation: null,
    previous_hash,
    new_hash,
    triggered_by,
  };
}

/** Entries of tokens that are gone are kept; but what stands under the other keys might be a value. */
function tokenOf(entry: Record<string, unknown>, gathered: Gathered): string | null {
  for (const key of FIELDS.token) {
    const name = entry[key];
    if (
      typeof name === "string" &&
      (gathered.tokens.has(name) || (key === "token_name" && isShowableName(name)))
    )
      return name;
  }
  return null;
}

/** Only whole SHA-256 digests: anything else proves nothing, and might be a value. */
function hashOf(content: unknown, notes: Notes): string | null {
  const hex =
    typeof content === "string" ? /^(?:sha256:)?([0-9a-f]{64})$/i.exec(content)?.[1] : undefined;
  if (hex !== undefined) return `sha256:${hex.toLowerCase()}`;
  if (typeof content === "string" && content !== "")
    notes.warn("Hashes in the history that are not whole SHA-256 digests were left out.");
  return null;
}

function triggerOf(content: unknown): TriggerKind {
  const text = typeof content === "string" ? content : "";
  return TRIGGERS.find(([pattern]) => pattern.test(text))?.[1] ?? "cli";
}
