// Errors as application/problem+json (RFC 9457): the status of each, and the facts that a reply may
// hold.
// hono's HTTPException carries a status and a text, without the code, the hint and the nearest name
// that programs read. Node has the titles too, but loading node:http would double the time that a
// function takes to start.
import {
  Denied,
  describeError,
  Failure,
  Misconfigured,
  type Problem,
  Unchanged,
} from "../../core/base/errors.ts";
import type { FailureKind } from "../../core/base/reported-error.ts";
import type { Report } from "../../core/ports/report.ts";
import { REPORT_LISTS, shorten } from "./shorten.ts";

type Extensions = {
  /** Stable, kebab-case, for programs. */
  readonly code: string;
  /** For programs that decide whether to try again, unless the edge itself refused the request. */
  readonly kind?: FailureKind;
  readonly hint?: string | null | undefined;
  /** The name that was probably meant. */
  readonly nearest?: string | null | undefined;
  readonly problems?: readonly Problem[];
  /** The permission that GitHub says is missing. */
  readonly permission?: string | null;
  /** The run's report before it failed. */
  readonly report?: Report;
  readonly headers?: Readonly<Record<string, string>>;
};

/** An answer other than success that the edge itself decides on. Never holds a value. */
export class HttpProblem extends Error {
  readonly status: number;
  readonly extensions: Extensions;

  constructor(status: number, detail: string, extensions: Extensions) {
    super(detail);
    this.name = "HttpProblem";
    this.status = status;
    this.extensions = extensions;
  }
}

/** A name in the request does not exist. */
const NOT_FOUND = new Set(["token-missing", "workflow-missing", "record-missing", "run-missing"]);
/** The operator of the service must act. No caller can. */
export const ENVIRONMENT_INVALID = "environment-invalid";

/** Fields that make a problem long. */
const LONG_FIELDS = [...REPORT_LISTS.map((field) => `report.${field}`), "problems"];

/** Refusals by the record itself, for every key. */
const FORBIDDEN = new Set(["agents-off", "approval-required"]);
/** State that has changed since the caller read it. */
const CONFLICT = new Set(["record-moved"]);

const STATUS_OF: Readonly<Record<FailureKind, number>> = {
  misconfigured: 422,
  // The caller's key sufficed. GitHub refused ours. RFC 4918 §11.4: a failed dependency. 403 is kept for the caller's own scopes.
  denied: 424,
  unchanged: 503,
  uncertain: 502,
};

/** The status for a failure by its kind and code, thrown or from a report. */
export function statusOf({
  kind,
  code,
}: {
  readonly kind: FailureKind;
  readonly code: string;
}): number {
  if (code === ENVIRONMENT_INVALID) return 500;
  if (FORBIDDEN.has(code)) return 403;
  if (CONFLICT.has(code)) return 409;
  return NOT_FOUND.has(code) ? 404 : STATUS_OF[kind];
}

/** A failure as the answer to a request. */
function toProblem(failure: Failure, now: Date): HttpProblem {
  const retryAt = failure instanceof Unchanged ? failure.retryAt : null;
  return new HttpProblem(statusOf(failure), failure.message, {
    code: failure.code,
    kind: failure.kind,
    hint: failure.hint,
    ...(failure instanceof Misconfigured ? { problems: failure.problems } : {}),
    ...(failure instanceof Denied ? { permission: failure.permission } : {}),
    ...(retryAt === null
      ? {}
      : {
          headers: {
            "retry-after": String(
              Math.max(1, Math.ceil((retryAt.getTime() - now.getTime()) / 1000)),
            ),
          },
        }),
  });
}

/** The stack of an unexpected error, without its message, which may hold a value. */
export function describeUnexpected(error: unknown): string {
  const name = error instanceof Error ? error.name : typeof error;
  const frames =
    error instanceof Error
      ? (error.stack ?? "").split("\n").filter((line) => /^ {4}at /.test(line))
      : [];
  return [name, ...frames].join("\n");
}

/** The edge's part in a response to an error. */
export type ErrorWorld = {
  readonly now: () => Date;
  /** Joins a reply to the line in the log that explains it. */
  readonly newReference: () => string;
  /** Writes one entry to the log of the service. */
  readonly complain: (line: string) => void;
};

/**
 * Any error as a response. For an unexpected error the reply holds only a reference. `complain` gets the rest.
 * @param newReference makes the id that joins a 500 to its line in the log
 */
export function errorResponse(error: unknown, world: ErrorWorld): Response {
  if (error instanceof HttpProblem) return problemResponse(error);
  if (error instanceof Failure) return problemResponse(toProblem(error, world.now()));
  const reference = world.newReference();
  world.complain(`unexpected error ${reference}: ${describeUnexpected(error)}`);
  const { code } = describeError(error);
  const detail = `an unexpected error occurred (the log explains it under ${reference})`;
  return problemResponse(new HttpProblem(500, detail, { code }), { reference });
}

/** A problem as a response. */
export function problemResponse(
  problem: HttpProblem,
  more: Readonly<Record<string, string>> = {},
): Response {
  const { headers, problems, ...extensions } = problem.extensions;
  const told = Object.entries(extensions).filter(
    ([, value]) => value !== null && value !== undefined,
  );
  const body = {
    type: "about:blank",
    title: STATUS_TITLES[problem.status] ?? "Error",
    status: problem.status,
    detail: problem.message,
    ...Object.fromEntries(told),
    ...(problems !== undefined && problems.length > 0 ? { problems } : {}),
    ...more,
  };
  return jsonResponse(problem.status, shorten(body, LONG_FIELDS), {
    ...headers,
    "content-type": "application/problem+json",
  });
}

/** A JSON response that no cache keeps and no browser takes for another type. */
export function jsonResponse(
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): Response {
  return new Response(JSON.stringify(body), {
    status,
    headers: {
      "content-type": "application/json",
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
      ...headers,
    },
  });
}

/** https://www.iana.org/assignments/http-status-codes */
export const STATUS_TITLES: Readonly<Record<number, string>> = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  406: "Not Acceptable",
  408: "Request Timeout",
  409: "Conflict",
  410: "Gone",
  412: "Precondition Failed",
  413: "Payload Too Large",
  415: "Unsupported Media Type",
  422: "Unprocessable Entity",
  424: "Failed Dependency",
  428: "Precondition Required",
  429: "Too Many Requests",
  431: "Request Header Fields Too Large",
  500: "Internal Server Error",
  501: "Not Implemented",
  502: "Bad Gateway",
  503: "Service Unavailable",
  504: "Gateway Timeout",
};
