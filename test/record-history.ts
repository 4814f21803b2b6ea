// Histories for tests: entries in a chain, as the record and its monthly files hold them.
import { serializeConfig } from "../src/core/config/parse.ts";
import type { HistoryEntry, TokenConfig } from "../src/core/model/schema.ts";
import {
  appendHistory,
  type HistoryDraft,
  historyLines,
  historyPath,
} from "../src/core/record/history.ts";

/** The first entry's time; each later one is an hour after the one before. */
const START = Date.parse("2027-01-01T00:00:00Z");
const HOUR_MS = 3_600_000;

function draftOf(index: number): HistoryDraft {
  return {
    id: `run-${index}/API_KEY/rotated`,
    at: new Date(START + index * HOUR_MS).toISOString(),
    event: "rotated",
    token_name: "API_KEY",
    generation: index + 1,
    previous_hash: null,
    new_hash: `sha256:${String(index).padStart(64, "0")}`,
    triggered_by: { kind: "schedule" },
  };
}

/** That many entries in a chain that holds, numbered from 0. */
export function chainOf(count: number): HistoryEntry[] {
  return appendHistory(
    [],
    Array.from({ length: count }, (_, index) => draftOf(index)),
  );
}

/** The history with its next `count` entries, as the program would add them to whatever is there. */
export function grow(
  history: readonly HistoryEntry[],
  count: number,
  from = history.length,
): HistoryEntry[] {
  return appendHistory(
    history,
    Array.from({ length: count }, (_, index) => draftOf(from + index)),
  );
}

/** The chain made anew over entries that were tampered with, as a thorough forger would. */
export function rechain(entries: readonly HistoryEntry[]): HistoryEntry[] {
  return appendHistory([], entries);
}

/** When the entry with that number was made, as git takes it; a minute later. */
export function commitDate(index: number): string {
  return new Date(START + index * HOUR_MS + 60_000).toISOString();
}

export function recordText(
  history: readonly HistoryEntry[],
  rest: Partial<TokenConfig> = {},
): string {
  return serializeConfig({ version: 1, ...rest, history: [...history] });
}

/** Path to content, the first `moved` entries in a monthly file. */
export function rolledFiles(
  path: string,
  history: readonly HistoryEntry[],
  moved: number,
): Map<string, string> {
  const files = new Map([[path, recordText(history.slice(moved))]]);
  const first = history[0];
  if (moved > 0 && first !== undefined)
    files.set(historyPath(path, first.at), historyLines(history.slice(0, moved)));
  return files;
}
