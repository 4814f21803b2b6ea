// A finding of a rule, and its text in a failing test.

/** One violation. */
export type Finding = {
  readonly path: string;
  readonly line: number;
  /** What stands there. */
  readonly what: string;
  /** What to do about it. */
  readonly cure: string;
};

/** One line a finding, `file:line: what. cure.`, sorted by file. */
export function report(findings: readonly Finding[]): string[] {
  return [...findings]
    .sort((a, b) => a.path.localeCompare(b.path) || a.line - b.line)
    .map(({ path, line, what, cure }) => `${path}:${line}: ${what}. ${cure}.`);
}
