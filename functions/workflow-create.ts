// POST /tokens/workflow/create: a named set of tokens that are rotated together on a schedule.
import * as z from "zod";
import { refuseInDispatch, WRITE_BY_COMMIT } from "../src/http/dispatch.ts";
import { endpoint, once } from "../src/http/endpoint.ts";
import {
  create,
  idempotencyKey,
  members,
  replyLimit,
  schedule,
  timezone,
  workflowName,
} from "../src/http/input/inputs.ts";
import { shorten } from "../src/http/problem/shorten.ts";

export const config = { path: "/tokens/workflow/create" };

export default endpoint({
  method: "POST",
  path: config.path,
  summary: "Create a workflow, or replace the one of that name",
  scope: "admin",
  input: z.strictObject({
    workflow_name: workflowName,
    tokens: members,
    schedule,
    timezone: timezone.optional(),
    create: create.optional(),
    idempotency_key: idempotencyKey.optional(),
    limit: replyLimit,
  }),
  async handle({ input, triggeredBy, mark, ...call }) {
    if (call.runs !== null) refuseInDispatch("declare a workflow", WRITE_BY_COMMIT);
    const app = await call.app();
    const result = await app.createWorkflow({
      workflowName: input.workflow_name,
      tokens: input.tokens,
      schedule: input.schedule,
      timezone: input.timezone ?? null,
      create: input.create ?? app.home.kind === "local",
      triggeredBy,
      mark,
    });
    const body =
      input.limit === undefined
        ? result
        : shorten(result, ["resolved_tokens", "tokens"], { resolved_tokens: input.limit });
    return once(result, body, 201);
  },
});
