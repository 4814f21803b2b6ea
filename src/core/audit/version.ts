// The input of an audit and its findings.
import type { AuditCommit } from "../ports/record-versions.ts";

/**
 * - `edited`: an entry is not what it was. `removed`, `inserted`, `reordered`: entries are gone, were put in between, stand elsewhere.
 * - `duplicate`: an entry stands twice.
 * - `mismatch`: the number of entries, or the newest one's digest, is not what the record names.
 * - `gap`: what an entry follows was never there.
 * - `chain-broken`: an entry does not follow the one before it, and it cannot be told which of them is wrong.
 * - `rewritten`: digests or commits were made again.
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
  | "mismatch"
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
  /** Time, subject, generation and event of the entry; null if it is about none. */
  readonly entry: string | null;
  /** The commit that did it; null: it is in the work tree and not committed. */
  readonly commit: AuditCommit | null;
  /** Where the entry stands, or stood, in that version. */
  readonly path: string | null;
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
  /** In the present history. */
  readonly entries: number;
  /** Commits that changed the record or its history's files. */
  readonly commits: number;
  readonly findings: readonly AuditFinding[];
};
