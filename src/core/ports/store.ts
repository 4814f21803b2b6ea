// The port to the place where the record lives.
import * as z from "zod";
import type { Immutable } from "../base/immutable.ts";

/** What a load gives: files as they stood at one version. */
export type Snapshot = {
  /** Opaque; for `save`'s compare-and-set. Null where nothing is there yet. */
  readonly version: string | null;
  /** Path to content; null where the file does not exist at that version. */
  readonly files: ReadonlyMap<string, string | null>;
  /** Who can read the store: decides whether sealed boxes may be journalled. `unknown` is treated as public. */
  readonly visibility: "public" | "private" | "unknown";
};

/** One compare-and-set. */
export type RecordChange = {
  readonly expected: string | null;
  /** Path to its whole new content. */
  readonly files: ReadonlyMap<string, string>;
  /** First line: the commit's headline. Never a value. */
  readonly message: string;
};

export const commitSchema = z.object({
  sha: z.string().nullable().describe("Null if the store makes no commits: a folder outside git"),
  url: z.string().nullable().describe("The page where a person sees it"),
});
export type Commit = Immutable<z.infer<typeof commitSchema>>;

/** `conflict`: another writer saved since `expected`; nothing was written. */
export type SaveResult =
  | ({ readonly kind: "saved"; readonly version: string } & Commit)
  | { readonly kind: "conflict" };

/** Where the record lives. Paths are relative to the repository's root, with forward slashes. */
export type Store = {
  /** Reads the files, all at one version: the newest, or the one given. */
  load(paths: readonly string[], version?: string): Promise<Snapshot>;
  /** Writes all the files in one commit, or nothing. */
  save(change: RecordChange): Promise<SaveResult>;
};
