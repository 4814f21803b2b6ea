// GET /healthz: a sign of life. Needs no key and shows nothing of the record.
import * as z from "zod";
import { endpoint, ok } from "../src/http/endpoint.ts";

export const config = { path: "/healthz" };

export default endpoint({
  method: "GET",
  path: config.path,
  summary: "Liveness",
  scope: null,
  // Probes add anything they like to the query.
  input: z.looseObject({}),
  async handle() {
    return ok({ status: "ok" });
  },
});
