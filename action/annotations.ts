// Errors as annotations: on the config's own lines where it is in this repository.
import { error as annotate } from "@actions/core";
import { Misconfigured, reportError } from "../src/errors.ts";

/** @param file the config's path where annotations can point at it, else null */
export function annotateFailure(error: unknown, file: string | null): void {
  const problems = error instanceof Misconfigured ? error.problems : [];
  for (const { message, hint, position } of problems) {
    const place = file === null || position === null ? {} : { file, startLine: position.line, startColumn: position.column };
    annotate(sentence(message, hint), { title: "token-automation", ...place });
  }
  if (problems.length === 0) annotate(describe(error), { title: "token-automation" });
}

/** What failed and what to do, on one line; nothing of an error that is not ours but its name. */
export function describe(error: unknown): string {
  const { message, hint } = reportError(error);
  return sentence(message, hint);
}

function sentence(message: string, hint: string | null): string {
  return hint === null ? message : `${message}. ${hint}`;
}
