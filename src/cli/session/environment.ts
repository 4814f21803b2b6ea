// Environment variables of the CLI, read once into one typed object.

import type { GitHubAccess } from "../../compose/record-location.ts";
import { Misconfigured } from "../../core/base/errors.ts";
import { Secret } from "../../core/base/secret.ts";

const PUBLIC_API_URL = "https://api.github.com";

export type CliEnvironment = {
  /** From GITHUB_TOKEN, else GH_TOKEN; URLs from GITHUB_API_URL and GITHUB_GRAPHQL_URL. Null if there is no token. */
  readonly access: GitHubAccess | null;
  /** From TOKEN_AUTOMATION_KEY: opens the local vault. */
  readonly vaultKey: Secret | null;
  /** From TOKEN_AUTOMATION_FINGERPRINT_KEY: turns fingerprints into HMACs. */
  readonly fingerprintKey: Secret | null;
  /** The actor that the record names: GITHUB_ACTOR, else the login name. */
  readonly actor: string | null;
  /** The workflow run, if this is one of its steps. */
  readonly runUrl: string | null;
  /** From TOKEN_AUTOMATION_DEBUG: whether unexpected errors show their stack. */
  readonly debug: boolean;
  readonly color: "never" | "always" | "terminals";
  /** Every variable that is set, for `exec` and `verify`, which use the whole environment of the process. */
  readonly variables: Readonly<Record<string, string>>;
};

type Variables = Readonly<Record<string, string>>;

/** An empty variable counts as unset, since a missing secret in a workflow is empty. */
function readVariable(variables: Variables, ...names: readonly string[]): string | null {
  for (const name of names) {
    const value = variables[name];
    if (value !== undefined && value !== "") return value;
  }
  return null;
}

function secret(value: string | null): Secret | null {
  return value === null ? null : new Secret(value);
}

function httpUrl(name: string, value: string): string {
  const url = URL.canParse(value) ? new URL(value) : null;
  if (
    url === null ||
    !["http:", "https:"].includes(url.protocol) ||
    url.username !== "" ||
    url.password !== ""
  ) {
    throw new Misconfigured(`${name} is not an http(s) URL without credentials`, {
      code: "bad-url",
      hint: `Set it to the server's API, as ${PUBLIC_API_URL}, or unset it.`,
    });
  }
  return value.replace(/\/+$/, "");
}

function accessFrom(variables: Variables): GitHubAccess | null {
  const token = readVariable(variables, "GITHUB_TOKEN", "GH_TOKEN");
  if (token === null) return null;
  const graphqlUrl = readVariable(variables, "GITHUB_GRAPHQL_URL");
  return {
    token: new Secret(token),
    apiUrl: httpUrl("GITHUB_API_URL", readVariable(variables, "GITHUB_API_URL") ?? PUBLIC_API_URL),
    graphqlUrl: graphqlUrl === null ? null : httpUrl("GITHUB_GRAPHQL_URL", graphqlUrl),
  };
}

function runUrlFrom(variables: Variables): string | null {
  const parts = [
    readVariable(variables, "GITHUB_SERVER_URL"),
    readVariable(variables, "GITHUB_REPOSITORY"),
    readVariable(variables, "GITHUB_RUN_ID"),
  ];
  return parts.includes(null) ? null : `${parts[0]}/${parts[1]}/actions/runs/${parts[2]}`;
}

function colorFrom(variables: Variables): CliEnvironment["color"] {
  // https://no-color.org: present and not empty, whatever it says.
  if (readVariable(variables, "NO_COLOR") !== null || variables.TERM === "dumb") return "never";
  const forced = readVariable(variables, "FORCE_COLOR");
  return forced === null || forced === "0" ? "terminals" : "always";
}

/** @throws Misconfigured if a URL is malformed */
export function readEnvironment(env: Readonly<Record<string, string | undefined>>): CliEnvironment {
  const variables: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) if (value !== undefined) variables[name] = value;
  const debug = readVariable(variables, "TOKEN_AUTOMATION_DEBUG");
  return {
    access: accessFrom(variables),
    vaultKey: secret(readVariable(variables, "TOKEN_AUTOMATION_KEY")),
    fingerprintKey: secret(readVariable(variables, "TOKEN_AUTOMATION_FINGERPRINT_KEY")),
    actor: readVariable(variables, "GITHUB_ACTOR", "USER", "USERNAME"),
    runUrl: runUrlFrom(variables),
    debug: debug !== null && debug !== "0",
    color: colorFrom(variables),
    variables,
  };
}
