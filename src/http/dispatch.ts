// What a service does that may not write secrets: it starts the rotation workflow and tells where to follow it.
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

/** Where runs are followed. */
const RUNS_PATH = "/tokens/runs";

/** What the rotation workflow is started for. */
export type DispatchTarget =
  | { readonly command: "rotate"; readonly tokens: readonly string[] }
  | { readonly command: "workflow"; readonly workflow: string };

type Asked = {
  readonly actor: string;
  readonly mark: RequestMark | null;
  /** What of the request is repeated in the answer. */
  readonly about: Readonly<Record<string, unknown>>;
  /** Throws where no run may be started; not asked about one that was. */
  readonly leave?: () => Promise<ApprovedPlan>;
};

/** Starts a run for a request, or finds the one that was started for it before and did not fail. Throws `Misconfigured` where its key marks another request. */
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
  // What ended in vain is tried again: the record sees to it that nothing is done twice.
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

/** A run as it is told. */
export function runBody({
  id,
  status,
  conclusion,
  url,
}: WorkflowRun): Omit<WorkflowRun, "request"> {
  return { id, status, conclusion, url };
}

/** Refuses what only a service that writes can do. @throws `HttpProblem` 422 */
export function refuseInDispatch(what: string, hint: string): never {
  throw new HttpProblem(422, `this service starts a workflow and cannot ${what}`, {
    code: "not-in-dispatch",
    hint,
  });
}

export const WRITE_BY_COMMIT =
  "Change token_config.json by a commit or with the CLI. A service in direct mode can do it: TOKEN_AUTOMATION_MODE=direct, with a token that may write.";
