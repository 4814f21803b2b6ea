// GET /healthz: whether the service answers at all. Needs no key and tells nothing of the record.
import * as z from "zod";
import { endpoint, ok } from "../src/http/endpoint.ts";

export const config = { path: "/healthz" };

export default endpoint({
  method: "GET",
  path: config.path,
  summary: "Liveness",
  scope: null,
  // Probes add whatever they like to the query.
  input: z.looseObject({}),
  async handle() {
    return ok({ status: "ok" });
  },
});
