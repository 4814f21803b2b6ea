// The port to the versions of the record that git keeps.

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

/** Gives the versions again at each call. @param commits the most to read, newest first; null: the adapter's own limit, if any */
export type RecordVersions = (commits: number | null) => AsyncIterable<RecordVersion>;
