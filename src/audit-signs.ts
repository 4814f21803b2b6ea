// Soft signs in the dates of entries and commits: none proves anything, since clocks go wrong and people rebase.
import type { Kept } from "./audit-entries.ts";
import type { AuditCommit } from "./audit-version.ts";
import { DAY_MS, HOUR_MS, instantMs, inWords } from "./instant.ts";

/** How far clocks may differ, and a run may lie between an entry and its commit. */
const TOLERANCE_MS = HOUR_MS;
/** An entry that waited longer for its commit was kept back, or its commit was made anew. */
const LATE_MS = DAY_MS;
/** Entries that `migrate` brings along have dates of long ago. */
const MIGRATED = "migrated/";

export type Sign = { readonly kind: "clock" | "rewritten"; readonly kept: Kept | null; readonly message: string };

/** What is told once for a whole audit. */
export type Timing = { latest: number; toldRemade: boolean };

export function timing(): Timing {
  return { latest: Number.NEGATIVE_INFINITY, toldRemade: false };
}

/** @param added the entries that this commit brought, in order */
export function lookAtDates(seen: Timing, commit: AuditCommit, added: readonly Kept[]): Sign[] {
  const own = added.filter(({ id }) => !id.startsWith(MIGRATED));
  if (own.length === 0) return [];
  return [...clockSigns(seen, own), ...commitSigns(seen, commit, own)];
}

function clockSigns(seen: Timing, added: readonly Kept[]): Sign[] {
  const signs: Sign[] = [];
  for (const kept of added) {
    const at = instantMs(kept.entry.at);
    if (at === null) {
      signs.push({ kind: "clock", kept, message: `entry ${kept.id} names no point in time` });
    } else if (at < seen.latest - TOLERANCE_MS) {
      const message = `entry ${kept.id} is dated ${inWords(seen.latest - at)} before one that it follows: a clock was wrong, or it was put in later`;
      signs.push({ kind: "clock", kept, message });
    }
    seen.latest = Math.max(seen.latest, at ?? seen.latest);
  }
  // The first tells where to look.
  return signs.slice(0, 1);
}

function commitSigns(seen: Timing, commit: AuditCommit, added: readonly Kept[]): Sign[] {
  const authored = instantMs(commit.authored_at) ?? 0;
  const committed = instantMs(commit.committed_at) ?? 0;
  const signs: Sign[] = [];
  if (committed - authored > TOLERANCE_MS && !seen.toldRemade) {
    seen.toldRemade = true;
    const message = `this commit was made anew ${inWords(committed - authored)} after it was written, by an amend or a rebase; later ones may be too`;
    signs.push({ kind: "rewritten", kept: null, message });
  }
  const late = added.find(({ entry }) => (instantMs(entry.at) ?? authored) < authored - LATE_MS);
  if (late !== undefined) {
    const message = `entry ${late.id} was committed ${inWords(authored - (instantMs(late.entry.at) ?? authored))} after its date: it was kept back, or the commits were made anew`;
    signs.push({ kind: "rewritten", kept: late, message });
  }
  const early = added.find(({ entry }) => (instantMs(entry.at) ?? committed) > committed + TOLERANCE_MS);
  if (early !== undefined) {
    signs.push({ kind: "clock", kept: early, message: `entry ${early.id} is dated after the commit that holds it` });
  }
  return signs;
}
