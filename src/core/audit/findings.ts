// The findings of an audit in words, each with its place.

import type { RecordVersion } from "../ports/record-versions.ts";
import { saysSame } from "../record/history.ts";
import { changedMembers, type History, type HistoryChange } from "./compare.ts";
import type { Kept, Known, Reading, Unreadable } from "./entries.ts";
import type { Sign } from "./signs.ts";
import type { AuditFinding, AuditKind } from "./version.ts";

/** The most findings of one kind in one version that are named; more are counted. */
const NAMED_PER_KIND = 5;

/** A finding that a later version may take back. */
export type Finding = { takenBackBy(version: RecordVersion): void };

export type AuditReporter = ReturnType<typeof reporter>;

type Files = Reading["files"];
type Draft = Pick<AuditFinding, "kind" | "message"> &
  Partial<Pick<AuditFinding, "severity" | "entry" | "path" | "line">>;
/** A draft whose place is looked for only where it is told: that takes a walk over the whole file. */
type Unplaced = Draft & { readonly where?: () => Partial<Draft> };
export type Breaks = {
  readonly own: History;
  readonly start: number;
  readonly fresh: ReadonlySet<Kept>;
  readonly damaged: boolean;
  readonly known: Known;
};

const UNPLACED = {
  severity: "broken",
  entry: null,
  path: null,
  line: null,
  restored_by: null,
} as const;

/** Collects findings in the order in which they are told. */
export function reporter() {
  const all: { finding: AuditFinding }[] = [];

  function tell(version: RecordVersion, draft: Draft): Finding {
    const held: { finding: AuditFinding } = {
      finding: { ...UNPLACED, ...draft, commit: version.commit },
    };
    all.push(held);
    return {
      takenBackBy({ commit }) {
        if (held.finding.severity !== "broken") return;
        const message = `${held.finding.message}; it was put back later`;
        held.finding = {
          ...held.finding,
          severity: "warning",
          restored_by: commit?.sha ?? null,
          message,
        };
      },
    };
  }

  /** Names the first few of each kind; the last of them says how many more there are. */
  function tellMany(version: RecordVersion, drafts: readonly Unplaced[]): Finding[] {
    return [...new Set(drafts.map(({ kind }) => kind))].flatMap((kind) => {
      const alike = drafts.filter((draft) => draft.kind === kind);
      const more = alike.length - NAMED_PER_KIND;
      return alike.slice(0, NAMED_PER_KIND).map(({ where, ...draft }, index) => {
        const last = index === NAMED_PER_KIND - 1 && more > 0;
        const message = last ? `${draft.message} (and ${more} more of the kind)` : draft.message;
        return tell(version, { ...draft, ...where?.(), message });
      });
    });
  }

  return {
    findings: (): AuditFinding[] => all.map(({ finding }) => finding),

    changes(
      version: RecordVersion,
      reading: Reading,
      before: Files,
      changes: readonly HistoryChange[],
    ): Finding[] {
      const rechained = changes.filter(({ kind }) => kind === "rechained");
      const drafts = changes.flatMap((change): Unplaced[] => {
        const { kind, kept } = change;
        if (kind === "rechained") return [];
        const where = () =>
          kind === "removed" ? placeOf(before, kept) : placeOf(reading.files, kept);
        const { id } = change.was ?? kept;
        return [{ kind, entry: id, where, message: wordsFor(change) }];
      });
      const [first] = rechained;
      if (first !== undefined) {
        const what = `the digests that chain ${rechained.length === 1 ? "an entry" : `${rechained.length} entries`} were made again, from ${first.kept.id} on`;
        const where = () => placeOf(reading.files, first.kept);
        drafts.push({ kind: "rewritten", entry: first.kept.id, where, message: what });
      }
      return tellMany(version, drafts);
    },

    breaks(version: RecordVersion, reading: Reading, breaks: Breaks): Finding[] {
      // The first commit in sight holds whatever was done before it.
      const blame =
        version.commit !== null && version.unseen !== null
          ? ", by this commit or one before it"
          : "";
      const drafts = breaksIn(breaks).map(({ kept, kind, message }) => ({
        kind,
        message: message + blame,
        entry: kept.id,
        where: () => placeOf(reading.files, kept),
      }));
      return tellMany(version, drafts);
    },

    unseen(version: RecordVersion, reading: Reading, own: History): void {
      const newest = own.entries[own.length - 1];
      if (newest === undefined || version.unseen === null) return;
      const message = `could not tell how the history came to be up to ${newest.id}: ${UNSEEN[version.unseen]}`;
      tell(version, {
        kind: "cut-off",
        severity: "unknown",
        entry: newest.id,
        ...placeOf(reading.files, newest),
        message,
      });
    },

    uncommitted(version: RecordVersion, reading: Reading, added: readonly Kept[]): void {
      const [first] = added;
      if (first === undefined) return;
      const message = `${added.length === 1 ? "an entry is" : `${added.length} entries are`} saved and not committed yet, from ${first.id} on`;
      tell(version, {
        kind: "uncommitted",
        severity: "warning",
        entry: first.id,
        ...placeOf(reading.files, first),
        message,
      });
    },

    misfit(
      version: RecordVersion,
      reading: Reading,
      stated: NonNullable<Reading["stated"]>,
      own: History,
    ): Finding {
      const newest = own.entries[own.length - 1];
      const message =
        stated.entries === own.length
          ? "the digest in the record is not that of the newest entry: one of the two was edited"
          : `the record counts ${counted(stated.entries)}, and the files hold ${counted(own.length)}`;
      const place =
        newest === undefined ? {} : { entry: newest.id, ...placeOf(reading.files, newest) };
      return tell(version, { kind: "mismatch", ...place, message });
    },

    sign(version: RecordVersion, reading: Reading, { kind, kept, message }: Sign): void {
      const place = kept === null ? {} : { entry: kept.id, ...placeOf(reading.files, kept) };
      tell(version, { kind, severity: "warning", ...place, message });
    },

    unreadable(version: RecordVersion, { path, line, detail }: Unreadable): Finding {
      const isWhole = line === null;
      // What cannot be read is compared as soon as it can be again; single entries that cannot be are lost.
      return tell(version, {
        kind: "unreadable",
        severity: isWhole ? "warning" : "broken",
        path,
        line,
        message: `${path}: ${detail}`,
      });
    },

    rewritten(version: RecordVersion, lost: readonly Kept[], now: ReadonlyMap<string, Kept>): void {
      const drafts = lost.map((kept): Draft => {
        const fate = now.has(kept.id)
          ? "differently from what it is now"
          : "and the branch no longer does";
        const message = `history was rewritten: a commit that this clone has seen on the branch held entry ${kept.id}, ${fate}`;
        return { kind: "rewritten", entry: kept.id, message };
      });
      tellMany(version, drafts);
    },
  };
}

