// POST /tokens/apply: a change, applied exactly as planned.
import {
  applied,
  markOfPlan,
  readChange,
  requireMayApply,
  workflowFor,
} from "../src/http/change-input.ts";
import { dispatch } from "../src/http/dispatch.ts";
import { endpoint, once } from "../src/http/endpoint.ts";
import { requireNotAllFailed } from "../src/http/reply/outcome.ts";
import { shortApplied } from "../src/http/reply/paging.ts";

export const config = { path: "/tokens/apply" };

export default endpoint({
  method: "POST",
  path: config.path,
  summary:
    "Apply a planned change. Refused if the record has moved since, or if an approval is needed and missing",
  scope: "read",
  input: applied,
  async handle({ input, triggeredBy, ...call }) {
    const change = readChange(input);
    requireMayApply(change, call.may);
    const app = await call.app();
    const { digest } = input;
    if (call.runs !== null) {
      const about = { operation: change.operation, digest, approved_by: null };
      const leave = () => app.requireApproved(change, digest, { triggeredBy });
      return dispatch(await call.runs(), workflowFor(change), {
        actor: triggeredBy.actor ?? "",
        mark: markOfPlan(change, digest),
        about,
        leave,
      });
    }
    const done = await app.applyChange(change, digest, { triggeredBy, mark: call.mark });
    if (done.report !== null) requireNotAllFailed(done.report);
    return once(done.report ?? done.rule ?? done.workflow ?? {}, shortApplied(done, input.limit));
  },
});
