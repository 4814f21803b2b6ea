import { STATUS_CODES } from "node:http";
import { describe, expect, test } from "vitest";
import { answerOf } from "../../../test/http.ts";
import { reportOf } from "../../../test/reports.ts";
import { Denied, Misconfigured, Uncertain, Unchanged } from "../../core/base/errors.ts";
import type { Report, TokenReport } from "../../core/ports/report.ts";
import { requireNotAllFailed, requireRotated } from "../reply/outcome.ts";
import { errorResponse, HttpProblem, STATUS_TITLES } from "./problem.ts";

const NOW = new Date("2026-06-01T12:00:00Z");

async function respond(error: unknown) {
  const log: string[] = [];
  const response = errorResponse(error, {
    newReference: () => "reference-1",
    complain: (line) => log.push(line),
    now: () => NOW,
  });
  return { ...(await answerOf(response)), log };
}

test("titles are those of Node.js", () => {
  const ofNode = Object.keys(STATUS_TITLES).map((status) => [status, STATUS_CODES[status]]);
  expect(Object.entries(STATUS_TITLES)).toEqual(ofNode);
});

describe("the status of each failure", () => {
  const code = "some-code";
  test.each([
    ["misconfigured", new Misconfigured("m", { code }), 422],
    ["a missing token", new Misconfigured("m", { code: "token-missing" }), 404],
    ["a missing workflow", new Misconfigured("m", { code: "workflow-missing" }), 404],
    ["a missing record", new Misconfigured("m", { code: "record-missing" }), 404],
    ["the service's own environment", new Misconfigured("m", { code: "environment-invalid" }), 500],
    ["denied", new Denied("m", { code, permission: "Secrets: write" }), 424],
    ["unchanged", new Unchanged("m", { code }), 503],
    ["uncertain", new Uncertain("m", { code }), 502],
  ])("%s", async (_what, error, expected) => {
    const { status, body, log } = await respond(error);
    expect({ status, body }).toMatchObject({
      status: expected,
      body: { status: expected, code: error.code, kind: error.kind, detail: "m" },
    });
    expect(log).toEqual([]);
  });

  test("a missing permission is named", async () => {
    expect(
      (await respond(new Denied("m", { code, permission: "Secrets: write" }))).body,
    ).toMatchObject({ permission: "Secrets: write" });
  });

  test.each([
    [new Date("2026-06-01T12:01:00.001Z"), "61"],
    [new Date("2026-06-01T11:00:00Z"), "1"],
    [null, undefined],
  ])("unchanged until %s: retry-after %s", async (retryAt, expected) => {
    expect((await respond(new Unchanged("m", { code, retryAt }))).headers["retry-after"]).toBe(
      expected,
    );
  });
});

test("an unexpected error: a reference for the caller; its stack, but not its message, for the log", async () => {
  const canary = `canary-${"v".repeat(20)}`;
  const { status, headers, body, log } = await respond(
    new TypeError(`cannot read ${canary}\n    of\n${canary}`),
  );
  expect({ status, headers, body }).toEqual({
    status: 500,
    headers: {
      "content-type": "application/problem+json",
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
    },
    body: {
      type: "about:blank",
      title: "Internal Server Error",
      status: 500,
      detail: "an unexpected error occurred (the log explains it under reference-1)",
      code: "unexpected",
      reference: "reference-1",
    },
  });
  expect(log).toEqual([
    expect.stringMatching(/^unexpected error reference-1: TypeError\n {4}at .*problem\.test\.ts/),
  ]);
  expect(log.join("") + JSON.stringify(body)).not.toContain("canary");
  expect((await respond(canary)).log).toEqual(["unexpected error reference-1: string"]);
});

describe("reports", () => {
  const token = (
    token_name: string,
    status: TokenReport["status"],
    error: TokenReport["error"] = null,
  ): TokenReport => ({
    token_name,
    status,
    reason: "run 7 is working on it",
    generation: 1,
    previous_hash: null,
    new_hash: null,
    destinations: [],
    warnings: [],
    error,
  });
  const report = (...tokens: readonly TokenReport[]): Report =>
    reportOf(tokens, { triggered_by: { kind: "api" } });
  const failure = {
    kind: "uncertain",
    code: "outcome-unknown",
    message: "no answer came",
    hint: "Look first.",
  } as const;
  const problem = (act: () => unknown): unknown => {
    try {
      return act();
    } catch (error) {
      return error instanceof HttpProblem
        ? { status: error.status, detail: error.message, ...error.extensions }
        : error;
    }
  };

  test("a token that failed is a problem with the report", () => {
    const told = report(token("A", "failed", failure));
    expect(problem(() => requireRotated(told, "A"))).toEqual({
      status: 502,
      detail: "A was not rotated: no answer came",
      code: "outcome-unknown",
      kind: "uncertain",
      hint: "Look first.",
      report: told,
    });
  });

  test("a token that another run holds: 409", () => {
    expect(problem(() => requireRotated(report(token("A", "skipped")), "A"))).toMatchObject({
      status: 409,
      detail: "A was not rotated: run 7 is working on it",
      code: "not-rotated",
    });
  });

  test("a run that failed in part is not a problem; one that rotated nothing is", () => {
    expect(
      problem(() =>
        requireNotAllFailed(report(token("A", "failed", failure), token("B", "rotated"))),
      ),
    ).toBe(undefined);
    expect(problem(() => requireNotAllFailed(report(token("A", "skipped"))))).toBe(undefined);
    expect(
      problem(() =>
        requireNotAllFailed(report(token("A", "failed", failure), token("B", "skipped"))),
      ),
    ).toMatchObject({ status: 502 });
  });
});
