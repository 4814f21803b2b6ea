// Asking an issuer as a run does, and what may be seen of its failures: for the tests of issuers.
import { inspect } from "node:util";
import { expect } from "vitest";
import { Failure } from "../src/core/base/errors.ts";
import type { Secret } from "../src/core/base/secret.ts";
import type { IssueRequest } from "../src/core/ports/issuer.ts";

/** The label of a generation of the contract's token. */
export const labelOf = (generation: number): string => `acme/widgets/DATABASE/g${generation}`;

/** What a run asks for; `current` and `retiring` as its record would have them. */
export function issueRequest(generation: number, more: Partial<IssueRequest> = {}): IssueRequest {
  return {
    tokenName: "DATABASE",
    label: labelOf(generation),
    type: "api_key",
    length: null,
    prefix: null,
    includeSpecial: null,
    current: null,
    retiring: [],
    signal: AbortSignal.timeout(240_000),
    ...more,
  };
}

/** What must not be shown anywhere of an error: looked for in it and all its causes, as a debugger prints them. */
export function expectNothingShown(error: unknown, secrets: readonly (string | Secret)[]): void {
  const shown = [
    inspect(error, { depth: 9, showHidden: true }),
    JSON.stringify(error),
    String(error),
  ].join("\n");
  const forms = secrets.map((secret) => (typeof secret === "string" ? secret : secret.reveal()));
  expect(
    forms.filter((form) => form !== "" && shown.includes(form)).length,
    "secrets in an error",
  ).toBe(0);
}

/** What that promise failed with: it must fail, with one of the four classes. */
export async function failureOf(promise: Promise<unknown>): Promise<Failure> {
  const error = await promise.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (error instanceof Failure) return error;
  throw new Error(error === null ? "it did not fail" : "it failed with an error of no class", {
    cause: error,
  });
}
