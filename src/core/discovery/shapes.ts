// The report of secrets that exist around the record.
import * as z from "zod";
import type { Immutable } from "../base/immutable.ts";
import { reportedErrorSchema } from "../base/reported-error.ts";
import { names } from "../model/schema-base.ts";

const foundSecret = z.object({
  id: z.string().describe("Kind, scope and name, as destinations are called in the record"),
  name: z.string(),
  // As the service writes it: another form of it is no reason to refuse the whole list.
  updated_at: z.string().meta({ format: "date-time" }).nullable(),
  token_name: z.string().nullable().describe("The token that declares it; null: none does"),
});
export type FoundSecret = Immutable<z.infer<typeof foundSecret>>;

export const discoverySchema = z.object({
  repository: z
    .string()
    .nullable()
    .describe("The repository that is looked around; null if a local record has none"),
  scopes: z
    .array(z.object({ scope: z.string(), secrets: z.array(foundSecret) }))
    .describe("In the order in which they were asked for"),
  not_listed: z
    .array(reportedErrorSchema.omit({ kind: true }).extend({ scope: z.string() }))
    .describe(
      "What could not be listed, and why: nothing is known of it, not even that it is empty",
    ),
  undeclared: names.describe("Ids of secrets that exist and no token declares"),
  missing: z
    .array(z.object({ id: z.string(), token_name: z.string(), placed: z.boolean() }))
    .describe(
      "Declared, and not there. placed: the record says it was put there, and it was removed",
    ),
  shadowed: z
    .array(z.object({ name: z.string(), read: z.string(), hidden: names }))
    .describe("Of one name in several scopes: consumers read the first, and never the others"),
  invisible_to_dependabot: names
    .nullable()
    .describe(
      "Names of Actions secrets that Dependabot's runs do not get; null if that could not be determined",
    ),
});
/** Everything but the scopes follows from what could be listed. */
export type Discovery = Immutable<z.infer<typeof discoverySchema>>;
