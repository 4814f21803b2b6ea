// The audit of the history: every version of the record against those it was made from, in the order of their commits.

import type { RecordVersion } from "../ports/record-versions.ts";
import {
  changesBetween,
  extendsHistory,
  type History,
  type HistoryChange,
  sharedStart,
} from "./compare.ts";
import { createEntryReader, type Kept, type Known, type Reading } from "./entries.ts";
import { type AuditReporter, type Finding, reporter } from "./findings.ts";
import { lookAtDates, type Timing, timing } from "./signs.ts";
import type { Audit, AuditFinding } from "./version.ts";

/** What a later version is compared with. */
type Stand = {
  readonly history: History;
  /** The last history before anything but appending was seen; `history` itself where nothing was. */
  readonly truth: History;
  /** What was found since `truth`: taken back by a version that goes on from `truth`. */
  readonly open: readonly Finding[];
  /** To say where an entry stood that is gone. */
  readonly files: Reading["files"];
  /** How the record and the entries do not fit, and where that was told; null if they do. */
  readonly misfit: Misfit | null;
};

/** `told` is null if another finding explains it. */
type Misfit = { readonly key: string; readonly told: Finding | null };

type Walk = {
  readonly stands: Map<string, readonly Stand[]>;
  readonly abandoned: { readonly version: RecordVersion; readonly entries: readonly Kept[] }[];
  readonly report: AuditReporter;
  readonly timing: Timing;
  readonly known: Known;
  readonly told: Set<string>;
  present: Stand | null;
  commits: number;
};

/**
 * Replays the versions of the record. Each one's whole history (the days' files) must be its parents' with entries added
 * at the end, each holding the digest of the one before, and the record must name their number and the newest one's digest;
 * whatever else happened is a finding, with the commit that did it. A later version that puts everything back turns findings
 * into warnings.
 *
 * It cannot see: a history rewritten with all digests, commits and dates made again, in a clone whose reflog never held the
 * old one; an edit of the newest entry before its first commit; what only unmerged branches hold. Dates are what
 * git says, and git believes the person who commits.
 * @param versions parents before children, the present one last; those that were left behind (`abandoned`) anywhere
 * @param recordPath the record's path, as `versions` names it; every other file is a day's
 */
export async function auditHistory(
  versions: AsyncIterable<RecordVersion> | Iterable<RecordVersion>,
  recordPath: string,
): Promise<Audit> {
  const reader = createEntryReader(recordPath);
  const walk: Walk = {
    stands: new Map(),
    abandoned: [],
    report: reporter(),
    timing: timing(),
    known: reader.known,
    told: new Set(),
    present: null,
    commits: 0,
  };
  for await (const version of versions) {
    const reading = reader.read(version);
    if (version.abandoned) walk.abandoned.push({ version, entries: reading.entries });
    else step(walk, version, reading);
  }
  tellAbandoned(walk);
  const findings = walk.report.findings();
  return {
    ...verdictOf(findings),
    entries: walk.present?.history.length ?? 0,
    commits: walk.commits,
    findings,
  };
}

function verdictOf(findings: readonly AuditFinding[]): Pick<Audit, "ok" | "verdict"> {
  const any = (severity: AuditFinding["severity"]) =>
    findings.some((finding) => finding.severity === severity);
  const verdict = any("broken") ? "broken" : any("unknown") ? "unknown" : "ok";
  return { ok: verdict === "ok", verdict };
}

function step(walk: Walk, version: RecordVersion, reading: Reading): void {
  if (version.commit !== null) walk.commits += 1;
  tellUnreadable(walk, version, reading);
  const before = version.parents.flatMap((parent) => walk.stands.get(parent) ?? []);
  const history: History = { entries: reading.entries, length: reading.entries.length };
  const stand = follow(walk, version, reading, before, history);
  walk.stands.set(version.id, [stand]);
  walk.present = stand;
}

/** Compares one readable version with what it was made from. */
function follow(
  walk: Walk,
  version: RecordVersion,
  reading: Reading,
  before: readonly Stand[],
  own: History,
): Stand {
  const told: Finding[] = [];
  const tainted: Pick<Stand, "truth" | "open">[] = [];
  for (const stand of before) {
    const isTainted = stand.truth !== stand.history;
    if (isTainted && extendsHistory(stand.truth, own)) {
      for (const finding of stand.open) finding.takenBackBy(version);
    } else if (extendsHistory(stand.history, own)) {
      if (isTainted) tainted.push(stand);
    } else {
      const others = before.filter((other) => other !== stand);
      const changes = changesBetween(stand.history, own).filter(
        (change) => !isFromAnother(change, others),
      );
      const findings = walk.report.changes(version, reading, stand.files, changes);
      told.push(...findings);
      tainted.push({ truth: stand.truth, open: [...stand.open, ...findings] });
    }
  }
  const start = Math.max(0, ...before.map((stand) => sharedStart(stand.history, own)));
  const broken = tellNew(walk, version, reading, {
    own,
    start,
    fresh: freshEntries(own, start, before),
    damaged: told.length > 0,
  });
  const history = share(before, own);
  const { files } = reading;
  const explained = told.length > 0 || broken.length > 0;
  const misfit = compareStated(walk, version, { reading, own, before, explained });
  const [first] = tainted;
  if (first === undefined) return { history, truth: history, open: [], files, misfit };
  return {
    history,
    truth: first.truth,
    open: [...tainted.flatMap(({ open }) => open), ...broken],
    files,
    misfit,
  };
}

