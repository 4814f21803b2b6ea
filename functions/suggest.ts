// GET /tokens/suggest: what to do next.
import * as z from "zod";
import { endpoint, ok } from "../src/http/endpoint.ts";
import { page } from "../src/http/inputs.ts";
import { suggestionsPage } from "../src/http/paging.ts";

export const config = { path: "/tokens/suggest" };

export default endpoint({
  method: "GET",
  path: config.path,
  summary: "What to rotate or set up next, the most urgent first",
  scope: "read",
  input: z.strictObject({ ...page }),
  async handle({ input, app }) {
    return ok(suggestionsPage(await (await app()).suggest(), input));
  },
});
