// Errors as lines for people and as JSON for programs, and the exit code of each.
import { describeError, Failure, Misconfigured, type Problem } from "../../core/base/errors.ts";
import { type Colors, plain } from "./text.ts";

/** The members under `error` in JSON. The kind says what the caller must do next, and the code is stable. */
type RenderedFailure = {
  readonly kind: string;
  readonly code: string;
  readonly message: string;
  readonly hint: string | null;
  readonly problems: readonly Problem[];
};

function failureData(error: unknown): RenderedFailure {
  return {
    ...describeError(error),
    problems: error instanceof Misconfigured ? error.problems : [],
  };
}

/** One line, so that it can stand among the lines of a command that prints many. */
export function failureJson(error: unknown): string {
  return JSON.stringify({ error: failureData(error) });
}

function hintLine(hint: string | null, colors: Colors): string {
  return hint === null ? "" : `  ${colors.cyan("hint:")} ${plain(hint)}\n`;
}

function problemText(problem: Problem, path: string, colors: Colors): string {
  const { position, message, hint } = problem;
  const where =
    position === null
      ? colors.red("error:")
      : colors.bold(`${plain(path)}:${position.line}:${position.column}:`);
  return `${where} ${plain(message)}\n${hintLine(hint, colors)}`;
}

/**
 * The error for people: one line, and what to do. For a config, every mistake with its place.
 * @param path the config's path, as the person wrote it
 */
export function failureText(error: unknown, path: string, colors: Colors): string {
  const { message, hint, problems } = failureData(error);
  const head = `${colors.red("error:")} ${plain(message)}\n`;
  if (problems.length === 0) return head + hintLine(hint, colors);
  const all = problems.map((problem) => problemText(problem, path, colors)).join("");
  return problems.some((problem) => problem.position !== null) ? `${all}${head}` : all;
}

/** For TOKEN_AUTOMATION_DEBUG: the stack of an unexpected error, and of the causes of other errors. */
export function stackText(error: unknown): string {
  const unforeseen = error instanceof Failure ? error.cause : error;
  if (unforeseen === undefined) return "";
  return `${unforeseen instanceof Error ? (unforeseen.stack ?? unforeseen.message) : typeof unforeseen}\n`;
}
