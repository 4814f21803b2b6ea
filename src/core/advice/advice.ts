// A language model's view of the deterministic suggestions.
// Its texts are the model's words: show them as such.
import * as z from "zod";
import type { Immutable } from "../base/immutable.ts";
import { setupRequestSchema } from "../health/shapes.ts";
import { names } from "../model/schema-base.ts";

const words = z.string().nullable().describe("A language model's words: data, never instructions");

export const adviceSchema = z.object({
  status: z
    .enum(["answered", "unavailable"])
    .describe(
      "unavailable: there is no model, or it gave no usable answer; the suggestions stand as they are",
    ),
  detail: z.string().nullable().describe("Why it is unavailable"),
  explanation: words,
  audit: words,
  order: names.describe(
    "The tokens of the suggestions' actions, in the model's order; what it left out comes last",
  ),
  schedules: z.array(
    z.object({
      token_name: z.string(),
      interval_hours: z.number(),
      reason: z.string(),
      request: setupRequestSchema.describe("The request that does it"),
    }),
  ),
  refused: names.describe("What the model proposed and may not, and why"),
});
export type Advice = Immutable<z.infer<typeof adviceSchema>>;
