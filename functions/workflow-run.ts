// POST /tokens/workflow/run: the rotation of a workflow's tokens now.
import * as z from "zod";
import { dispatch } from "../src/http/dispatch.ts";
import { endpoint, once } from "../src/http/endpoint.ts";
import { dryRun, idempotencyKey, replyLimit, workflowName } from "../src/http/input/inputs.ts";
import { requireNotAllFailed } from "../src/http/reply/outcome.ts";
import { shortReport } from "../src/http/reply/paging.ts";

export const config = { path: "/tokens/workflow/run" };

export default endpoint({
  method: "POST",
  path: config.path,
  summary: "Rotate the tokens of a workflow now",
  scope: "rotate",
  input: z.strictObject({
    workflow_name: workflowName,
    dry_run: dryRun,
    idempotency_key: idempotencyKey.optional(),
    limit: replyLimit,
  }),
  async handle({ input, triggeredBy, mark, ...call }) {
    const app = await call.app();
    const { workflow_name: workflow } = input;
    if (call.runs !== null && !input.dry_run) {
      await app.run({
        wanted: { kind: "workflow", name: workflow },
        triggeredBy,
        dryRun: true,
        dispatches: true,
      });
      const asked = { actor: triggeredBy.actor ?? "", mark, about: { workflow_name: workflow } };
      return dispatch(await call.runs(), { command: "workflow", workflow }, asked);
    }
    const report = await app.run({
      wanted: { kind: "workflow", name: input.workflow_name },
      triggeredBy: { ...triggeredBy, workflow_name: input.workflow_name },
      mark,
      dryRun: input.dry_run,
    });
    requireNotAllFailed(report);
    return once(report, {
      workflow_name: input.workflow_name,
      ...shortReport(report, input.limit),
    });
  },
});
