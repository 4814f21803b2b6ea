// Annotations and log lines: failures on the config's own lines, and text that the runner must not run as commands.
import { type AnnotationProperties, error as complain, warning } from "@actions/core";
import { describeError, Misconfigured, type Problem } from "../src/core/base/errors.ts";

const TITLE = "token-automation";

/** Each single problem, or the failure itself if it names none. */
export function problemsOf(
  error: unknown,
): readonly Pick<Problem, "message" | "hint" | "position">[] {
  if (error instanceof Misconfigured && error.problems.length > 0) return error.problems;
  return [{ ...describeError(error), position: null }];
}

/**
 * One annotation per problem.
 * @param file the config's path if annotations can point at it, else null
 */
export function annotateFailure(
  error: unknown,
  { file, fatal }: { readonly file: string | null; readonly fatal: boolean },
): void {
  const annotate = fatal ? complain : warning;
  for (const problem of problemsOf(error)) annotate(sentence(problem), placeOf(problem, file));
}

function placeOf(
  { position }: Pick<Problem, "position">,
  file: string | null,
): AnnotationProperties {
  return file === null || position === null
    ? { title: TITLE }
    : { file, startLine: position.line, startColumn: position.column };
}

/** The failure and its cure. */
export function sentence({ message, hint }: Pick<Problem, "message" | "hint">): string {
  return hint === null ? message : `${message}. ${hint}`;
}

/** Prints any text so that the runner does not take it for a command. */
export function say(text: string): void {
  console.log(text.replaceAll("::", ": :").replaceAll("##[", "## ["));
}
