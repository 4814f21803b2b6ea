// The text of a plan's question to people on GitHub, and its marker. Pure.

import type { ApprovalRequest } from "../../core/ports/approvals.ts";
import { quoted } from "../github/quoted.ts";

/** GitHub's limit on a title, in characters. */
const LONGEST_TITLE = 256;
/** The most characters that the plan's lines may take of a body. GitHub takes 65,536. */
const LONGEST_LINES = 60_000;
const BY_COMMENT = "comment with a line that says `/approve`";

/** The marker by which a plan's issue or pull request is found again. */
export function marker(digest: string): string {
  return `<!-- token-automation plan: ${digest} -->`;
}

/** The lines that fit, and a count of those that do not. */
function stepsOf(lines: readonly string[]): string[] {
  const steps: string[] = [];
  let room = LONGEST_LINES;
  for (const line of lines) {
    const step = `- ${quoted(line)}`;
    room -= step.length + 1;
    if (room < 0)
      return [...steps, `- and ${lines.length - steps.length} more lines that do not fit here`];
    steps.push(step);
  }
  return steps;
}

/** Title and body of the question. */
export function wordsOf(
  { digest, lines, askedBy, title }: ApprovalRequest,
  approve = BY_COMMENT,
): { title: string; body: string } {
  const body = [
    `An agent (${quoted(askedBy)}) asks to change this repository's secrets:`,
    stepsOf(lines).join("\n"),
    `To approve exactly this, ${approve}. It counts from people who may write to this repository, and no longer once the record has moved. To refuse, close this.`,
    marker(digest),
  ].join("\n\n");
  return { title: title.slice(0, LONGEST_TITLE), body };
}
