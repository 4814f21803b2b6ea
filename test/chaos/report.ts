// The suite's report: a table of the cases that held, and the details of a case that did not.
import type { Case } from "./cases.ts";
import type { CaseResult } from "./run-case.ts";

type Group = Case["disturbance"]["kind"];

const GROUPS: Readonly<Record<Group, string>> = {
  calm: "no fault",
  answer: "one request answered wrongly, cut, left hanging, or its reply lost",
  outage: "from one request on, none answered well",
  kill: "SIGKILL before or after one request is acted on",
  second: "a second run between two requests",
  race: "two runs, their requests in a drawn order",
  person: "a person's commit between two requests",
  keys: "the scopes' public keys replaced between two requests",
};

/** One row a group, and the sum. */
export function renderTable(cases: readonly Case[], results: readonly CaseResult[]): string {
  const held = new Set(
    results.filter(({ violations }) => violations.length === 0).map(({ id }) => id),
  );
  const row = (kind: string, what: string, of: readonly Case[]) =>
    `| ${kind} | ${what} | ${of.length} | ${of.filter(({ id }) => held.has(id)).length} |`;
  const kinds = Object.entries(GROUPS).map(([kind, what]) =>
    row(
      kind,
      what,
      cases.filter(({ disturbance }) => disturbance.kind === kind),
    ),
  );
  return [
    "| Group | What goes wrong | Cases | Held |",
    "| --- | --- | ---: | ---: |",
    ...kinds,
    row("all", "", cases),
  ].join("\n");
}

/** What was broken, by which runs and requests, and how to run that case again. */
export function renderFailure({ id, violations, runs }: CaseResult): string {
  const told = runs.flatMap(({ name, code, signal, requests, outputs }) => [
    `  ${name} ended with ${signal ?? code}:`,
    ...requests.map((request) => `    ${request}`),
    ...`${outputs.get("stdout") ?? ""}${outputs.get("stderr") ?? ""}`
      .split("\n")
      .filter(Boolean)
      .map((line) => `    | ${line}`),
  ]);
  return [
    `${id} did not hold:`,
    ...violations.map((violation) => `  ✗ ${violation}`),
    ...told,
    `  Again: npm run chaos -- --only ${id}`,
  ].join("\n");
}
