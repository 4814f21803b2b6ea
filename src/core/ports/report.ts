// What a run did, per token and destination: the one thing the edges render.
import type { ReportedError } from "../base/errors.ts";
import type { TriggeredBy } from "../model/schema.ts";
import type { Commit } from "./store.ts";

export type DestinationReport = {
  /** `<kind>:<scope>:<SECRET>`, as `actions:owner/name:API_KEY`. */
  readonly id: string;
  readonly status: "placed" | "failed" | "pending" | "planned";
  readonly error: ReportedError | null;
};

export type TokenReport = {
  readonly token_name: string;
  readonly status: "rotated" | "resumed" | "skipped" | "failed" | "planned";
  /** Why it was due, or why it was passed over, for people. */
  readonly reason: string;
  readonly generation: number;
  readonly previous_hash: string | null;
  readonly new_hash: string | null;
  readonly destinations: readonly DestinationReport[];
  readonly warnings: readonly string[];
  readonly error: ReportedError | null;
};

/** When a token is next due; null where nothing makes it due. */
export type NextDue = { readonly token_name: string; readonly at: string };

export type Report = {
  readonly run_id: string;
  readonly started_at: string;
  readonly finished_at: string;
  readonly dry_run: boolean;
  readonly triggered_by: TriggeredBy;
  readonly tokens: readonly TokenReport[];
  readonly rotated: readonly string[];
  readonly failed: readonly string[];
  /** Tokens whose last attempt failed, in this run or in an earlier one. */
  readonly failing: readonly string[];
  readonly skipped: readonly string[];
  /** Tokens that a consumer was seen with in another value than the record's. */
  readonly drifted: readonly string[];
  /** Tokens whose current generation was seen by a consumer in this run. */
  readonly proved: readonly string[];
  /** Tokens of which a previous credential was revoked in this run. */
  readonly revoked: readonly string[];
  /** The commit that recorded the run; null where nothing was committed. */
  readonly commit: Commit | null;
  readonly next_due: NextDue | null;
  /** About the run as a whole: what a person should know. */
  readonly warnings: readonly string[];
  /** The same request was carried out before: this tells what was done then, and nothing was done now. */
  readonly replayed?: true;
};
