// What following a run answers with, as a definition.
import * as z from "zod";
import { leftOut, names, stale } from "./reply-parts.ts";

/** @param entry of the history */
export function followedRun(entry: z.ZodObject): z.ZodObject {
  const report = z.object({ rotated: names, failed: names, entries: z.array(entry) });
  return z.object({
    id: z.int(),
    status: z.string().describe("queued, in_progress, completed, or another of GitHub's: it has ended where it is completed"),
    conclusion: z.string().nullable().describe("success, failure, cancelled, or another of GitHub's; null until it has ended"),
    url: z.string().describe("Where a person sees it"),
    report: report.nullable().describe("What the record's history tells of it; null where it tells nothing yet"),
    left_out: leftOut,
    stale,
  });
}
