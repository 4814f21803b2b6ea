// GET /tokens/suggest: what to do next.
import * as z from "zod";
import { endpoint, ok } from "../src/http/endpoint.ts";

export const config = { path: "/tokens/suggest" };

export default endpoint({
  method: "GET",
  path: config.path,
  summary: "What to rotate or set up next, the most urgent first",
  scope: "read",
  input: z.strictObject({}),
  async handle({ app }) {
    return ok(await (await app()).suggest());
  },
});
