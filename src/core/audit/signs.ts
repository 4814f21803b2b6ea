// Soft signs in the dates of entries and commits: none proves anything, since clocks go wrong and people rebase.

import { DAY_MS, HOUR_MS, instantMs, inWords } from "../base/instant.ts";
import type { AuditCommit } from "../ports/record-versions.ts";
import type { Kept } from "./entries.ts";

/** How far clocks may differ, and a run may lie between an entry and its commit. */
const TOLERANCE_MS = HOUR_MS;
/** An entry that waited longer for its commit was kept back, or its commit was made again. */
const LATE_MS = DAY_MS;

export type Sign = {
  readonly kind: "clock" | "rewritten";
  readonly kept: Kept | null;
  readonly message: string;
};

/** What an audit remembers of the dates: each sign is told once, where it is met first. */
export type Timing = { latest: number; readonly told: Set<string>; readonly met: Set<Kept> };

export function timing(): Timing {
  return { latest: Number.NEGATIVE_INFINITY, told: new Set(), met: new Set() };
}

/** @param added the entries that this commit brought, in order */
export function lookAtDates(seen: Timing, commit: AuditCommit, added: readonly Kept[]): Sign[] {
  // What is put back has its old dates, and so has what `migrate` brings along.
  const own = added.filter((kept) => kept.entry.migrated !== true && !seen.met.has(kept));
  for (const kept of own) seen.met.add(kept);
  if (own.length === 0) return [];
  const once = (name: string, sign: Sign | null): Sign[] => {
    if (sign === null || seen.told.has(name)) return [];
    seen.told.add(name);
    return [{ ...sign, message: `${sign.message}; later ones may be so too` }];
  };
  return [
    ...once("unordered", unordered(seen, own)),
    ...once("remade", remade(commit)),
    ...once("late", late(commit, own)),
    ...once("early", early(commit, own)),
  ];
}

function unordered(seen: Timing, added: readonly Kept[]): Sign | null {
  let sign: Sign | null = null;
  for (const kept of added) {
    const at = instantMs(kept.entry.at);
    if (at === null)
      sign ??= { kind: "clock", kept, message: `entry ${kept.id} names no point in time` };
    else if (at < seen.latest - TOLERANCE_MS) {
      const message = `entry ${kept.id} is dated ${inWords(seen.latest - at)} before one that it follows: a clock was wrong, or it was put in later`;
      sign ??= { kind: "clock", kept, message };
    }
    seen.latest = Math.max(seen.latest, at ?? seen.latest);
  }
  return sign;
}

function remade(commit: AuditCommit): Sign | null {
  const delay = (instantMs(commit.committed_at) ?? 0) - (instantMs(commit.authored_at) ?? 0);
  if (delay <= TOLERANCE_MS) return null;
  const message = `this commit was made again ${inWords(delay)} after it was written, by an amend or a rebase`;
  return { kind: "rewritten", kept: null, message };
}

function late(commit: AuditCommit, added: readonly Kept[]): Sign | null {
  const authored = instantMs(commit.authored_at) ?? 0;
  const delay = ({ entry }: Kept) => authored - (instantMs(entry.at) ?? authored);
  const kept = added.find((each) => delay(each) > LATE_MS);
  if (kept === undefined) return null;
  const message = `entry ${kept.id} was committed ${inWords(delay(kept))} after its date: it was kept back, or the commits were made again`;
  return { kind: "rewritten", kept, message };
}

function early(commit: AuditCommit, added: readonly Kept[]): Sign | null {
  const committed = instantMs(commit.committed_at) ?? 0;
  const kept = added.find(
    ({ entry }) => (instantMs(entry.at) ?? committed) > committed + TOLERANCE_MS,
  );
  return kept === undefined
    ? null
    : { kind: "clock", kept, message: `entry ${kept.id} is dated after the commit that holds it` };
}
