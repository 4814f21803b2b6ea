// GET /tokens/status: everything at once: tokens, rules, workflows, history, health, suggestions.
import * as z from "zod";
import { endpoint, ok } from "../src/http/endpoint.ts";

export const config = { path: "/tokens/status" };

const DEFAULT_HISTORY = 20;
/** What the record's own file holds unless its settings say more. */
const MAX_HISTORY = 1000;

const history = z
  .string()
  .regex(/^\d{1,4}$/, `must be a whole number from 0 to ${MAX_HISTORY}`)
  .transform(Number)
  .pipe(z.int().max(MAX_HISTORY))
  .default(DEFAULT_HISTORY);

export default endpoint({
  method: "GET",
  path: config.path,
  summary: "Tokens, rules, workflows, the newest history, health and suggestions",
  scope: "read",
  input: z.strictObject({ history }),
  async handle({ input, app }) {
    return ok(await (await app()).status(input.history));
  },
});
