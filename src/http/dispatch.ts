// Dispatch: a service that may not write secrets starts the rotation workflow and says where to follow it.
import { randomUUID } from "node:crypto";
import type { ApprovedPlan } from "../core/changes/plan-change.ts";
import type { RequestMark } from "../core/model/schema.ts";
import type { WorkflowRun } from "../core/ports/workflow-run.ts";
import {
  areSame,
  requestWord,
  type StartRequest,
  type WorkflowRuns,
} from "../core/ports/workflow-runs.ts";
import { markOf, mismatch } from "../core/record/request-mark.ts";
import type { Reply } from "./endpoint.ts";
import { HttpProblem } from "./problem/problem.ts";

/** The route at which runs are followed. */
const RUNS_PATH = "/tokens/runs";

/** The command that the rotation workflow is started for. */
export type DispatchTarget =
  | { readonly command: "rotate"; readonly tokens: readonly string[] }
  | { readonly command: "workflow"; readonly workflow: string };

type Asked = {
  readonly actor: string;
  readonly mark: RequestMark | null;
  /** Fields of the request that the answer repeats. */
  readonly about: Readonly<Record<string, unknown>>;
  /** Throws if no run may be started. Not called for a run that was started before. */
  readonly leave?: () => Promise<ApprovedPlan>;
};

/** Starts a run for a request, or finds the run that an earlier copy of the request started and that did not fail. Throws `Misconfigured` if its key marks another request. */
export async function dispatch(
  runs: WorkflowRuns,
  wanted: DispatchTarget,
  { actor, mark, about, leave }: Asked,
): Promise<Reply> {
  const request = requestWord(
    actor,
    mark ?? markOf({ caller: actor, key: randomUUID(), body: wanted }),
  );
  const found = mark === null ? null : await runs.find(request);
  if (found !== null && !areSame(found.request ?? "", request)) throw mismatch();
  // A run that failed is started again. The record makes sure that no change is done twice.
  const before = found?.status === "completed" && found.conclusion !== "success" ? null : found;
  const plan = before === null ? await leave?.() : undefined;
  const run = before ?? (await runs.start({ ...wanted, request } satisfies StartRequest));
  await plan?.close();
  const approved = plan === undefined ? {} : { approved_by: plan.approvedBy };
  const follow = run === null ? null : `${RUNS_PATH}/${run.id}`;
  return {
    status: 202,
    body: {
      ...about,
      ...approved,
      dispatched: true,
      run: run === null ? null : runBody(run),
      follow,
      ...(before === null ? {} : { replayed: true }),
    },
    headers: {
      ...(follow === null ? {} : { location: follow }),
      ...(before === null ? {} : { "idempotency-replayed": "true" }),
    },
  };
}

/** A run as the reply shows it. */
export function runBody({
  id,
  status,
  conclusion,
  url,
}: WorkflowRun): Omit<WorkflowRun, "request"> {
  return { id, status, conclusion, url };
}

/** Refuses a request that only a service that writes can carry out. @throws `HttpProblem` 422 */
export function refuseInDispatch(what: string, hint: string): never {
  throw new HttpProblem(422, `this service starts a workflow and cannot ${what}`, {
    code: "not-in-dispatch",
    hint,
  });
}

export const WRITE_BY_COMMIT =
  "Change token_config.json by a commit or with the CLI. A service in direct mode can do it. Set TOKEN_AUTOMATION_MODE=direct and a token that may write.";
