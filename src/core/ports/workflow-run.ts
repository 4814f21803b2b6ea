// One run of the rotation workflow, as GitHub shows it and as it wrote into the record.
import * as z from "zod";
import type { Immutable } from "../base/immutable.ts";
import { names } from "../model/schema-base.ts";
import { historyEntry } from "../model/schema-state.ts";

export const workflowRunSchema = z.object({
  id: z.int(),
  status: z
    .string()
    .describe(
      "queued, in_progress, completed, or another of GitHub's: completed means it has ended",
    ),
  conclusion: z
    .string()
    .nullable()
    .describe("success, failure, cancelled, or another of GitHub's; null until it has ended"),
  url: z.string().describe("The page where a person sees it"),
  request: z
    .string()
    .nullable()
    .describe("The request that it answers; null if it was started by other means"),
});
export type WorkflowRun = Immutable<z.infer<typeof workflowRunSchema>>;

export const runOutcomeSchema = z.object({
  rotated: names,
  failed: names,
  entries: z.array(historyEntry),
});
/** The entries that a run wrote into the record. */
export type RunOutcome = Immutable<z.infer<typeof runOutcomeSchema>>;
