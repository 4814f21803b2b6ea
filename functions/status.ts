// GET /tokens/status: everything at once: tokens, rules, workflows, history, health, suggestions.
import * as z from "zod";
import { endpoint, ok } from "../src/http/endpoint.ts";
import { page, queryNumber } from "../src/http/input/inputs.ts";
import { statusPage } from "../src/http/reply/paging.ts";

export const config = { path: "/tokens/status" };

const DEFAULT_HISTORY = 20;
/** More come in parts, by `next_history_cursor`. */
const MAX_HISTORY = 1000;

const history = queryNumber(0, MAX_HISTORY)
  .default(DEFAULT_HISTORY)
  .describe("How many of the history's newest entries to include");
const history_cursor = z
  .string()
  .max(1000)
  .optional()
  .describe("The next_history_cursor of the page before. Older entries are included");

export default endpoint({
  method: "GET",
  path: config.path,
  summary: "Tokens, rules, workflows, the newest history, health and suggestions",
  scope: "read",
  input: z.strictObject({ history, history_cursor, ...page }),
  async handle({ input, app }) {
    const asked = { count: input.history, before: input.history_cursor };
    const { status, part } = await (await app()).statusPart(asked);
    return ok(statusPage(status, input, part));
  },
});
