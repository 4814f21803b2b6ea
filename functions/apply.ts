// POST /tokens/apply: does a change exactly as it was planned.
import { applied, changeOf, requireMayApply } from "../src/http/change-input.ts";
import { endpoint, once } from "../src/http/endpoint.ts";
import { requireNotAllFailed } from "../src/http/outcome.ts";

export const config = { path: "/tokens/apply" };

export default endpoint({
  method: "POST",
  path: config.path,
  summary: "Do a planned change; refused where the record has moved since, or nobody has approved what needs it",
  scope: "read",
  input: applied,
  async handle({ input, triggeredBy, mark, may, app }) {
    const change = changeOf(input);
    requireMayApply(change, may);
    const done = await (await app()).applyChange(change, input.digest, { triggeredBy, mark });
    if (done.report !== null) requireNotAllFailed(done.report);
    return once(done.report ?? done.rule ?? done.workflow ?? {}, done);
  },
});
