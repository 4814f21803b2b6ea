// The port to the versions of the record that git keeps.

/** Who made a version, and when, as git says. */
export type AuditCommit = {
  readonly sha: string;
  readonly author: string;
  /** ISO 8601. */
  readonly authored_at: string;
  /** ISO 8601; later than `authored_at` if the commit was amended, rebased or picked. */
  readonly committed_at: string;
};

/** The record and its history's files as one commit, or the work tree, holds them. */
export type RecordVersion = {
  readonly id: string;
  /** Null: the work tree. */
  readonly commit: AuditCommit | null;
  /** Ids of the versions that it was made from, each given before it. */
  readonly parents: readonly string[];
  /** Why the versions before it are unknown; null if there are none, or if `parents` holds them. */
  readonly unseen: "shallow" | "limit" | "no-git" | null;
  /** True if the branch has been moved away from it. */
  readonly abandoned: boolean;
  /** Path to the id of its content; files that do not exist are left out. */
  readonly files: ReadonlyMap<string, string>;
  /** By that id, the content of the files that no earlier version had; null if it cannot be read as text. */
  readonly texts: ReadonlyMap<string, string | null>;
};

/** Gives the versions again at each call. @param commits at most this many, the newest; null: the adapter's own limit, if any */
export type RecordVersions = (commits: number | null) => AsyncIterable<RecordVersion>;
