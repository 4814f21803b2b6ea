// The program's failures for what Octokit throws, without a header, a body or a request inside.
import { Denied, Failure, Misconfigured, Uncertain, Unchanged } from "../../core/base/errors.ts";
import { rateLimited } from "./pace.ts";

/** One entry of a GraphQL reply's `errors`. GitHub adds `type` to the errors of its resolvers. */
export type GraphqlError = { readonly type: string | null; readonly message: string };

/** The safe facts of a failed request. */
type Seen = {
  /** Null if no answer came. */
  readonly status: number | null;
  readonly headers: Readonly<Record<string, unknown>>;
  /** Whether the request changes nothing, even if it was carried out. */
  readonly reads: boolean;
  /** Whether the request can be sent again without doing anything twice. */
  readonly repeatable: boolean;
  /** Whether the request may have reached the server. */
  readonly sent: boolean;
  /** Node's error code or name: ECONNRESET, TimeoutError. */
  readonly reason: string | null;
  /** Distinguishes kinds of refusal. Never shown. */
  readonly message: string;
};

/** Failures before anything was sent, from Node and undici. */
const NEVER_SENT = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "ENETUNREACH",
  "EHOSTUNREACH",
  "UND_ERR_CONNECT_TIMEOUT",
]);

/** The message of a 403 that looks like a missing permission although no permission helps. */
const ARCHIVED = /was archived so is read-only/i;

/**
 * The failure that a failed request means for the caller. Octokit's error is not kept as `cause`, since it holds the request and the response.
 * @param error anything that was thrown; a `Failure` is returned as it is.
 * @param doing what failed, to follow "could not": `place API_KEY in actions:owner/name`.
 * @param permission what the request needs, in the words of GitHub's settings: `Secrets: write`.
 */
export function toFailure(error: unknown, doing: string, permission?: string): Failure {
  if (error instanceof Failure) return error;
  const refusals = graphqlErrors(error);
  if (refusals !== null) return fromGraphql(refusals, error, doing, permission);
  const seen = httpFailure(error);
  if (seen !== null) return fromHttp(seen, doing, permission);
  if (error instanceof Error && error.name === "AbortError") {
    return new Uncertain(`could not ${doing}: it was cancelled`, {
      code: "cancelled",
      hint: "Run it again. It looks first at what was done.",
    });
  }
  return new Uncertain(
    `could not ${doing}: an unexpected ${error instanceof Error ? error.name : typeof error} was thrown`,
    {
      code: "unexpected",
      hint: "Run it again with TOKEN_AUTOMATION_DEBUG=1 to see the place, and report it.",
      // An unknown error of Octokit's would show the request.
      cause: isRecord(error) && ("request" in error || "response" in error) ? undefined : error,
    },
  );
}

/** The errors of a GraphQL reply that came with status 200. Null for anything else. */
export function graphqlErrors(error: unknown): readonly GraphqlError[] | null {
  if (!(error instanceof Error)) return null;
  // plugin-throttling has an error of its own for RATE_LIMITED.
  const list =
    "errors" in error
      ? error.errors
      : "data" in error && isRecord(error.data)
        ? error.data.errors
        : null;
  if (!Array.isArray(list) || list.length === 0 || "status" in error) return null;
  return list.map((entry: unknown) => ({
    type: isRecord(entry) && typeof entry.type === "string" ? entry.type : null,
    message: isRecord(entry) && typeof entry.message === "string" ? entry.message : "",
  }));
}

/** The HTTP status of an answer that Octokit took for an error. Null if there was no answer. */
export function statusOf(error: unknown): number | null {
  return httpFailure(error)?.status ?? null;
}

