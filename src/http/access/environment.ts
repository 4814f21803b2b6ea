// Settings of a host from its environment: keys, trusted workflows, budgets, origins.
import * as z from "zod";
import type { ComposeOptions } from "../../compose/compose.ts";
import { advisorAccess, programsAllowed } from "../../compose/environment.ts";
import { Misconfigured } from "../../core/base/errors.ts";
import { Secret } from "../../core/base/secret.ts";
import { MAX_NAME_LENGTH, NAME_PATTERN } from "../../core/model/schema-base.ts";
import { ENVIRONMENT_INVALID } from "../problem/problem.ts";
import { API_SCOPES, type ApiKey, type WorkflowTrust } from "./caller.ts";
import { DEFAULT_POINTS_PER_MINUTE } from "./rate-limit.ts";

export type HostEnvironment = Readonly<Record<string, string | undefined>>;

/** A client may have two keys: the one in use and its replacement. */
const KEYS_PER_CLIENT = 2;
const MAX_POINTS_PER_MINUTE = 1_000_000;
const GITHUB_ISSUER = "https://token.actions.githubusercontent.com";

const id = z.string().regex(/^[A-Za-z0-9_.@-]{1,64}$/);
const scopes = z.array(z.enum(API_SCOPES)).min(1);
const instant = z.iso.datetime({ offset: true });
const apiKeys = z.array(
  z.union([
    z.strictObject({
      id,
      sha256: z.string().regex(/^[0-9a-fA-F]{64}$/),
      scopes,
      agent: z.boolean().optional(),
      expires_at: instant.optional(),
    }),
    z.strictObject({
      id,
      token: z.string().max(MAX_NAME_LENGTH).regex(NAME_PATTERN),
      // A person who can write the record's branch decides what is recognized as the key, and must not see values with it.
      scopes: scopes.refine((given) => !given.includes("reveal")),
      agent: z.boolean().optional(),
      expires_at: instant.optional(),
    }),
  ]),
);

