// GET /tokens/health: how old and how sound each credential is.
import * as z from "zod";
import { endpoint, ok } from "../src/http/endpoint.ts";

export const config = { path: "/tokens/health" };

export default endpoint({
  method: "GET",
  path: config.path,
  summary: "Health of every token",
  scope: "read",
  input: z.strictObject({}),
  async handle({ app }) {
    return ok(await (await app()).health());
  },
});
