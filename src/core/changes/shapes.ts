// Answers of changes to rules and workflows, and the plan of such a change.
import * as z from "zod";
import type { Immutable } from "../base/immutable.ts";
import { agentChangeSchema } from "../config/agent-change.ts";
import { AGENT_OPERATIONS, instant, names } from "../model/schema.ts";
import { recordedIn, replayed, reportSchema } from "../ports/report.ts";

export const ruleResultSchema = z.object({
  token_name: z.string(),
  interval_hours: z.number(),
  auto_rotate: z.boolean(),
  notify: z.boolean(),
  next_rotation: instant.nullable(),
  commit: recordedIn,
  replayed,
});
export type RuleResult = Immutable<z.infer<typeof ruleResultSchema>>;

export const workflowResultSchema = z.object({
  workflow_name: z.string(),
  tokens: names,
  resolved_tokens: names.describe("The tokens that the members mean today"),
  schedule: z.string(),
  timezone: z.string(),
  next_run: instant,
  commit: recordedIn,
  replayed,
});
export type WorkflowResult = Immutable<z.infer<typeof workflowResultSchema>>;

export const plannedChangeSchema = z.object({
  digest: z
    .string()
    .describe(
      "Of the change and of what the record holds of it. Send it to apply_change, with the same fields",
    ),
  change: agentChangeSchema,
  effects: names.describe("What would be done, in words"),
  approval: z.object({
    required: z.boolean(),
    approved_by: z.string().nullable(),
    url: z.string().nullable().describe("The page where a person approves it"),
  }),
});
/** What a plan reports, and what applying it takes. */
export type PlannedChange = Immutable<z.infer<typeof plannedChangeSchema>>;

export const appliedChangeSchema = z.object({
  digest: z.string(),
  operation: z.enum(AGENT_OPERATIONS),
  approved_by: z.string().nullable(),
  report: reportSchema.nullable().describe("What a rotation did"),
  rule: ruleResultSchema.nullable(),
  workflow: workflowResultSchema.nullable(),
  warnings: names,
});
export type AppliedChange = Immutable<z.infer<typeof appliedChangeSchema>>;
