// What planning and applying a change answer with, as definitions.
import * as z from "zod";
import { leftOut } from "./reply-parts.ts";

const names = z.array(z.string());

export const plannedChange = z.object({
  digest: z.string().describe("Send it to apply_change, with the same fields"),
  change: z.looseObject({ operation: z.string() }),
  effects: names.describe("What would be done, in words"),
  approval: z.object({
    required: z.boolean(),
    approved_by: z.string().nullable(),
    url: z.string().nullable().describe("Where a person approves it"),
  }),
  left_out: leftOut,
});

type Parts = {
  readonly report: z.ZodObject;
  readonly rule: z.ZodObject;
  readonly workflow: z.ZodObject;
};

/** @param parts what the operations themselves answer with */
export function appliedChange({ report, rule, workflow }: Parts): z.ZodObject {
  return z.object({
    digest: z.string(),
    operation: z.string(),
    approved_by: z.string().nullable(),
    report: report.nullable().describe("What a rotation did"),
    rule: rule.nullable(),
    workflow: workflow.nullable(),
    warnings: names,
    left_out: leftOut,
  });
}
