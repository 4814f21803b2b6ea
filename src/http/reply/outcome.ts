// A report as the answer to a request: done, or a problem that holds the report.
import type { Report, TokenReport } from "../../core/ports/report.ts";
import { HttpProblem, statusOf } from "../problem/problem.ts";

/**
 * The report of the one token that was requested.
 * @throws `HttpProblem` with the report: by the failure's kind, or 409 if another run holds the token
 */
export function requireRotated(report: Report, tokenName: string): TokenReport {
  const token = report.tokens.find((candidate) => candidate.token_name === tokenName);
  if (token === undefined) throw new Error("a run's report lacks the token that it was asked for");
  if (token.status === "failed") throw notRotated(report, token);
  if (token.status === "skipped") {
    const hint = "Nothing was changed. Try again later.";
    throw new HttpProblem(409, `${tokenName} was not rotated: ${token.reason}`, {
      code: "not-rotated",
      hint,
      report,
    });
  }
  return token;
}

/** Throws `HttpProblem` with the report if tokens failed and none was rotated. The first failure's kind decides the status. */
export function requireNotAllFailed(report: Report): void {
  const first = report.tokens.find((token) => token.status === "failed");
  if (first === undefined || report.rotated.length > 0) return;
  throw notRotated(report, first);
}

function notRotated(report: Report, token: TokenReport): HttpProblem {
  const error = token.error;
  if (error === null) throw new Error("a run reported a failure without its error");
  return new HttpProblem(statusOf(error), `${token.token_name} was not rotated: ${error.message}`, {
    code: error.code,
    kind: error.kind,
    hint: error.hint,
    report,
  });
}
