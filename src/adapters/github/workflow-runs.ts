// Starts of the rotation workflow on GitHub, and its runs. Both need only the permission Actions: write.
import { Misconfigured, Uncertain } from "../../core/base/errors.ts";
import type { WorkflowRun } from "../../core/ports/workflow-run.ts";
import { areSame, haveSameKey, type WorkflowRuns } from "../../core/ports/workflow-runs.ts";
import type { GitHubClient } from "./client.ts";
import { statusOf, toFailure } from "./errors.ts";
import { parseRepository } from "./repository.ts";

export type WorkflowRunsOptions = {
  /** Called when it is first needed. */
  readonly client: () => Promise<GitHubClient>;
  /** `owner/name` */
  readonly repository: string;
  /** The workflow's file, such as `rotate-tokens.yml`. */
  readonly workflow: string;
  /** The branch whose version of the workflow is started. Null means the default branch. */
  readonly ref: string | null;
};

/** How many of the newest runs are searched for one. */
const RUNS_LOOKED_AT = 100;

type Told = {
  readonly id: number | bigint;
  readonly status: string | null;
  readonly conclusion: string | null;
  readonly html_url: string;
};

/** @throws `Misconfigured` for a repository that is not `owner/name` */
export function githubWorkflowRuns(options: WorkflowRunsOptions): WorkflowRuns {
  const { owner, name: repo } = parseRepository(options.repository);
  const workflow_id = options.workflow;
  const what = `${workflow_id} of ${options.repository}`;

  async function newest(): Promise<WorkflowRun[]> {
    const client = await options.client();
    const asked = {
      owner,
      repo,
      workflow_id,
      event: "workflow_dispatch",
      per_page: RUNS_LOOKED_AT,
    };
    const { data } = await client
      .request("GET /repos/{owner}/{repo}/actions/workflows/{workflow_id}/runs", asked)
      .catch((error: unknown) => {
        throw (
          missing(error, what) ?? toFailure(error, `look at the runs of ${what}`, "Actions: write")
        );
      });
    return data.workflow_runs.map((run) => viewOf(run, requestIn(run.display_title)));
  }

  async function find(request: string): Promise<WorkflowRun | null> {
    const runs = await newest();
    return (
      runOf(runs, request) ??
      runs.find((run) => run.request !== null && haveSameKey(run.request, request)) ??
      null
    );
  }

  async function start(request: Parameters<WorkflowRuns["start"]>[0]): Promise<WorkflowRun | null> {
    const client = await options.client();
    const ref = options.ref ?? (await defaultBranch(client));
    const { command, request: word } = request;
    const inputs = {
      command,
      ...(command === "rotate"
        ? { tokens: request.tokens.join(",") }
        : { workflow: request.workflow }),
      request: word,
    };
    try {
      const { data } = await client.request(
        "POST /repos/{owner}/{repo}/actions/workflows/{workflow_id}/dispatches",
        {
          ...{ owner, repo, workflow_id, ref, inputs, return_run_details: true },
          request: { retries: 0 },
        },
      );
      const { workflow_run_id: id, html_url: url }: Record<string, unknown> = Object(data);
      if (typeof id === "number" && typeof url === "string")
        return { id, url, status: "queued", conclusion: null, request: word };
      return runOf(await newest(), word);
    } catch (error) {
      const failure = refused(error, ref) ?? toFailure(error, `start ${what}`, "Actions: write");
      // The reply may be lost although the run was started. If it was not, asking again starts it. The record carries a request out once.
      const seen =
        failure instanceof Uncertain
          ? await newest().then(
              (runs) => runOf(runs, word),
              () => null,
            )
          : null;
      if (seen === null) throw failure;
      return seen;
    }
  }

  function refused(error: unknown, ref: string): Misconfigured | null {
    if (statusOf(error) !== 422) return missing(error, what);
    return new Misconfigured(
      `GitHub does not start ${what} on ${ref} with the inputs of this program`,
      {
        code: "workflow-refused",
        hint: "Make its `workflow_dispatch` inputs those that `token-automation init --workflow` writes.",
      },
    );
  }

  async function get(id: number): Promise<WorkflowRun> {
    const client = await options.client();
    try {
      const { data } = await client.request("GET /repos/{owner}/{repo}/actions/runs/{run_id}", {
        owner,
        repo,
        run_id: id,
      });
      // Runs of other workflows in the repository are not shown.
      if (!data.path.split("@")[0]?.endsWith(`/${workflow_id}`)) throw runMissing(id);
      return viewOf(data, requestIn(data.display_title));
    } catch (error) {
      throw statusOf(error) === 404
        ? runMissing(id)
        : toFailure(error, `look at the run ${id}`, "Actions: write");
    }
  }

  async function defaultBranch(client: GitHubClient): Promise<string> {
    const { data } = await client
      .request("GET /repos/{owner}/{repo}", { owner, repo })
      .catch((error: unknown) => {
        throw toFailure(error, `read ${options.repository}`, "Metadata: read");
      });
    return data.default_branch;
  }

  return { find, start, get };
}

/** The run that answers that request. */
function runOf(runs: readonly WorkflowRun[], word: string): WorkflowRun | null {
  return runs.find(({ request }) => request !== null && areSame(request, word)) ?? null;
}

/** The workflow's `run-name` ends in the request that it was started with. */
function requestIn(title: string): string | null {
  return / for (\S+)$/.exec(title)?.[1] ?? null;
}

function viewOf(
  { id, status, conclusion, html_url: url }: Told,
  request: string | null,
): WorkflowRun {
  return { id: Number(id), status: status ?? "unknown", conclusion, url, request };
}

function missing(error: unknown, what: string): Misconfigured | null {
  if (statusOf(error) !== 404) return null;
  return new Misconfigured(`there is no workflow ${what}, or the token cannot see it`, {
    code: "rotation-workflow-missing",
    hint: "Add it with `token-automation init --workflow` and commit it to the default branch. The token needs Actions: write.",
  });
}

function runMissing(id: number): Misconfigured {
  return new Misconfigured(`there is no run ${id} of the rotation workflow`, {
    code: "run-missing",
    hint: "Take the id from the answer that started it.",
  });
}