type Compared = {
  readonly reading: Reading;
  readonly own: History;
  readonly before: readonly Stand[];
  readonly explained: boolean;
};

/** Whether the record names what the files hold; that it does not is told once, of the version that brought it about. */
function compareStated(
  walk: Walk,
  version: RecordVersion,
  { reading, own, before, explained }: Compared,
): Misfit | null {
  // Of what could not be read nothing can be said.
  if (reading.stated === undefined || reading.problems.length > 0) return before[0]?.misfit ?? null;
  const stated = reading.stated ?? { entries: 0, digest: null };
  const digest = own.entries[own.length - 1]?.digest ?? null;
  if (stated.entries === own.length && stated.digest === digest) {
    for (const { misfit } of before) misfit?.told?.takenBackBy(version);
    return null;
  }
  const key = JSON.stringify([stated.entries - own.length, stated.digest === digest]);
  const known = before.find(({ misfit }) => misfit?.key === key)?.misfit;
  if (known) return known;
  return { key, told: explained ? null : walk.report.misfit(version, reading, stated, own) };
}

/** A merge brings the entries of its other parent: they were not put in by it. */
function isFromAnother({ kind, kept }: HistoryChange, others: readonly Stand[]): boolean {
  return (
    kind === "inserted" &&
    others.some(({ history }) => history.entries.slice(0, history.length).includes(kept))
  );
}

function freshEntries(own: History, start: number, before: readonly Stand[]): Set<Kept> {
  const fresh = new Set(own.entries.slice(start));
  for (const { history } of before) {
    for (let index = start; index < history.length; index += 1) {
      const kept = history.entries[index];
      if (kept !== undefined) fresh.delete(kept);
    }
  }
  return fresh;
}

/** Versions that only add share one list, so that memory grows with the entries and not with entries times versions. */
function share(before: readonly Stand[], own: History): History {
  const line = before.find(
    ({ history }) => history.entries.length === history.length && extendsHistory(history, own),
  )?.history;
  if (line === undefined) return own;
  for (const kept of own.entries.slice(line.length)) line.entries.push(kept);
  return { entries: line.entries, length: own.length };
}

type New = {
  readonly own: History;
  readonly start: number;
  readonly fresh: ReadonlySet<Kept>;
  readonly damaged: boolean;
};

/** What must hold of the entries that this version brought, and of how they follow each other. */
function tellNew(
  walk: Walk,
  version: RecordVersion,
  reading: Reading,
  { own, start, fresh, damaged }: New,
): Finding[] {
  const broken = walk.report.breaks(version, reading, {
    own,
    start,
    fresh,
    damaged,
    known: walk.known,
  });
  const added = own.entries.slice(start).filter((kept) => fresh.has(kept));
  if (version.unseen !== null) walk.report.unseen(version, reading, own);
  else if (version.commit === null && added.length > 0 && !damaged)
    walk.report.uncommitted(version, reading, added);
  if (version.unseen === null && version.commit !== null && !damaged) {
    for (const sign of lookAtDates(walk.timing, version.commit, added))
      walk.report.sign(version, reading, sign);
  }
  return broken;
}

function tellUnreadable(walk: Walk, version: RecordVersion, reading: Reading): void {
  for (const problem of reading.problems) {
    if (walk.told.has(problem.key)) continue;
    walk.told.add(problem.key);
    walk.report.unreadable(version, problem);
  }
}

/** What the clone's reflog remembers of the branch, and the branch no longer holds. */
function tellAbandoned(walk: Walk): void {
  const { present } = walk;
  if (present === null) return;
  const now = present.history.entries.slice(0, present.history.length);
  const held = new Set(now);
  const byId = new Map(now.map((kept) => [kept.id, kept]));
  for (const { version, entries } of walk.abandoned) {
    const lost = entries.filter((kept) => !held.has(kept));
    for (const kept of lost) held.add(kept);
    walk.report.rewritten(version, lost, byId);
  }
}
