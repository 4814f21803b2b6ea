// Two histories side by side: whether one goes on from the other, and if not, what was done to it.

import { canonicalJson } from "../record/history.ts";
import type { Kept } from "./entries.ts";

/** The first `length` of `entries`; the list may be shared with histories that go on from this one. */
export type History = { readonly entries: Kept[]; readonly length: number };

/** One thing that happened to an entry. `rechained`: nothing but the digest of the entry before it is another. */
export type HistoryChange = {
  readonly kind: "edited" | "rechained" | "removed" | "inserted" | "reordered";
  /** As it is now; where it was removed, as it was. */
  readonly kept: Kept;
  /** As it was, where it is another now. */
  readonly was: Kept | null;
};

/** Whether `after` is `before` with nothing or with entries added at its end. */
export function extendsHistory(before: History, after: History): boolean {
  return sharedStart(before, after) === before.length;
}

/** How many entries at the beginning are the same. */
export function sharedStart(before: History, after: History): number {
  const length = Math.min(before.length, after.length);
  if (before.entries === after.entries) return length;
  for (let index = 0; index < length; index += 1) {
    if (before.entries[index] !== after.entries[index]) return index;
  }
  return length;
}

/** What was done to `before`; entries added at its end are no change. */
export function changesBetween(before: History, after: History): HistoryChange[] {
  const start = sharedStart(before, after);
  const old = byKey(before.entries.slice(start, before.length));
  const now = renamed(old, byKey(after.entries.slice(start, after.length)));
  const changes: HistoryChange[] = [];
  for (const [key, kept] of old)
    if (!now.has(key)) changes.push({ kind: "removed", kept, was: null });
  const keys = [...now.keys()];
  const lastOld = keys.findLastIndex((key) => old.has(key));
  const moved = movedKeys([...old.keys()], keys);
  for (const [index, [key, kept]] of [...now].entries()) {
    const was = old.get(key);
    if (was === undefined && index < lastOld) changes.push({ kind: "inserted", kept, was: null });
    if (was !== undefined && was !== kept)
      changes.push({ kind: isRechained(was, kept) ? "rechained" : "edited", kept, was });
    if (moved.has(key)) changes.push({ kind: "reordered", kept, was: null });
  }
  return changes;
}

/** The members of an entry that are not what they were. */
export function changedMembers(was: Kept, now: Kept): string[] {
  const names = new Set([...Object.keys(was.entry), ...Object.keys(now.entry)]);
  return [...names].filter(
    (name) =>
      canonicalJson(Reflect.get(was.entry, name)) !== canonicalJson(Reflect.get(now.entry, name)),
  );
}

function isRechained(was: Kept, now: Kept): boolean {
  return changedMembers(was, now).every((name) => name === "previous_entry");
}

/** A name that stands twice is told apart by its turn. */
function byKey(entries: readonly Kept[]): Map<string, Kept> {
  const turns = new Map<string, number>();
  const keyed = new Map<string, Kept>();
  for (const kept of entries) {
    const turn = turns.get(kept.id) ?? 0;
    turns.set(kept.id, turn + 1);
    keyed.set(`${turn}/${kept.id}`, kept);
  }
  return keyed;
}

/**
 * An edit of what an entry is named by gives it another key: of those that are in one list only, one that stands where
 * another stood is that one, edited.
 */
function renamed(
  old: ReadonlyMap<string, Kept>,
  now: ReadonlyMap<string, Kept>,
): Map<string, Kept> {
  const gone = new Map<string, string[]>();
  let anchor = "";
  for (const key of old.keys()) {
    if (now.has(key)) anchor = key;
    else gone.set(anchor, [...(gone.get(anchor) ?? []), key]);
  }
  const keyed = new Map<string, Kept>();
  anchor = "";
  for (const [key, kept] of now) {
    if (old.has(key)) anchor = key;
    const there = gone.get(anchor) ?? [];
    const at = old.has(key) ? -1 : there.findIndex((was) => isNearlySame(old.get(was), kept));
    keyed.set(there.splice(at, at < 0 ? 0 : 1)[0] ?? key, kept);
  }
  return keyed;
}

/** Whether one edit made the one out of the other. */
function isNearlySame(was: Kept | undefined, kept: Kept): boolean {
  const members = was === undefined ? [] : changedMembers(was, kept);
  return members.filter((name) => name !== "previous_entry").length === 1;
}

/** The fewest keys of both lists whose move explains the new order: those outside a longest increasing subsequence. */
function movedKeys(old: readonly string[], now: readonly string[]): Set<string> {
  const places = new Map(old.map((key, index) => [key, index]));
  const both = now.flatMap((key) => {
    const place = places.get(key);
    return place === undefined ? [] : [{ key, place }];
  });
  const tails: number[] = [];
  const before: number[] = [];
  for (const [index, { place }] of both.entries()) {
    let low = 0;
    for (let high = tails.length; low < high; ) {
      const middle = (low + high) >>> 1;
      if ((both[tails[middle] ?? 0]?.place ?? 0) < place) low = middle + 1;
      else high = middle;
    }
    before[index] = tails[low - 1] ?? -1;
    tails[low] = index;
  }
  const moved = new Set(both.map(({ key }) => key));
  for (let index = tails.at(-1) ?? -1; index >= 0; index = before[index] ?? -1)
    moved.delete(both[index]?.key ?? "");
  return moved;
}
