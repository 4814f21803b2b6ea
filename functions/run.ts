// GET /tokens/runs/:id: the progress of a run of the rotation workflow, and its report.
import * as z from "zod";
import { runBody } from "../src/http/dispatch.ts";
import { endpoint, ok } from "../src/http/endpoint.ts";
import { page } from "../src/http/input/inputs.ts";
import { HttpProblem } from "../src/http/problem/problem.ts";
import { shorten } from "../src/http/problem/shorten.ts";

export const config = { path: "/tokens/runs/:id" };

/** In the order in which they are cut. */
const OUTCOME_LISTS = ["report.entries", "report.rotated", "report.failed"];

export default endpoint({
  method: "GET",
  path: config.path,
  summary: "Follow a run of the rotation workflow",
  scope: "read",
  input: z.strictObject({
    id: z
      .string()
      .regex(/^\d{1,15}$/, "must be a run's number")
      .describe("The run's number, which is run.id of the answer that started it"),
    limit: page.limit.describe(
      "The most entries of the history, in an answer below 100,000 characters. left_out says what was cut",
    ),
  }),
  async handle({ input, app, runs }) {
    if (runs === null)
      throw new HttpProblem(404, "this service starts no workflow, so it has no runs", {
        code: "run-missing",
        hint: "In direct mode the answer to a request says what was done.",
      });
    const [run, record] = await Promise.all([
      runs().then(({ get }) => get(Number(input.id))),
      app(),
    ]);
    const told = { ...runBody(run), report: await record.runOutcome(run) };
    return ok(
      input.limit === undefined
        ? told
        : shorten(told, OUTCOME_LISTS, { "report.entries": input.limit }),
    );
  },
});
