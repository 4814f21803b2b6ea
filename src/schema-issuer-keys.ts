// The shapes of the issuers of keys, of GitHub's own credentials, and of what people make.
import * as z from "zod";
import { closed } from "./schema-base.ts";

/** The longest lead of a reminder, in days. */
const MAX_LEAD_DAYS = 365;

export const generate = closed({ use: z.literal("generate") }, { description: "Makes random values; this is the default" });

export const manual = closed(
  {
    use: z.literal("manual"),
    owner: z.string().min(1).max(200).optional().describe("Who makes the new value: a name, a team, @someone"),
    steps: z.array(z.string().min(1).max(1000)).max(50).optional().describe("What to do, in order, to make a new value"),
    url: z
      .string()
      .regex(/^https?:\/\/\S{1,2000}$/)
      .optional()
      .describe("The page where it is made"),
    remind: z
      .enum(["issue", "notification"])
      .optional()
      .describe("How the owner is reminded; by an issue where the repository is known, unless given"),
    lead_days: z
      .number()
      .min(0)
      .max(MAX_LEAD_DAYS)
      .optional()
      .describe("How long before the value is due the reminder comes; 7 unless given"),
  },
  { description: "A person makes the value and hands it in; a reminder comes when it is due" },
);

export type ManualDeclaration = z.infer<typeof manual>;
