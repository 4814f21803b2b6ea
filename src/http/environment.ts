// A host's environment, read once per request into one typed object.
import * as z from "zod";
import type { ComposeOptions } from "../compose.ts";
import { Misconfigured } from "../errors.ts";
import { Secret } from "../secret.ts";
import { API_SCOPES, type ApiKey } from "./auth.ts";
import { ENVIRONMENT_INVALID } from "./problem.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

const DEFAULT_API_URL = "https://api.github.com";
const DEFAULT_CONFIG_PATH = "token_config.json";

const apiKeys = z.array(
  z.strictObject({
    id: z.string().regex(/^[A-Za-z0-9_.@-]{1,64}$/),
    sha256: z.string().regex(/^[0-9a-fA-F]{64}$/),
    scopes: z.array(z.enum(API_SCOPES)).min(1),
    expires_at: z.iso.datetime({ offset: true }).optional(),
  }),
);

/**
 * Reads `TOKEN_AUTOMATION_API_KEYS`: a JSON array of `{id, sha256, scopes, expires_at?}`. Unset: no keys, so nothing is allowed.
 * @throws `Misconfigured` that names the variable and where in it the mistake is, never what it holds
 */
export function readApiKeys(env: Environment): ApiKey[] {
  const text = env.TOKEN_AUTOMATION_API_KEYS ?? "";
  if (text.trim() === "") return [];
  const parsed = apiKeys.safeParse(parseJson(text));
  if (!parsed.success) throw badKeys(whereIn(parsed.error));
  const ids = parsed.data.map((key) => key.id);
  const twice = ids.findIndex((id, index) => ids.indexOf(id) !== index);
  if (twice >= 0) throw badKeys(`/${twice}/id stands there twice`);
  return parsed.data.map((key) => ({
    id: key.id,
    digest: Buffer.from(key.sha256, "hex"),
    scopes: new Set(key.scopes),
    expiresAt: key.expires_at === undefined ? null : new Date(key.expires_at),
  }));
}

/** `TOKEN_AUTOMATION_FINGERPRINT_KEY`; null where it is unset. */
export function readFingerprintKey(env: Environment): Secret | null {
  const key = env.TOKEN_AUTOMATION_FINGERPRINT_KEY ?? "";
  return key === "" ? null : new Secret(key);
}

/**
 * Where a host's record lives: always in a repository on GitHub, since a host keeps no files.
 * @throws `Misconfigured` naming every variable that is missing or malformed
 */
export function readHostPlace(env: Environment): ComposeOptions {
  const token = env.TOKEN_AUTOMATION_GITHUB_TOKEN || env.GITHUB_TOKEN || "";
  const repository = env.TOKEN_AUTOMATION_REPOSITORY ?? "";
  const wrong = [
    ...(/^[^/\s]+\/[^/\s]+$/.test(repository) ? [] : ["TOKEN_AUTOMATION_REPOSITORY must be owner/name"]),
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
      access: { token: new Secret(token), apiUrl: env.GITHUB_API_URL || DEFAULT_API_URL, graphqlUrl: env.GITHUB_GRAPHQL_URL || null },
    },
    configPath: env.TOKEN_AUTOMATION_CONFIG || DEFAULT_CONFIG_PATH,
    fingerprintKey: readFingerprintKey(env),
    // A mistaken path or branch must not pass for an empty record.
    whenMissing: "error",
    variables: env,
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's own message quotes the text.
    throw badKeys("it is not JSON");
  }
}

function whereIn(error: z.ZodError): string {
  const places = error.issues.map((issue) => issue.path.map((part) => `/${String(part)}`).join(""));
  return `wrong at ${[...new Set(places)].map((place) => place || "the top").join(", ")}`;
}

function badKeys(what: string): Misconfigured {
  return invalid(
    `TOKEN_AUTOMATION_API_KEYS is malformed: ${what}`,
    'Write [{"id": "ci", "sha256": "<hex of the key\'s SHA-256>", "scopes": ["read"], "expires_at": "2027-01-01T00:00:00Z"}].',
  );
}

function invalid(message: string, hint = "Correct the environment of the service, then deploy it again."): Misconfigured {
  return new Misconfigured(message, { code: ENVIRONMENT_INVALID, hint });
}
