// What a report means as the answer to a request: done, or a problem that holds the report.
import type { Report, TokenReport } from "../../core/ports/report.ts";
import { HttpProblem, statusOf } from "../problem/problem.ts";

/**
 * The report of the one token that was asked for.
 * @throws `HttpProblem` with the report: by the failure's kind, or 409 where another run holds the token
 */
export function requireRotated(report: Report, tokenName: string): TokenReport {
  const token = report.tokens.find((candidate) => candidate.token_name === tokenName);
  if (token === undefined) throw new Error("a run told nothing of the token that it was asked for");
  if (token.status === "failed") throw failed(report, token);
  if (token.status === "skipped") {
    const hint = "Nothing was changed; ask again later.";
    throw new HttpProblem(409, `${tokenName} was not rotated: ${token.reason}`, {
      code: "not-rotated",
      hint,
      report,
    });
  }
  return token;
}

/** Throws `HttpProblem` with the report where tokens failed and none was rotated: by the first failure's kind. */
export function requireNotAllFailed(report: Report): void {
  const first = report.tokens.find((token) => token.status === "failed");
  if (first === undefined || report.rotated.length > 0) return;
  throw failed(report, first);
}

function failed(report: Report, token: TokenReport): HttpProblem {
  const error = token.error;
  if (error === null) throw new Error("a run told of a failure without its error");
  return new HttpProblem(statusOf(error), `${token.token_name} was not rotated: ${error.message}`, {
    code: error.code,
    kind: error.kind,
    hint: error.hint,
    report,
  });
}
