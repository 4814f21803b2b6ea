// GET /tokens/runs/:id: how a run of the rotation workflow goes, and what it did.
import * as z from "zod";
import { runBody } from "../src/http/dispatch.ts";
import { endpoint, ok } from "../src/http/endpoint.ts";
import { HttpProblem } from "../src/http/problem.ts";

export const config = { path: "/tokens/runs/:id" };

export default endpoint({
  method: "GET",
  path: config.path,
  summary: "Follow a run of the rotation workflow",
  scope: "read",
  input: z.strictObject({ id: z.string().regex(/^\d{1,15}$/, "must be a run's number") }),
  async handle({ input, app, runs }) {
    if (runs === null)
      throw new HttpProblem(404, "this service starts no workflow, so it has no runs", {
        code: "run-missing",
        hint: "In direct mode the answer to a request tells what was done.",
      });
    const [run, record] = await Promise.all([runs().then(({ get }) => get(Number(input.id))), app()]);
    return ok({ ...runBody(run), report: await record.runOutcome(run) });
  },
});
