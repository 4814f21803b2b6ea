// POST /git/commit: the commit of leftover changes of the record.
import * as z from "zod";
import { endpoint, ok } from "../src/http/endpoint.ts";
import { commitMessage, idempotencyKey } from "../src/http/input/inputs.ts";

export const config = { path: "/git/commit" };

export default endpoint({
  method: "POST",
  path: config.path,
  summary: "Commit changes of the record that are not committed yet",
  scope: "admin",
  input: z.strictObject({
    message: commitMessage.optional(),
    idempotency_key: idempotencyKey.optional(),
  }),
  async handle({ input, app, triggeredBy }) {
    // A commit leaves nothing over, so repeating this request does nothing.
    const commit = await (await app()).commitPending(input.message ?? null, triggeredBy);
    const detail =
      commit === null
        ? "nothing was left to commit, because every rotation commits by itself"
        : "the record's changes were committed";
    return ok({ committed: commit !== null, sha: commit?.sha ?? null, detail });
  },
});
