// What several replies have in common, as definitions.
import * as z from "zod";

export const instant = z.string().meta({ format: "date-time" });
export const names = z.array(z.string());
export const count = z.int().min(0);
export const nextCursor = z
  .string()
  .nullable()
  .describe("Give it as cursor to get the next page; null: this was the last");
export const stale = z
  .object({ as_of: instant, age_seconds: count, reason: z.string() })
  .optional()
  .describe("There only where GitHub gave no answer: this is the last good copy, as it stood then");
/** What `shorten` adds. */
export const leftOut = z
  .array(z.object({ field: z.string(), told: count, of: count }))
  .optional()
  .describe("Lists that were cut to keep the reply short: so many entries of so many are told");
export const replayed = z
  .literal(true)
  .optional()
  .describe("The same request was carried out before: this tells what was done then");
export const triggeredBy = z
  .object({
    kind: z.string(),
    agent: z.boolean().optional(),
    actor: z.string().nullish(),
    workflow_name: z.string().nullish(),
    run_url: z.string().nullish(),
    requested_by: z
      .string()
      .nullish()
      .describe("The caller for whom the rotation workflow was started"),
  })
  .describe("Who or what asked for it");