function fromHttp(seen: Seen, doing: string, permission: string | undefined): Failure {
  const { status, headers } = seen;
  if (status === null) return noAnswer(seen, doing);
  const said = `could not ${doing}: GitHub answered ${status}${requestId(headers)}`;
  if (isLimit(seen))
    return rateLimited(`${said}, because its rate limit is used up`, limitedUntil(headers));
  if (status >= 500) return seen.reads ? unavailable(said) : unknownOutcome(said, seen.repeatable);
  if (status === 401) return tokenRefused(said);
  if (status === 403 && ARCHIVED.test(seen.message)) return repositoryArchived(said);
  if (status === 403 || (status === 404 && permission !== undefined))
    return permissionDenied(said, status, headers, permission);
  if (status === 404) {
    return new Misconfigured(said, {
      code: "not-found",
      hint: "Check the name. A token that may not see something gets the same answer.",
    });
  }
  return new Misconfigured(said, {
    code: "request-refused",
    hint: "GitHub refuses these values, so trying again changes nothing. Check them.",
  });
}

function fromGraphql(
  refusals: readonly GraphqlError[],
  error: unknown,
  doing: string,
  permission: string | undefined,
): Failure {
  const headers = headersOf(error);
  const types = [...new Set(refusals.map(({ type }) => type ?? "an error"))]
    .map((type) => type.replace(/[^\w ]/g, "").slice(0, 60))
    .join(", ");
  const said = `could not ${doing}: GitHub answered ${types}${requestId(headers)}`;
  const any = (pattern: RegExp) =>
    refusals.some(({ type, message }) => pattern.test(type ?? "") || pattern.test(message));
  if (any(/RATE_LIMIT|secondary rate|rate limit exceeded/i))
    return rateLimited(`${said}, because its rate limit is used up`, limitedUntil(headers));
  if (any(ARCHIVED)) return repositoryArchived(said);
  if (any(/^FORBIDDEN$|^INSUFFICIENT_SCOPES$|not accessible by/i))
    return permissionDenied(said, 403, headers, permission);
  if (any(/^NOT_FOUND$/))
    return permission === undefined
      ? new Misconfigured(said, { code: "not-found", hint: "Check the name." })
      : permissionDenied(said, 404, headers, permission);
  if (any(/something went wrong|timeout|^INTERNAL$|^SERVICE_UNAVAILABLE$/i))
    return unknownOutcome(said, false);
  return new Misconfigured(said, {
    code: "request-refused",
    hint: "GitHub refuses this request, so trying again changes nothing.",
  });
}

function noAnswer(seen: Seen, doing: string): Failure {
  const why =
    seen.reason === "TimeoutError"
      ? "no answer came in time"
      : `no answer came${seen.reason === null ? "" : ` (${seen.reason})`}`;
  const said = `could not ${doing}: ${why}`;
  return seen.reads || !seen.sent ? unavailable(said) : unknownOutcome(said, seen.repeatable);
}

function permissionDenied(
  said: string,
  status: number,
  headers: Seen["headers"],
  given: string | undefined,
): Denied {
  const named = headerText(headers, "x-accepted-github-permissions", /^[\w=,; -]{1,200}$/);
  const permission = named ?? given ?? null;
  const accepts = named === null ? "" : `, and names the permission that it accepts: ${named}`;
  const sso =
    "x-github-sso" in headers
      ? " Or authorize the token for the organization's single sign-on."
      : "";
  const missing =
    status === 404 ? "Check the repository's name. If it exists, the token cannot see it. " : "";
  const secrets = /secrets/i.test(permission ?? "")
    ? " A workflow's GITHUB_TOKEN can never have it. Use a GitHub App's installation token or a fine-grained personal access token."
    : "";
  const need = given ?? named;
  const grant =
    need === null
      ? "Give the token the permission that this needs."
      : `Give the token the permission ${need}.`;
  return new Denied(said + accepts, {
    code: "permission-missing",
    permission,
    hint: `${missing}${grant}${secrets}${sso}`,
  });
}

function tokenRefused(said: string): Denied {
  return new Denied(`${said}: the token was refused, so it is wrong or expired`, {
    code: "token-refused",
    hint: "Make a new token and give it to this program. An App's installation token lives one hour. Mint it in the same job.",
  });
}

