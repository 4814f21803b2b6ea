// The Action's inputs and surroundings, read once into one typed object.
import { getInput } from "@actions/core";
import { programsAllowed } from "../src/compose/environment.ts";
import type { RecordLocation } from "../src/compose/record-location.ts";
import { Misconfigured, type Problem } from "../src/core/base/errors.ts";
import { Secret } from "../src/core/base/secret.ts";
import { seen } from "../src/core/base/showable.ts";
import { nearest } from "../src/core/model/names.ts";
import type { RequestMark, TriggeredBy } from "../src/core/model/schema.ts";
import { parseRequest } from "../src/core/ports/workflow-runs.ts";
import type { RunTarget } from "../src/core/run/request.ts";

const COMMANDS = ["run", "plan", "rotate", "workflow", "verify", "health"] as const;
const FAIL_ON = ["error", "high_risk", "never"] as const;
const REPOSITORY = /^[^/\s]+\/[^/\s]+$/;

export type Inputs = {
  readonly command: (typeof COMMANDS)[number];
  readonly wanted: RunTarget;
  readonly place: Extract<RecordLocation, { kind: "github" }>;
  readonly configPath: string;
  readonly dryRun: boolean;
  readonly fingerprintKey: Secret | null;
  readonly webhook: { readonly url: Secret; readonly secret: Secret | null } | null;
  readonly failOn: (typeof FAIL_ON)[number];
  readonly triggeredBy: TriggeredBy;
  /** The id of the request to the HTTP API that this run answers. A request is carried out once. */
  readonly mark: RequestMark | null;
  /** Whether the record is on the branch that the workflow runs on. Annotations can point at its lines only then. */
  readonly recordIsHere: boolean;
  /** Variables of this step, by name. They are what this job can see of the declared secrets. */
  readonly seen: ReadonlyMap<string, Secret>;
  /** The variables that issuers name, as they are set. */
  readonly variables: Environment;
  /** The folder in which programs that the config names may be run. Null if none may. */
  readonly programs: string | null;
};

type Environment = Readonly<Record<string, string | undefined>>;
/** Notes a mistake and goes on, so that all of them are reported at once. */
type Blame = (code: string, message: string, hint: string) => void;

/** Throws `Misconfigured` with every input that is missing or not one of its choices. Messages never quote an input, which may be a misplaced secret. */
export function readInputs(env: Environment): Inputs {
  const problems: Problem[] = [];
  const blame: Blame = (code, message, hint) =>
    problems.push({ code, pointer: "", position: null, message, hint });
  const command = choice("command", COMMANDS, blame);
  const repository = repositoryOf(env, blame);
  const branch = getInput("branch") || null;
  const token = tokenOf(blame);
  const request = requestOf(blame);
  const inputs: Inputs = {
    command,
    wanted: wantedOf(command, blame),
    place: {
      kind: "github",
      repository,
      branch,
      access: {
        token,
        apiUrl: env.GITHUB_API_URL || "https://api.github.com",
        graphqlUrl: env.GITHUB_GRAPHQL_URL || null,
      },
    },
    // To git, `./token_config.json` is no file's name.
    configPath: getInput("config-path").replace(/^(?:\.?\/)+/, "") || "token_config.json",
    dryRun: choice("dry-run", ["false", "true"], blame) === "true",
    fingerprintKey: secretInput("fingerprint-key"),
    webhook: webhookOf(secretInput("notify-webhook"), secretInput("notify-webhook-secret")),
    failOn: choice("fail-on", FAIL_ON, blame),
    triggeredBy: {
      ...triggerOf(env),
      ...(request === null ? {} : { requested_by: request.caller }),
    },
    mark: request?.mark ?? null,
    recordIsHere:
      sameName(repository, env.GITHUB_REPOSITORY) &&
      (branch === null || branch === env.GITHUB_REF_NAME),
    seen: seenBy(env, token),
    variables: env,
    // The record of another repository must not decide what runs in this one's workflow.
    programs:
      sameName(repository, env.GITHUB_REPOSITORY) || programsAllowed(env)
        ? env.GITHUB_WORKSPACE || "."
        : null,
  };
  if (problems.length === 0) return inputs;
  const count = problems.length === 1 ? "an input is" : `${problems.length} inputs are`;
  throw new Misconfigured(`${count} wrong`, {
    code: "input-invalid",
    problems,
    hint: "Correct the step's `with:`. Nothing was done.",
  });
}

