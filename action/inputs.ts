// Reads the Action's inputs and surroundings, once, into one typed object.
import { getInput } from "@actions/core";
import type { Wanted } from "../src/app.ts";
import type { Place } from "../src/compose.ts";
import { Misconfigured } from "../src/errors.ts";
import { nearest } from "../src/names.ts";
import type { TriggeredBy } from "../src/schema.ts";
import { Secret } from "../src/secret.ts";

const COMMANDS = ["run", "plan", "rotate", "workflow", "verify", "health"] as const;
const FAIL_ON = ["error", "high_risk", "never"] as const;

export type Inputs = {
  readonly command: (typeof COMMANDS)[number];
  readonly wanted: Wanted;
  readonly place: Extract<Place, { kind: "github" }>;
  readonly configPath: string;
  readonly dryRun: boolean;
  readonly fingerprintKey: Secret | null;
  readonly webhook: { readonly url: Secret; readonly secret: Secret | null } | null;
  readonly failOn: (typeof FAIL_ON)[number];
  readonly triggeredBy: TriggeredBy;
  /** Whether the record is in the repository that the workflow runs in: only then can annotations point at its lines. */
  readonly recordIsHere: boolean;
  /** Variables of this step, by name: what this job can see of the declared secrets. */
  readonly seen: ReadonlyMap<string, Secret>;
};

type Environment = Readonly<Record<string, string | undefined>>;

/** Throws `Misconfigured` for an input that is missing or not one of its choices. */
export function readInputs(env: Environment): Inputs {
  const here = env.GITHUB_REPOSITORY ?? "";
  const repository = getInput("repository") || here;
  if (!/^[^/\s]+\/[^/\s]+$/.test(repository)) {
    throw new Misconfigured("the input repository is not of the form owner/name", {
      code: "input-invalid",
      hint: "Give it as owner/name, or leave it out.",
    });
  }
  const token = getInput("github-token");
  if (token === "") {
    throw new Misconfigured("the input github-token is empty", {
      code: "github-token-missing",
      hint: "Give it an App installation token (actions/create-github-app-token) or a fine-grained PAT; a secret that is not set is empty too.",
    });
  }
  const command = choice("command", COMMANDS, "run");
  return {
    command,
    wanted: wantedOf(command),
    place: {
      kind: "github",
      repository,
      branch: getInput("branch") || null,
      access: {
        token: new Secret(token),
        apiUrl: env.GITHUB_API_URL ?? "https://api.github.com",
        graphqlUrl: env.GITHUB_GRAPHQL_URL ?? null,
      },
    },
    configPath: getInput("config-path") || "token_config.json",
    dryRun: choice("dry-run", ["true", "false"] as const, "false") === "true",
    fingerprintKey: secretInput("fingerprint-key"),
    webhook: webhookOf(secretInput("notify-webhook"), secretInput("notify-webhook-secret")),
    failOn: choice("fail-on", FAIL_ON, "error"),
    triggeredBy: triggerOf(env, here),
    recordIsHere: repository.toLowerCase() === here.toLowerCase(),
    seen: new Map(Object.entries(env).flatMap(([name, value]) => (value ? [[name, new Secret(value)] as const] : []))),
  };
}

/** The names in the input `tokens`: commas and lines separate them. */
function names(): string[] {
  return getInput("tokens")
    .split(/[,\n]/)
    .map((name) => name.trim())
    .filter((name) => name !== "");
}

function wantedOf(command: Inputs["command"]): Wanted {
  if (command === "rotate") {
    if (names().length > 0) return { kind: "tokens", names: names(), value: null, create: false };
    throw new Misconfigured("the command rotate needs the input tokens", {
      code: "input-missing",
      hint: "Name at least one: `tokens: API_KEY`.",
    });
  }
  if (command === "workflow") {
    const name = getInput("workflow");
    if (name !== "") return { kind: "workflow", name };
    throw new Misconfigured("the command workflow needs the input workflow", {
      code: "input-missing",
      hint: "Name it: `workflow: daily_security`.",
    });
  }
  return { kind: "due" };
}

function choice<Choice extends string>(name: string, choices: readonly Choice[], fallback: Choice): Choice {
  const given = getInput(name) || fallback;
  const found = choices.find((one) => one === given.toLowerCase());
  if (found !== undefined) return found;
  const near = nearest(given, choices);
  throw new Misconfigured(`the input ${name} is ${JSON.stringify(given.slice(0, 40))}`, {
    code: "input-invalid",
    hint: `Use one of ${choices.join(", ")}${near[0] === undefined ? "" : `; did you mean ${near[0]}?`}`,
  });
}

function secretInput(name: string): Secret | null {
  const value = getInput(name);
  return value === "" ? null : new Secret(value);
}

function webhookOf(url: Secret | null, secret: Secret | null): Inputs["webhook"] {
  return url === null ? null : { url, secret };
}

function triggerOf(env: Environment, repository: string): TriggeredBy {
  const runId = env.GITHUB_RUN_ID;
  return {
    kind: env.GITHUB_EVENT_NAME === "schedule" ? "schedule" : "workflow_dispatch",
    actor: env.GITHUB_TRIGGERING_ACTOR ?? env.GITHUB_ACTOR ?? null,
    run_url: runId === undefined ? null : `${env.GITHUB_SERVER_URL ?? "https://github.com"}/${repository}/actions/runs/${runId}`,
  };
}