/** A loopback address without TLS is for tests and for a proxy on the same machine. */
const address = z.string().refine((text) => {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || url.username !== "" || url.password !== "") return false;
  return (
    url.protocol === "https:" ||
    (url.protocol === "http:" && ["127.0.0.1", "localhost", "[::1]"].includes(url.hostname))
  );
});
const numericId = z.string().regex(/^\d{1,20}$/);
const trust = z.strictObject({
  // GitHub's own default is the owner's URL, and any cloud accepts a token for that audience.
  audience: z
    .string()
    .min(1)
    .max(255)
    .refine((text) => !/^https:\/\/github\.com\//i.test(text)),
  issuer: address.default(GITHUB_ISSUER),
  jwks_url: address.optional(),
  callers: z
    .array(
      z
        .strictObject({
          id,
          repository_id: numericId,
          repository_owner_id: numericId,
          ref: z.string().startsWith("refs/").max(1024).optional(),
          environment: z.string().min(1).max(255).optional(),
          scopes,
        })
        // Otherwise a person who may push any branch may call.
        .refine((caller) => caller.ref !== undefined || caller.environment !== undefined),
    )
    .min(1),
});

/**
 * Reads `TOKEN_AUTOMATION_API_KEYS`: a JSON array of `{id, sha256 | token, scopes, agent?, expires_at?}`. Unset: no keys, so nothing is allowed.
 * @throws `Misconfigured`, which names the variable and the position of the mistake, never its content
 */
export function readApiKeys(env: HostEnvironment): ApiKey[] {
  const text = env.TOKEN_AUTOMATION_API_KEYS ?? "";
  if (text.trim() === "") return [];
  const parsed = apiKeys.safeParse(parseJson(text, badKeys));
  if (!parsed.success) throw badKeys(describePositions(parsed.error));
  const ids = parsed.data.map((key) => key.id);
  const thrice = ids.findIndex(
    (one, index) => ids.slice(0, index).filter((other) => other === one).length === KEYS_PER_CLIENT,
  );
  if (thrice >= 0) throw badKeys(`/${thrice}/id appears more than twice`);
  const digests = parsed.data.map((key) =>
    "sha256" in key ? key.sha256.toLowerCase() : key.token,
  );
  const twice = digests.findIndex((one, index) => digests.indexOf(one) !== index);
  if (twice >= 0) throw badKeys(`/${twice} is a key that an earlier entry has`);
  return parsed.data.map((key) => ({
    id: key.id,
    ...("sha256" in key ? { digest: Buffer.from(key.sha256, "hex") } : { token: key.token }),
    scopes: new Set(key.scopes),
    ...(key.agent === undefined ? {} : { agent: key.agent }),
    expiresAt: key.expires_at === undefined ? null : new Date(key.expires_at),
  }));
}

/**
 * Reads `TOKEN_AUTOMATION_OIDC`: `{audience, callers: [{id, repository_id, repository_owner_id, ref?, environment?, scopes}], issuer?, jwks_url?}`.
 * @returns null if it is unset: no workflow is let in
 * @throws `Misconfigured`, as `readApiKeys`
 */
export function readWorkflowTrust(env: HostEnvironment): WorkflowTrust | null {
  const text = env.TOKEN_AUTOMATION_OIDC ?? "";
  if (text.trim() === "") return null;
  const parsed = trust.safeParse(parseJson(text, badTrust));
  if (!parsed.success) throw badTrust(describePositions(parsed.error));
  const { audience, issuer, jwks_url: jwksUrl, callers } = parsed.data;
  return {
    audience,
    issuer,
    jwksUrl: jwksUrl ?? `${issuer.replace(/\/$/, "")}/.well-known/jwks`,
    callers: callers.map((caller) => ({
      id: caller.id,
      repositoryId: caller.repository_id,
      repositoryOwnerId: caller.repository_owner_id,
      ref: caller.ref ?? null,
      environment: caller.environment ?? null,
      scopes: new Set(caller.scopes),
    })),
  };
}

/** `TOKEN_AUTOMATION_RATE_LIMIT`: points a minute for each caller. Null for `off`. Throws `Misconfigured`. */
export function readRateLimit(env: HostEnvironment): number | null {
  const text = (env.TOKEN_AUTOMATION_RATE_LIMIT ?? "").trim();
  if (text === "") return DEFAULT_POINTS_PER_MINUTE;
  if (text === "off") return null;
  const points = /^\d{1,7}$/.test(text) ? Number(text) : 0;
  if (points >= 1 && points <= MAX_POINTS_PER_MINUTE) return points;
  throw invalid(
    `TOKEN_AUTOMATION_RATE_LIMIT must be a whole number from 1 to ${MAX_POINTS_PER_MINUTE}, or off`,
    "The limit is points a minute for each caller. A read costs 1, a change 5.",
  );
}

/** `TOKEN_AUTOMATION_CORS_ORIGINS`: origins separated by commas (default: none). Throws `Misconfigured`. */
export function readOrigins(env: HostEnvironment): readonly string[] {
  const given = (env.TOKEN_AUTOMATION_CORS_ORIGINS ?? "").split(",").map((text) => text.trim());
  const origins = given.filter((text) => text !== "");
  const wrong = origins.filter((text) => !URL.canParse(text) || new URL(text).origin !== text);
  if (wrong.length === 0) return origins;
  throw invalid(
    "TOKEN_AUTOMATION_CORS_ORIGINS must list origins, separated by commas",
    "An origin is scheme, host and port alone, as https://dashboard.example. No wildcard is allowed.",
  );
}

/** `TOKEN_AUTOMATION_PUBLIC_BADGE`: whether callers without a key may see in one word how all tokens are. Only 1 allows it. Throws `Misconfigured`. */
export function readPublicBadge(env: HostEnvironment): boolean {
  const text = (env.TOKEN_AUTOMATION_PUBLIC_BADGE ?? "").trim();
  if (["", "0", "1"].includes(text)) return text === "1";
  throw invalid(
    "TOKEN_AUTOMATION_PUBLIC_BADGE must be 1 or 0",
    "With 1, GET /badge.svg answers every caller. Unset, it answers no caller.",
  );
}

function parseJson(text: string, complaint: (what: string) => Misconfigured): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's own message quotes the text.
    throw complaint("it is not JSON");
  }
}

function describePositions(error: z.ZodError): string {
  const places = error.issues.flatMap((issue) => placesOf(issue, []));
  return `wrong at ${[...new Set(places)].map((place) => place || "the top").join(", ")}`;
}

