// A host's environment, read once per request into one typed object: where the record is, and how it is reached.
import { advisorAccess } from "../advisor-access.ts";
import type { ComposeOptions } from "../compose.ts";
import { Misconfigured } from "../errors.ts";
import { programsAllowed } from "../programs.ts";
import { Secret } from "../secret.ts";
import type { Environment } from "./access-environment.ts";
import { ENVIRONMENT_INVALID } from "./problem.ts";

export { type Environment, readApiKeys } from "./access-environment.ts";

const DEFAULT_API_URL = "https://api.github.com";
const DEFAULT_CONFIG_PATH = "token_config.json";

/** `TOKEN_AUTOMATION_FINGERPRINT_KEY`; null where it is unset. */
export function readFingerprintKey(env: Environment): Secret | null {
  const key = env.TOKEN_AUTOMATION_FINGERPRINT_KEY ?? "";
  return key === "" ? null : new Secret(key);
}

/**
 * `TOKEN_AUTOMATION_URL`: how callers reach the service, where a proxy before it hides that; null where it is unset.
 * @throws `Misconfigured` where it is no http(s) address
 */
export function readPublicUrl(env: Environment): string | null {
  const text = env.TOKEN_AUTOMATION_URL ?? "";
  if (text === "") return null;
  const url = URL.canParse(text) ? new URL(text) : null;
  if (
    url === null ||
    !["http:", "https:"].includes(url.protocol) ||
    url.username !== "" ||
    url.search !== "" ||
    url.hash !== ""
  )
    throw invalid(
      "TOKEN_AUTOMATION_URL must be an http(s) address without credentials, query or fragment",
    );
  return url.href.replace(/\/+$/, "");
}

/**
 * Where a host's record lives: always in a repository on GitHub, since a host keeps no files.
 * @throws `Misconfigured` naming every variable that is missing or malformed
 */
export function readHostPlace(
  env: Environment,
): ComposeOptions & { readonly place: { readonly kind: "github" } } {
  const token = env.TOKEN_AUTOMATION_GITHUB_TOKEN || env.GITHUB_TOKEN || "";
  const repository = env.TOKEN_AUTOMATION_REPOSITORY ?? "";
  const wrong = [
    ...(/^[^/\s]+\/[^/\s]+$/.test(repository)
      ? []
      : ["TOKEN_AUTOMATION_REPOSITORY must be owner/name"]),
    ...(token === "" ? ["TOKEN_AUTOMATION_GITHUB_TOKEN or GITHUB_TOKEN must be set"] : []),
    ...["GITHUB_API_URL", "GITHUB_GRAPHQL_URL"]
      .filter((name) => env[name] && !URL.canParse(env[name]))
      .map((name) => `${name} must be a URL`),
  ];
  if (wrong.length > 0) throw invalid(wrong.join("; "));
  return {
    place: {
      kind: "github",
      repository,
      branch: env.TOKEN_AUTOMATION_BRANCH || null,
      access: {
        token: new Secret(token),
        apiUrl: env.GITHUB_API_URL || DEFAULT_API_URL,
        graphqlUrl: env.GITHUB_GRAPHQL_URL || null,
      },
    },
    configPath: env.TOKEN_AUTOMATION_CONFIG || DEFAULT_CONFIG_PATH,
    fingerprintKey: readFingerprintKey(env),
    // A mistaken path or branch must not pass for an empty record.
    whenMissing: "error",
    variables: env,
    // A host's GitHub token may write secrets: it is shown to GitHub's API alone, so a model needs a key of its own.
    advisor: advisorAccess(env, null),
    programs: programsAllowed(env) ? "." : null,
  };
}

/** How a host does what it is asked for: itself, or by starting the workflow that does. */
export type HostMode =
  | { readonly kind: "direct" }
  | { readonly kind: "dispatch"; readonly workflow: string; readonly ref: string | null };

const DEFAULT_WORKFLOW = "rotate-tokens.yml";

/**
 * `TOKEN_AUTOMATION_MODE`: `dispatch` unless it says `direct`; `TOKEN_AUTOMATION_WORKFLOW` and `TOKEN_AUTOMATION_WORKFLOW_REF`.
 * @throws `Misconfigured`
 */
export function readMode(env: Environment): HostMode {
  const mode = env.TOKEN_AUTOMATION_MODE || "dispatch";
  const workflow = env.TOKEN_AUTOMATION_WORKFLOW || DEFAULT_WORKFLOW;
  if (mode !== "direct" && mode !== "dispatch")
    throw invalid("TOKEN_AUTOMATION_MODE must be dispatch or direct");
  if (!/^[\w.-]+\.ya?ml$/.test(workflow))
    throw invalid("TOKEN_AUTOMATION_WORKFLOW must be a file's name, as rotate-tokens.yml");
  return mode === "direct"
    ? { kind: "direct" }
    : { kind: "dispatch", workflow, ref: env.TOKEN_AUTOMATION_WORKFLOW_REF || null };
}

function invalid(
  message: string,
  hint = "Correct the environment of the service, then deploy it again.",
): Misconfigured {
  return new Misconfigured(message, { code: ENVIRONMENT_INVALID, hint });
}