function repositoryArchived(said: string): Misconfigured {
  return new Misconfigured(`${said}, because the repository is archived`, {
    code: "repository-archived",
    hint: "Nothing in an archived repository can be changed. Unarchive it in its settings, or name another one.",
  });
}

function unavailable(said: string): Unchanged {
  return new Unchanged(said, {
    code: "github-unavailable",
    hint: "Nothing was changed. Run it again later. https://www.githubstatus.com shows outages.",
  });
}

function unknownOutcome(said: string, repeatable: boolean): Uncertain {
  return new Uncertain(`${said}, so it may or may not have been done`, {
    code: "outcome-unknown",
    hint: repeatable
      ? "Doing it again is harmless, and the next run does it."
      : "Look before doing it again. A new run looks first.",
  });
}

function isLimit({ status, headers, message }: Seen): boolean {
  if (status === 429) return true;
  if (status !== 403) return false;
  return (
    headers["x-ratelimit-remaining"] === "0" ||
    "retry-after" in headers ||
    /secondary rate|rate limit exceeded|abuse detection/i.test(message)
  );
}

/** The server's own time plus the wait that it ordered, or its reset time. */
function limitedUntil(headers: Seen["headers"]): Date | null {
  const after = Number(headers["retry-after"] ?? Number.NaN);
  const date = Date.parse(String(headers.date ?? ""));
  if (Number.isFinite(after) && Number.isFinite(date))
    return new Date(date + Math.ceil(after) * 1000);
  const reset = Number(headers["x-ratelimit-reset"] ?? Number.NaN);
  return Number.isInteger(reset) && reset > 0 && reset < 1e11 ? new Date(reset * 1000) : null;
}

function requestId(headers: Seen["headers"]): string {
  const id = headerText(headers, "x-github-request-id", /^[\w:.-]{1,100}$/);
  return id === null ? "" : ` (request ${id})`;
}

function headerText(headers: Seen["headers"], name: string, form: RegExp): string | null {
  const value = headers[name];
  return typeof value === "string" && form.test(value) ? value : null;
}

/** Octokit's RequestError, known by its shape so that Octokit need not be loaded. Its status is 500 if no answer came. */
function httpFailure(error: unknown): Seen | null {
  if (
    !(error instanceof Error) ||
    !("status" in error) ||
    typeof error.status !== "number" ||
    !("request" in error)
  )
    return null;
  const answered = "response" in error && isRecord(error.response);
  const reason = answered ? null : reasonOf(error.cause);
  return {
    status: answered ? error.status : null,
    headers: headersOf(error),
    reads: isRead(error.request),
    repeatable: isRepeatable(error.request),
    sent: reason === null || !NEVER_SENT.has(reason),
    reason,
    message: error.message,
  };
}

function headersOf(error: unknown): Seen["headers"] {
  if (!isRecord(error)) return {};
  const holder =
    isRecord(error.response) && isRecord(error.response.headers) ? error.response : error;
  return isRecord(holder.headers) ? holder.headers : {};
}

/** The idempotent methods of RFC 9110, 9.2.2, and a GraphQL query. */
function isRepeatable(request: unknown): boolean {
  return (
    isRead(request) ||
    (isRecord(request) && (request.method === "PUT" || request.method === "DELETE"))
  );
}

/** The safe methods of RFC 9110, 9.2.1, and a GraphQL query. */
function isRead(request: unknown): boolean {
  if (!isRecord(request)) return false;
  if (request.method === "GET" || request.method === "HEAD") return true;
  const body = request.body;
  return (
    request.method === "POST" &&
    isRecord(body) &&
    typeof body.query === "string" &&
    !/^\s*mutation\b/m.test(body.query)
  );
}

/** The innermost code or name in a chain of causes. */
function reasonOf(cause: unknown): string | null {
  let reason: string | null = null;
  for (let error = cause; error instanceof Error; error = error.cause) {
    const code = "code" in error && typeof error.code === "string" ? error.code : null;
    if (code !== null || error.name !== "TypeError") reason = code ?? error.name;
  }
  return reason === null ? null : reason.replace(/[^\w]/g, "").slice(0, 60);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}
