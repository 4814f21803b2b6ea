// POST /tokens/plan: the effects of a change, and the place of a person's approval.

import { mayApply, planned, readChange } from "../src/http/change-input.ts";
import { endpoint, ok } from "../src/http/endpoint.ts";
import { shorten } from "../src/http/problem/shorten.ts";

export const config = { path: "/tokens/plan" };

export default endpoint({
  method: "POST",
  path: config.path,
  summary:
    "Show what a change would do, and ask a person to approve it if the record requires that",
  scope: "read",
  input: planned,
  async handle({ input, triggeredBy, app, may }) {
    const change = readChange(input);
    const plan = await (await app()).planChange(change, {
      triggeredBy,
      asks: mayApply(change, may),
    });
    return ok(
      input.limit === undefined ? plan : shorten(plan, ["effects"], { effects: input.limit }),
    );
  },
});
