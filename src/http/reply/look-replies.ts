// What looking further than the record answers with, as definitions: secrets that exist, and a run that was started.
import * as z from "zod";
import { instant, leftOut, names, nextCursor, stale } from "./reply-parts.ts";

const found = z.object({
  id: z.string().describe("Kind, scope and name, as destinations are called in the record"),
  name: z.string(),
  updated_at: instant.nullable(),
  token_name: z.string().nullable().describe("The token that declares it; null: none does"),
});

export const discovered = z.object({
  repository: z
    .string()
    .nullable()
    .describe("What is looked around; null where a local record has none"),
  scopes: z.array(z.object({ scope: z.string(), secrets: z.array(found) })),
  not_listed: z
    .array(
      z.object({
        scope: z.string(),
        code: z.string(),
        message: z.string(),
        hint: z.string().nullable(),
      }),
    )
    .describe(
      "What could not be listed, and why: nothing is known of it, not even that it is empty",
    ),
  undeclared: names.describe("Ids of this page's secrets that no token declares"),
  missing: z
    .array(z.object({ id: z.string(), token_name: z.string(), placed: z.boolean() }))
    .describe("Declared, and not there. placed: it was put there, so somebody removed it"),
  shadowed: z
    .array(z.object({ name: z.string(), read: z.string(), hidden: names }))
    .describe("Of one name in several scopes: consumers read the first, and never the others"),
  invisible_to_dependabot: names
    .nullable()
    .describe("Names that Dependabot's runs do not get; null where that could not be told"),
  next_cursor: nextCursor,
  left_out: leftOut,
  stale,
});

/** @param entry of the history */
export function followedRun(entry: z.ZodObject): z.ZodObject {
  const report = z.object({ rotated: names, failed: names, entries: z.array(entry) });
  return z.object({
    id: z.int(),
    status: z
      .string()
      .describe(
        "queued, in_progress, completed, or another of GitHub's: it has ended where it is completed",
      ),
    conclusion: z
      .string()
      .nullable()
      .describe("success, failure, cancelled, or another of GitHub's; null until it has ended"),
    url: z.string().describe("Where a person sees it"),
    report: report
      .nullable()
      .describe("What the record's history tells of it; null where it tells nothing yet"),
    left_out: leftOut,
    stale,
  });
}
