// A change that an agent can plan.
// There is none that touches the settings, so no agent can change what it is allowed.
import * as z from "zod";
import type { Immutable } from "../base/immutable.ts";
import { names } from "../model/schema-base.ts";

export const agentChangeSchema = z.discriminatedUnion("operation", [
  z.object({ operation: z.literal("rotate"), token_name: z.string() }),
  z.object({ operation: z.literal("run_workflow"), workflow_name: z.string() }),
  z.object({
    operation: z.literal("setup_rotation"),
    token_name: z.string(),
    interval_hours: z.number(),
    auto_rotate: z.boolean(),
    notify: z.boolean(),
  }),
  z.object({
    operation: z.literal("create_workflow"),
    workflow_name: z.string(),
    tokens: names,
    schedule: z.string(),
    timezone: z.string().nullable(),
  }),
]);
export type AgentChange = Immutable<z.infer<typeof agentChangeSchema>>;
