// GET /tokens/discover: the secrets that exist, beside the ones that are declared.
import * as z from "zod";
import { endpoint, ok } from "../src/http/endpoint.ts";
import { page } from "../src/http/input/inputs.ts";
import { discoveryPage } from "../src/http/reply/paging.ts";

export const config = { path: "/tokens/discover" };

export default endpoint({
  method: "GET",
  path: config.path,
  summary: "Names of the secrets that exist, beside the declared ones. Changes nothing",
  scope: "read",
  input: z.strictObject({ ...page }),
  async handle({ input, app }) {
    return ok(discoveryPage(await (await app()).discover(), input));
  },
});
