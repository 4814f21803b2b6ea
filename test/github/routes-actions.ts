// Workflows that are started by hand or by API, and their runs: https://docs.github.com/rest/actions
import { parse } from "yaml";
import * as z from "zod";
import { type Body, json, notFound, validationFailed } from "./replies.ts";
import {
  jsonObject,
  paginate,
  type RepositoryCall,
  type Route,
  repositoryRoute,
} from "./routes.ts";
import { WEBSITE } from "./routes-account.ts";
import type { StoredRun } from "./stored.ts";

type Run = Pick<
  Body<"/repos/{owner}/{repo}/actions/runs/{run_id}", "get", 200>,
  | "id"
  | "display_title"
  | "event"
  | "status"
  | "conclusion"
  | "html_url"
  | "path"
  | "created_at"
  | "updated_at"
>;

const FIRST_RUN_ID = 16_000_000_000;

const workflowFile = z.looseObject({
  name: z.string().default("workflow"),
  "run-name": z.string().optional(),
  on: z.looseObject({
    workflow_dispatch: z
      .object({
        inputs: z
          .record(
            z.string(),
            z.object({ required: z.boolean().default(false), default: z.string().default("") }),
          )
          .default({}),
      })
      .nullish(),
  }),
});

function view(call: RepositoryCall, run: StoredRun): Run {
  return {
    id: run.id,
    display_title: run.title,
    event: "workflow_dispatch",
    status: run.status,
    conclusion: run.conclusion,
    html_url: run.url,
    path: `.github/workflows/${run.workflow}`,
    created_at: run.createdAt,
    updated_at: call.now.toISOString(),
  };
}

/** The workflow's file as the ref has it. */
function workflowAt(
  { repository, params }: RepositoryCall,
  ref: string,
): z.infer<typeof workflowFile> {
  const commit = repository.history.resolve(ref, repository.defaultBranch);
  if (commit === null) throw validationFailed(`No ref found for: ${ref}`);
  const blob = repository.history.blobs.get(
    commit.tree.get(`.github/workflows/${params.workflow_id}`) ?? "",
  );
  if (blob === undefined) throw notFound();
  return workflowFile.parse(parse(blob.toString("utf8")));
}

/** Only what the product's own workflow says; an expression that is not known here would show as it stands. */
function titleOf(
  file: z.infer<typeof workflowFile>,
  inputs: Readonly<Record<string, string>>,
): string {
  const wanted = file["run-name"] ?? file.name;
  return wanted.replace(
    /\$\{\{ inputs\.(\w+) && format\('([^']*)', inputs\.\1\) \|\| '' \}\}/,
    (_, name: string, format: string) => (inputs[name] ? format.replace("{0}", inputs[name]) : ""),
  );
}

function dispatch(call: RepositoryCall) {
  const { repository, request, now, params } = call;
  const { ref, inputs: given = {}, return_run_details: wantsRun } = jsonObject(request);
  const file = workflowAt(call, String(ref));
  const declared = file.on.workflow_dispatch?.inputs ?? {};
  if (!("workflow_dispatch" in file.on))
    throw validationFailed("Workflow does not have 'workflow_dispatch' trigger");
  const unexpected = Object.keys(Object(given)).filter((name) => !(name in declared));
  if (unexpected.length > 0)
    throw validationFailed(`Unexpected inputs provided: ${JSON.stringify(unexpected)}`);
  const inputs = Object.fromEntries(
    Object.entries(declared).map(([name, input]) => [
      name,
      String(Object(given)[name] ?? input.default),
    ]),
  );
  const { runs, tellsRun } = repository.actions;
  const id = FIRST_RUN_ID + runs.length + 1;
  const url = `${WEBSITE}/${repository.fullName}/actions/runs/${id}`;
  const about = {
    id,
    workflow: params.workflow_id ?? "",
    title: titleOf(file, inputs),
    inputs,
    url,
    createdAt: now.toISOString(),
  };
  runs.unshift({ ...about, status: "queued", conclusion: null });
  if (wantsRun !== true || !tellsRun) return { status: 204, body: null };
  const run_url = `${request.root}/repos/${repository.fullName}/actions/runs/${id}`;
  return json<
    Body<"/repos/{owner}/{repo}/actions/workflows/{workflow_id}/dispatches", "post", 200>
  >({
    workflow_run_id: id,
    run_url,
    html_url: url,
  });
}

export const actionsRoutes: readonly Route[] = [
  repositoryRoute(
    "post",
    "/repos/{owner}/{repo}/actions/workflows/{workflow_id}/dispatches",
    "actions",
    "write",
    dispatch,
  ),
  repositoryRoute(
    "get",
    "/repos/{owner}/{repo}/actions/workflows/{workflow_id}/runs",
    "actions",
    "read",
    (call) => {
      const mine = call.repository.actions.runs.filter(
        ({ workflow }) => workflow === call.params.workflow_id,
      );
      const { page, headers } = paginate(call.request, mine);
      return json<{ total_count: number; workflow_runs: Run[] }>(
        { total_count: mine.length, workflow_runs: page.map((run) => view(call, run)) },
        200,
        headers,
      );
    },
  ),
  repositoryRoute(
    "get",
    "/repos/{owner}/{repo}/actions/runs/{run_id}",
    "actions",
    "read",
    (call) => {
      const run = call.repository.actions.runs.find(({ id }) => String(id) === call.params.run_id);
      if (run === undefined) throw notFound();
      return json<Run>(view(call, run));
    },
  ),
];
