// Histories for tests: entries in a chain, as the record and its days' files hold them.
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { serializeConfig } from "../src/core/config/parse.ts";
import type { HistoryEntry, TokenConfig } from "../src/core/model/schema.ts";
import {
  chainEntries,
  entryDigest,
  type HistoryDraft,
  historyLines,
  historyPath,
} from "../src/core/record/history.ts";

/** The first entry's time; each later one is an hour after the one before, so that three are of the first day. */
const START = Date.parse("2026-12-31T21:00:00Z");
const HOUR_MS = 3_600_000;

function draftOf(index: number): HistoryDraft {
  return {
    at: new Date(START + index * HOUR_MS).toISOString(),
    event: "rotated",
    token_name: "API_KEY",
    generation: index + 1,
    previous_hash: null,
    new_hash: `sha256:${String(index).padStart(64, "0")}`,
    triggered_by: { kind: "schedule" },
  };
}

/** How messages name the entry with that number. */
export function nameOf(index: number): string {
  const { at, generation } = draftOf(index);
  return `${at}/API_KEY/g${generation}/rotated`;
}

/** The path of the file that the entry with that number is in, beside the record. */
export function dayOf(index: number, folder = ""): string {
  const [year, month, day] = draftOf(index).at.slice(0, 10).split("-");
  return `${folder}token_history/${year}-${month}/${day}.jsonl`;
}

/** That many entries in a chain that holds, numbered from 0. */
export function chainOf(count: number): HistoryEntry[] {
  return chainEntries(Array.from({ length: count }, (_, index) => draftOf(index)));
}

/** The history with its next `count` entries, as the program would add them to whatever is there. */
export function grow(
  history: readonly HistoryEntry[],
  count: number,
  from = history.length,
): HistoryEntry[] {
  const newest = history.at(-1);
  const drafts = Array.from({ length: count }, (_, index) => draftOf(from + index));
  return [...history, ...chainEntries(drafts, newest === undefined ? null : entryDigest(newest))];
}

/** The chain made again over entries that were tampered with, as a thorough forger would. */
export function rechain(entries: readonly HistoryEntry[]): HistoryEntry[] {
  return chainEntries(entries);
}

/** When the entry with that number was made, as git takes it; a minute later. */
export function commitDate(index: number): string {
  return new Date(START + index * HOUR_MS + 60_000).toISOString();
}

/** What the record says of those entries. */
export function historyState(history: readonly HistoryEntry[]) {
  const newest = history.at(-1);
  return { entries: history.length, digest: newest === undefined ? null : entryDigest(newest) };
}

/** The record of those entries, which it counts. */
export function recordText(
  history: readonly HistoryEntry[],
  rest: Partial<TokenConfig> & Readonly<Record<string, unknown>> = {},
): string {
  const state = { ...rest.state, history: historyState(history) };
  return serializeConfig({ version: 1, ...rest, state });
}

/**
 * Path to content: the record and the days' files. They hold the entries in the order given: one that stands after one of a
 * later day, which only a person puts there, is in that day's file.
 */
export function recordFiles(
  path: string,
  history: readonly HistoryEntry[],
  rest: Partial<TokenConfig> & Readonly<Record<string, unknown>> = {},
): Map<string, string> {
  const files = new Map([[path, recordText(history, rest)]]);
  let latest = "";
  for (const entry of history) {
    const own = historyPath(path, entry.at);
    if (own > latest) latest = own;
    files.set(latest, `${files.get(latest) ?? ""}${historyLines([entry])}`);
  }
  return files;
}

/** The entries that the days' files among those hold, the oldest first. */
export function entriesIn(files: Readonly<Record<string, string>>): HistoryEntry[] {
  return Object.keys(files)
    .filter((path) => /(^|\/)token_history\/\d+-\d\d\/\d\d\.jsonl$/.test(path))
    .toSorted((a, b) => (a < b ? -1 : 1))
    .flatMap((path) => (files[path] ?? "").split("\n").filter(Boolean))
    .map((line): HistoryEntry => JSON.parse(line));
}

/** The entries of the record in a folder, the oldest first. */
export async function entriesInFolder(directory: string): Promise<HistoryEntry[]> {
  const names = await readdir(join(directory, "token_history"), { recursive: true }).catch(
    (): string[] => [],
  );
  const files = names
    .filter((name) => name.endsWith(".jsonl"))
    .map(async (name): Promise<[string, string]> => {
      const path = `token_history/${name}`;
      return [path, await readFile(join(directory, path), "utf8")];
    });
  return entriesIn(Object.fromEntries(await Promise.all(files)));
}
