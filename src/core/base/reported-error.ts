// The error as it stands in reports, records and replies.
import * as z from "zod";
import type { Immutable } from "./immutable.ts";

export const reportedErrorSchema = z.object({
  kind: z
    .enum(["misconfigured", "unchanged", "uncertain", "denied"])
    .describe("unchanged: it is safe to try again; uncertain: it may have happened"),
  code: z.string().describe("Stable, for programs"),
  message: z.string().describe("What failed, and what was seen"),
  hint: z.string().nullable().describe("What to do"),
});

/** No stack, no cause, no value. */
export type ReportedError = Immutable<z.infer<typeof reportedErrorSchema>>;

/**
 * - `misconfigured`: a person must change an input; trying again changes nothing.
 * - `unchanged`: it failed and nothing happened; safe to try again.
 * - `uncertain`: it may have happened; look before acting.
 * - `denied`: a permission is missing; the message names it.
 */
export type FailureKind = ReportedError["kind"];