function counted(entries: number): string {
  return entries === 1 ? "1 entry" : `${entries} entries`;
}

const UNSEEN = {
  shallow: "the clone is shallow; `git fetch --unshallow` gets the rest",
  limit: "older commits were not asked for",
  "no-git": "no commit holds it, so only its chain was replayed",
} as const satisfies Record<NonNullable<RecordVersion["unseen"]>, string>;

function wordsFor({ kind, kept, was }: HistoryChange): string {
  switch (kind) {
    case "removed":
      return `entry ${kept.id} was removed`;
    case "inserted":
      return `entry ${kept.id} was put in between older ones`;
    case "reordered":
      return `entry ${kept.id} was moved to another place`;
    default: {
      const members =
        was === null ? [] : changedMembers(was, kept).filter((name) => name !== "previous_entry");
      return `entry ${(was ?? kept).id} was edited: ${members.join(", ")}`;
    }
  }
}

/** By name, the entries before `start` that are named as one of the fresh ones. */
function twinsBefore(own: History, start: number, fresh: ReadonlySet<Kept>): Map<string, Kept[]> {
  const names = new Set([...fresh].map(({ id }) => id));
  const twins = new Map<string, Kept[]>();
  for (const kept of own.entries.slice(0, start))
    if (names.has(kept.id)) twins.set(kept.id, [...(twins.get(kept.id) ?? []), kept]);
  return twins;
}

type Break = { readonly kept: Kept; readonly kind: AuditKind; readonly message: string };

/** Where two entries that were not neighbours before do not fit; what a change that is told already explains is left out. */
function breaksIn({ own, start, fresh, damaged, known }: Breaks): Break[] {
  const breaks: Break[] = [];
  const twins = twinsBefore(own, start, fresh);
  for (let index = start; index < own.length; index += 1) {
    const kept = own.entries[index];
    if (kept === undefined) continue;
    const alike = twins.get(kept.id) ?? [];
    if (fresh.has(kept) && alike.some((other) => saysSame(other.entry, kept.entry))) {
      breaks.push({ kept, kind: "duplicate", message: `entry ${kept.id} stands twice` });
    }
    twins.set(kept.id, [...alike, kept]);
    const before = index === 0 ? undefined : own.entries[index - 1];
    const isNew = before === undefined || fresh.has(before);
    const explained = damaged && !(fresh.has(kept) && isNew);
    if (explained || kept.entry.previous_entry === (before?.digest ?? null)) continue;
    breaks.push({ kept, ...breakOf(kept, before, isNew, known) });
  }
  return breaks;
}

function breakOf(
  { id, entry }: Kept,
  before: Kept | undefined,
  isNew: boolean,
  known: Known,
): Pick<Break, "kind" | "message"> {
  if (before === undefined)
    return {
      kind: "gap",
      message: `the history begins in the middle: what entry ${id} follows is not here`,
    };
  if (entry.previous_entry === null) {
    return {
      kind: "chain-broken",
      message: `entry ${id} claims that nothing came before it, yet ${before.id} did`,
    };
  }
  const followed = known.byDigest.get(entry.previous_entry);
  if (followed !== undefined) {
    return {
      kind: "chain-broken",
      message: `entry ${id} follows ${followed.id}, and not ${before.id} before it`,
    };
  }
  if (isNew) {
    return {
      kind: "chain-broken",
      message: `entry ${id} does not follow ${before.id}: that was edited, or one between them is missing`,
    };
  }
  return {
    kind: "gap",
    message: `what entry ${id} follows is in no commit: one is missing after ${before.id}, or the commits were made again`,
  };
}

function placeOf(files: Files, kept: Kept): Pick<AuditFinding, "path" | "line"> {
  for (const [path, entries] of files) {
    const index = entries.indexOf(kept);
    if (index >= 0) return { path, line: index + 1 };
  }
  return { path: null, line: null };
}