/** For an entry that fits no form, the positions in the closest form. */
function placesOf(issue: z.core.$ZodIssue, above: readonly PropertyKey[]): string[] {
  const path = [...above, ...issue.path];
  if (issue.code !== "invalid_union" || issue.errors.length === 0)
    return [path.map((part) => `/${String(part)}`).join("")];
  const [closest = []] = [...issue.errors].sort((one, other) => one.length - other.length);
  return closest.flatMap((inner) => placesOf(inner, path));
}

function badKeys(what: string): Misconfigured {
  return invalid(
    `TOKEN_AUTOMATION_API_KEYS is malformed: ${what}`,
    'Write [{"id": "ci", "sha256": "<hex of the key\'s SHA-256>", "scopes": ["read"], "expires_at": "2027-01-01T00:00:00Z"}]; `token-automation api-key` makes such an entry.',
  );
}

function badTrust(what: string): Misconfigured {
  return invalid(
    `TOKEN_AUTOMATION_OIDC is malformed: ${what}`,
    'Write {"audience": "<a name of this service>", "callers": [{"id": "deploy", "repository_id": "1", "repository_owner_id": "2", "ref": "refs/heads/main", "scopes": ["read"]}]}. Each caller needs ref or environment; the audience must not be GitHub\'s default.',
  );
}

function invalid(message: string, hint: string): Misconfigured {
  return new Misconfigured(message, { code: ENVIRONMENT_INVALID, hint });
}

const DEFAULT_API_URL = "https://api.github.com";

const DEFAULT_CONFIG_PATH = "token_config.json";

/** `TOKEN_AUTOMATION_FINGERPRINT_KEY`, or null if it is unset. */
export function readFingerprintKey(env: HostEnvironment): Secret | null {
  const key = env.TOKEN_AUTOMATION_FINGERPRINT_KEY ?? "";
  return key === "" ? null : new Secret(key);
}

/**
 * `TOKEN_AUTOMATION_URL`: the address at which callers reach the service, if a proxy hides it. Null if it is unset.
 * @throws `Misconfigured` if it is not an http(s) address
 */
export function readPublicUrl(env: HostEnvironment): string | null {
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
    throw invalidVariable(
      "TOKEN_AUTOMATION_URL must be an http(s) address without credentials, query or fragment",
    );
  return url.href.replace(/\/+$/, "");
}

/**
 * The place of a host's record, always a repository on GitHub, since a host keeps no files.
 * @throws `Misconfigured` naming every variable that is missing or malformed
 */
export function readHostPlace(
  env: HostEnvironment,
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
  if (wrong.length > 0) throw invalidVariable(wrong.join("; "));
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
    // A host's GitHub token may write secrets. Only GitHub's API sees it, so a model needs a key of its own.
    advisor: advisorAccess(env, null),
    programs: programsAllowed(env) ? "." : null,
  };
}

/** How a host carries out a request: by itself, or by starting the workflow that rotates. */
export type HostMode =
  | { readonly kind: "direct" }
  | { readonly kind: "dispatch"; readonly workflow: string; readonly ref: string | null };

const DEFAULT_WORKFLOW = "rotate-tokens.yml";

/**
 * `TOKEN_AUTOMATION_MODE`: `dispatch` (default) or `direct`; `TOKEN_AUTOMATION_WORKFLOW` and `TOKEN_AUTOMATION_WORKFLOW_REF`.
 * @throws `Misconfigured`
 */
export function readMode(env: HostEnvironment): HostMode {
  const mode = env.TOKEN_AUTOMATION_MODE || "dispatch";
  const workflow = env.TOKEN_AUTOMATION_WORKFLOW || DEFAULT_WORKFLOW;
  if (mode !== "direct" && mode !== "dispatch")
    throw invalidVariable("TOKEN_AUTOMATION_MODE must be dispatch or direct");
  if (!/^[\w.-]+\.ya?ml$/.test(workflow))
    throw invalidVariable("TOKEN_AUTOMATION_WORKFLOW must be a file's name, as rotate-tokens.yml");
  return mode === "direct"
    ? { kind: "direct" }
    : { kind: "dispatch", workflow, ref: env.TOKEN_AUTOMATION_WORKFLOW_REF || null };
}

function invalidVariable(
  message: string,
  hint = "Correct the environment of the service, then deploy it again.",
): Misconfigured {
  return new Misconfigured(message, { code: ENVIRONMENT_INVALID, hint });
}
