// Problems as lines of text, so that tests show all of them at a glance.

import type { Problem } from "../src/core/base/errors.ts";
import { parseConfig } from "../src/core/config/parse.ts";
import type { Home } from "../src/core/model/token.ts";

/** A record on GitHub, of the repository that examples use. */
export const GITHUB: Home = { kind: "github", repository: "acme/app" };
/** A record in a local work tree without a remote. */
export const LOCAL: Home = { kind: "local", repository: null };

/** `line:column pointer code`, then the message and the hint, for each problem. */
function renderProblems(problems: readonly Problem[]): string {
  return problems
    .map(({ position, pointer, code, message, hint }) => {
      const place = position === null ? "-" : `${position.line}:${position.column}`;
      return `${place} ${pointer === "" ? "(whole)" : pointer} ${code}\n  ${message}\n  > ${hint ?? "-"}`;
    })
    .join("\n");
}

/** The result of parsing a text: `ok`, or every problem. */
export function tellProblems(text: string, home: Home = GITHUB): string {
  const parsed = parseConfig(text, home);
  return parsed.ok ? "ok" : renderProblems(parsed.problems);
}
