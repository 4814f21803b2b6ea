// Words of the style guide that texts avoid, and what to write instead.
import type { Finding } from "./finding.ts";

/** A text to judge: a line of a page, or a comment or string of a source. */
export type Line = { readonly path: string; readonly line: number; readonly text: string };

/** Each pattern with what to write instead. */
const AVOIDED: readonly (readonly [RegExp, string])[] = [
  [/\banew\b/gi, 'Write "again"'],
  [/\bmend(?:s|ed|ing|able)?\b/gi, 'Write "fix"'],
  [/\bunless given\b/gi, 'Write "(default: X)"'],
  [/\bsomebody\b/gi, "Name the actor: a person, the run, the service"],
  [/\bwhoever\b/gi, "Name the actor: a person, the run, the service"],
  [/\bnobody\b/gi, "Name the actor, and say what it cannot do"],
  [/\bhad best\b/gi, 'Write "should"'],
  [/\bso many\b/gi, "Write the number, or what it counts"],
  [/\belse than\b/gi, 'Write "other than"'],
  // Programs say, show and report; only people tell.
  [/\btells\b/gi, 'Write "says", "shows" or "reports"'],
];

/** Every avoided word, with its line. Words that are broken over two lines are not seen. */
export function checkEnglish(lines: readonly Line[]): Finding[] {
  return lines.flatMap(({ path, line, text }) =>
    text.split("\n").flatMap((part, index) =>
      AVOIDED.flatMap(([pattern, cure]) =>
        [...part.matchAll(pattern)].map(([word]) => ({
          path,
          line: line + index,
          what: `it says "${word}"`,
          cure,
        })),
      ),
    ),
  );
}

/** The folder whose texts are counted together: `src/core/plan`, `src/http`, `docs`; a page at the top by its name. */
export function countedAs(path: string): string {
  const folders = path.split("/").slice(0, -1);
  if (folders.length === 0) return path;
  const deep = ["src/core", "src/adapters"].includes(folders.slice(0, 2).join("/"));
  return folders.slice(0, deep ? 3 : folders[0] === "src" ? 2 : 1).join("/");
}
