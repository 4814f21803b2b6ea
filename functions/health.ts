// GET /tokens/health: the age and state of each credential.
import * as z from "zod";
import { endpoint, ok } from "../src/http/endpoint.ts";
import { page } from "../src/http/input/inputs.ts";
import { healthPage } from "../src/http/reply/paging.ts";

export const config = { path: "/tokens/health" };

export default endpoint({
  method: "GET",
  path: config.path,
  summary: "Health of every token",
  scope: "read",
  input: z.strictObject({ ...page }),
  async handle({ input, app }) {
    return ok(healthPage(await (await app()).health(), input));
  },
});
