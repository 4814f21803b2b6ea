// Copies of the record, for answers while the store gives none.
import * as z from "zod";
import type { Immutable } from "../base/immutable.ts";
import { count, instant } from "../model/schema-base.ts";
import type { Snapshot } from "./store.ts";

/** One good answer, and the result of asking since. Times in milliseconds since 1970. */
export type Copy = {
  readonly snapshot: Snapshot;
  /** Folder to the paths in it, for each folder that was listed at the snapshot's version. */
  readonly folders: ReadonlyMap<string, readonly string[]>;
  /** Of the branch's head at the snapshot; null if it is not known. */
  readonly etag: string | null;
  /** When the store last confirmed this state. */
  readonly confirmedAt: number;
  /** The store is not asked before. */
  readonly askAgainAt: number;
  /** Code of the failure since; null if there was none. */
  readonly reason: string | null;
};

/** Kept from one request to the next, by place. */
export type Copies = Map<string, Copy>;

export const staleSchema = z.object({ as_of: instant, age_seconds: count, reason: z.string() });
/** Mark of an answer that was made from a copy. */
export type Stale = Immutable<z.infer<typeof staleSchema>>;
