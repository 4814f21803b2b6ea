// What an audit is given, and what it answers.

/** Who made a version, and when, as git says. */
export type AuditCommit = {
  readonly sha: string;
  readonly author: string;
  /** ISO 8601. */
  readonly authored_at: string;
  /** ISO 8601; later than `authored_at` where the commit was amended, rebased or picked. */
  readonly committed_at: string;
};

/** The record and its monthly files as one commit, or the work tree, holds them. */
export type RecordVersion = {
  readonly id: string;
  /** Null: the work tree. */
  readonly commit: AuditCommit | null;
  /** Ids of the versions that it was made from, each given before it. */
  readonly parents: readonly string[];
  /** Why what came before it cannot be told; null where nothing did, or where `parents` holds it. */
  readonly unseen: "shallow" | "limit" | "no-git" | null;
  /** Whether the branch has been moved away from it. */
  readonly abandoned: boolean;
  /** Path to the id of its content; files that do not exist are left out. */
  readonly files: ReadonlyMap<string, string>;
  /** By that id, the content of those that no earlier version had; null where it cannot be read as text. */
  readonly texts: ReadonlyMap<string, string | null>;
};

/** Gives the versions anew at each call. @param commits at most so many, the newest; null: the adapter's own limit, if any */
export type RecordVersions = (commits: number | null) => AsyncIterable<RecordVersion>;

/**
 * - `edited`: an entry is not what it was. `removed`, `inserted`, `reordered`: entries are gone, were put in between, stand elsewhere.
 * - `duplicate`: an id stands twice.
 * - `gap`: what an entry follows was never there.
 * - `chain-broken`: an entry does not follow the one before it, and it cannot be told which of them is wrong.
 * - `rewritten`: digests or commits were made anew.
 * - `unreadable`: a file or an entry in it could not be read.
 * - `uncommitted`: entries were added and not committed yet.
 * - `clock`: an entry's time does not fit its place.
 * - `cut-off`: what came before cannot be told.
 */
export type AuditKind =
  | "edited"
  | "removed"
  | "inserted"
  | "reordered"
  | "duplicate"
  | "gap"
  | "chain-broken"
  | "rewritten"
  | "unreadable"
  | "uncommitted"
  | "clock"
  | "cut-off";

export type AuditFinding = {
  readonly kind: AuditKind;
  /** `unknown`: could not tell. */
  readonly severity: "broken" | "warning" | "unknown";
  readonly entry_id: string | null;
  /** The commit that did it; null: it is in the work tree and not committed. */
  readonly commit: AuditCommit | null;
  /** Where the entry stands, or stood, in that version. */
  readonly path: string | null;
  /** JSON pointer (RFC 6901) in the record; in a monthly file, null. */
  readonly pointer: string | null;
  /** From 1; null where the file of that version is not at hand. */
  readonly line: number | null;
  /** The commit that put everything back; null where none did, or where it is in the work tree and not committed. */
  readonly restored_by: string | null;
  readonly message: string;
};

export type Audit = {
  /** Whether nothing is broken and everything could be told. Warnings do not count. */
  readonly ok: boolean;
  readonly verdict: "ok" | "unknown" | "broken";
  /** In the present history, the monthly files included. */
  readonly entries: number;
  /** Commits that changed the record or its monthly files. */
  readonly commits: number;
  readonly findings: readonly AuditFinding[];
};
