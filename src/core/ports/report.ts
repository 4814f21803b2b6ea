// The report of a run per token and destination, which the edges render.
import * as z from "zod";
import type { Immutable } from "../base/immutable.ts";
import { reportedErrorSchema } from "../base/reported-error.ts";
import { count, instant, names } from "../model/schema-base.ts";
import { triggeredBy } from "../model/schema-state.ts";
import { commitSchema } from "./store.ts";

const fingerprint = z
  .string()
  .nullable()
  .describe("A fingerprint, never a value; null if none is kept");

const destinationReport = z.object({
  id: z.string().describe("Kind, scope and name, as actions:owner/name:API_KEY"),
  status: z.enum(["placed", "failed", "pending", "planned"]),
  error: reportedErrorSchema.nullable(),
});
export type DestinationReport = Immutable<z.infer<typeof destinationReport>>;

export const tokenReportSchema = z.object({
  token_name: z.string(),
  status: z.enum(["rotated", "resumed", "skipped", "failed", "planned"]),
  reason: z.string().describe("Why it was due, or why it was passed over, for people"),
  generation: count,
  previous_hash: fingerprint,
  new_hash: fingerprint,
  destinations: z.array(destinationReport),
  warnings: names,
  error: reportedErrorSchema.nullable(),
});
export type TokenReport = Immutable<z.infer<typeof tokenReportSchema>>;

const nextDue = z.object({ token_name: z.string(), at: instant });
/** When a token is next due. */
export type NextDue = Immutable<z.infer<typeof nextDue>>;

/** The same request was carried out before: the reply repeats what was done, nothing is done now. */
export const replayed = z
  .literal(true)
  .exactOptional()
  .describe("The same request was carried out before: this is what was done then");
/** The commit of a change. */
export const recordedIn = commitSchema
  .nullable()
  .describe("The commit that recorded it; null if none was made");

export const reportSchema = z.object({
  run_id: z.string(),
  started_at: instant,
  finished_at: instant,
  dry_run: z.boolean(),
  triggered_by: z.object(triggeredBy.shape).describe("Who or what asked for it"),
  tokens: z.array(tokenReportSchema),
  rotated: names,
  failed: names,
  failing: names.describe("Their last attempt failed, in this run or in an earlier one"),
  skipped: names,
  drifted: names.describe("A consumer was seen with another value than the record's"),
  proved: names.describe("A consumer was seen with the current value in this run"),
  revoked: names.describe("A previous credential was revoked in this run"),
  commit: recordedIn,
  next_due: nextDue.nullable().describe("What falls due next, and when; null if nothing does"),
  warnings: names.describe("About the run as a whole: what a person should know"),
  replayed,
});
export type Report = Immutable<z.infer<typeof reportSchema>>;
