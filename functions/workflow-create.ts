// POST /tokens/workflow/create: names a set of tokens that are rotated together on a schedule.
import * as z from "zod";
import { endpoint } from "../src/http/endpoint.ts";
import { label, members } from "../src/http/inputs.ts";

export const config = { path: "/tokens/workflow/create" };

export default endpoint({
  method: "POST",
  path: config.path,
  summary: "Create a workflow, or replace the one of that name",
  scope: "admin",
  input: z.strictObject({
    workflow_name: label,
    tokens: members,
    schedule: z.string().min(1).max(255),
    timezone: z.string().min(1).max(255).optional(),
    create: z.boolean().optional(),
  }),
  async handle({ input, triggeredBy, ...call }) {
    const app = await call.app();
    const result = await app.createWorkflow({
      workflowName: input.workflow_name,
      tokens: input.tokens,
      schedule: input.schedule,
      timezone: input.timezone ?? null,
      create: input.create ?? app.home.kind === "local",
      triggeredBy,
    });
    return { status: 201, body: result };
  },
});