function repositoryOf(env: Environment, blame: Blame): string {
  const repository = getInput("repository") || (env.GITHUB_REPOSITORY ?? "");
  if (!REPOSITORY.test(repository)) {
    blame(
      "input-invalid",
      "the input repository is not of the form owner/name",
      "Give it as owner/name, or leave it out.",
    );
  }
  return repository;
}

function tokenOf(blame: Blame): Secret {
  const token = getInput("github-token");
  const hint =
    "Give it an App installation token (actions/create-github-app-token) or a fine-grained PAT. A secret that is not set is empty too.";
  if (token === "") blame("github-token-missing", "the input github-token is empty", hint);
  return new Secret(token);
}

/** Commas and lines separate the names of the input `tokens`. */
function wantedOf(command: Inputs["command"], blame: Blame): RunTarget {
  if (command === "rotate") {
    const names = getInput("tokens").split(/[,\n]/);
    const given = names.map((name) => name.trim()).filter((name) => name !== "");
    if (given.length === 0)
      blame(
        "input-missing",
        "the command rotate needs the input tokens",
        "Name at least one: `tokens: API_KEY`.",
      );
    return { kind: "tokens", names: given, value: null, create: false };
  }
  if (command === "workflow") {
    const name = getInput("workflow");
    if (name === "")
      blame(
        "input-missing",
        "the command workflow needs the input workflow",
        "Name it: `workflow: daily_security`.",
      );
    return { kind: "workflow", name };
  }
  return { kind: "due" };
}

/** The first choice is the default. */
function choice<Choice extends string>(
  name: string,
  choices: readonly [Choice, ...Choice[]],
  blame: Blame,
): Choice {
  const given = getInput(name).toLowerCase();
  const found = given === "" ? choices[0] : choices.find((one) => one === given);
  if (found !== undefined) return found;
  const [near] = nearest(given, choices);
  const meant = near === undefined ? "" : `. Did you mean ${near}?`;
  blame(
    "input-invalid",
    `the input ${name} is ${seen(given)}`,
    `Use one of ${choices.join(", ")}${meant}`,
  );
  return choices[0];
}

/** The input that the HTTP API passes to the workflow that it starts. */
function requestOf(blame: Blame): ReturnType<typeof parseRequest> {
  const given = getInput("request");
  const request = given === "" ? null : parseRequest(given);
  if (given !== "" && request === null)
    blame(
      "input-invalid",
      "the input request does not come from the HTTP API",
      "Leave it empty if a person starts the workflow.",
    );
  return request;
}

function secretInput(name: string): Secret | null {
  const value = getInput(name);
  return value === "" ? null : new Secret(value);
}

function webhookOf(url: Secret | null, secret: Secret | null): Inputs["webhook"] {
  return url === null ? null : { url, secret };
}

function triggerOf(env: Environment): TriggeredBy {
  const run = env.GITHUB_RUN_ID;
  const server = env.GITHUB_SERVER_URL || "https://github.com";
  return {
    kind: env.GITHUB_EVENT_NAME === "schedule" ? "schedule" : "workflow_dispatch",
    actor: env.GITHUB_TRIGGERING_ACTOR || env.GITHUB_ACTOR || null,
    run_url: run ? `${server}/${env.GITHUB_REPOSITORY ?? ""}/actions/runs/${run}` : null,
  };
}

/** Leaves out the step's inputs, the runner's own variables, and all that hold the token this step works with. */
function seenBy(env: Environment, token: Secret): ReadonlyMap<string, Secret> {
  const own = (name: string, value: string) =>
    /^(INPUT|GITHUB)_/i.test(name) || value === token.reveal();
  return new Map(
    Object.entries(env).flatMap(([name, value]) =>
      value && !own(name, value) ? [[name, new Secret(value)] as const] : [],
    ),
  );
}

function sameName(one: string, other: string | undefined): boolean {
  return one.toLowerCase() === other?.toLowerCase();
}
