// Mistakes in a text as JSON: syntax errors, comments, trailing commas and duplicate keys.
import { createScanner, printParseErrorCode, visit } from "jsonc-parser";
import type { Problem } from "../base/errors.ts";
import { seenName } from "../base/showable.ts";
import { type Path, pointerOf } from "./positions.ts";

/** Objects and lists within one another; what the program writes needs about ten. The parser that finds positions recurses. */
export const MAX_DEPTH = 100;
/** The most syntax errors reported. More of them are no help in a file that was never JSON. */
const MAX_SYNTAX_PROBLEMS = 100;

const VALUES = "Write a string in double quotes, a number, true, false, null, an object or a list.";
/** By jsonc-parser's names for them. */
const MEANINGS: Readonly<Record<string, readonly [message: string, hint: string]>> = {
  InvalidSymbol: [
    "something stands here that is not JSON",
    "Strings and keys need double quotes; the only words are true, false and null.",
  ],
  InvalidNumberFormat: ["this is not a number in JSON", "Write digits, as 24 or 0.5."],
  PropertyNameExpected: ["a key in double quotes was expected here", 'Write "key": value.'],
  ValueExpected: ["a value was expected here", VALUES],
  ColonExpected: ["a colon was expected here", 'Write "key": value.'],
  CommaExpected: [
    "a comma was expected here",
    "Put a comma between two entries; numbers have no leading zero.",
  ],
  CloseBraceExpected: ["a closing brace } was expected here", "Close the object with }."],
  CloseBracketExpected: ["a closing bracket ] was expected here", "Close the list with ]."],
  EndOfFileExpected: [
    "the text goes on after the end of the document",
    "Remove what follows the last closing brace.",
  ],
  UnexpectedEndOfComment: ["a comment does not end", "JSON has no comments: remove it."],
  UnexpectedEndOfString: [
    "a string does not end on its line",
    "Close it with a double quote; write line breaks as \\n.",
  ],
  UnexpectedEndOfNumber: ["a number is cut off", "Write it out, as 0.5 or 1e3."],
  InvalidUnicode: [
    "an escape of the form \\u is cut off",
    "Write four hexadecimal digits after \\u.",
  ],
  InvalidEscapeCharacter: [
    "a backslash stands before something it cannot escape",
    "Write a backslash itself as \\\\.",
  ],
  InvalidCharacter: [
    "a string holds a control character",
    "Write tabs as \\t and line breaks as \\n.",
  ],
};

/** What a text that is not JSON holds: its mistakes and, where they were only comments and trailing commas, the text without them. */
export type SyntaxFindings = {
  readonly problems: readonly Problem[];
  readonly repaired: string | null;
};

function problemAt(
  code: string,
  line: number,
  character: number,
  message: string,
  hint: string,
): Problem {
  return { code, pointer: "", position: { line: line + 1, column: character + 1 }, message, hint };
}

/** The problem of a document nested deeper than `MAX_DEPTH`. */
export function tooDeep(): Problem {
  const message = `objects and lists stand within one another more than ${MAX_DEPTH} deep`;
  return {
    code: "too-deep",
    pointer: "",
    position: null,
    message,
    hint: "Flatten what stands under keys that begin with x-.",
  };
}

type Extras = { readonly problems: Problem[]; readonly blanked: string; readonly depth: number };

/** Finds comments and trailing commas, and blanks them out so that all else keeps its position. */
function findExtras(text: string): Extras {
  const scanner = createScanner(text, false);
  const problems: Problem[] = [];
  const ranges: (readonly [offset: number, end: number])[] = [];
  let comma: { readonly offset: number; readonly line: number; readonly character: number } | null =
    null;
  let [depth, deepest] = [0, 0];
  while (scanner.getPosition() < text.length) {
    scanner.scan();
    const offset = scanner.getTokenOffset();
    const [line, character] = [scanner.getTokenStartLine(), scanner.getTokenStartCharacter()];
    const first = text.charAt(offset);
    if (/\s/.test(first)) continue;
    if (text.startsWith("//", offset) || text.startsWith("/*", offset)) {
      ranges.push([offset, scanner.getPosition()]);
      problems.push(
        problemAt(
          "json-comment",
          line,
          character,
          "JSON has no comments",
          'Remove it, or keep the note under a key that begins with "x-".',
        ),
      );
      continue;
    }
    if (first === "{" || first === "[") deepest = Math.max(deepest, ++depth);
    if (first === "}" || first === "]") {
      depth--;
      if (comma !== null) {
        ranges.push([comma.offset, comma.offset + 1]);
        problems.push(
          problemAt(
            "json-trailing-comma",
            comma.line,
            comma.character,
            `a comma stands before the closing ${first}`,
            "Remove the comma.",
          ),
        );
      }
    }
    comma = first === "," ? { offset, line, character } : null;
  }
  return { problems, blanked: blank(text, ranges), depth: deepest };
}

function blank(text: string, ranges: readonly (readonly [number, number])[]): string {
  const pieces: string[] = [];
  let kept = 0;
  for (const [offset, end] of ranges.toSorted((a, b) => a[0] - b[0])) {
    pieces.push(text.slice(kept, offset), text.slice(offset, end).replace(/[^\r\n]/g, " "));
    kept = end;
  }
  return pieces.join("") + text.slice(kept);
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    // The parser's own message quotes the text around the mistake, which may hold a value: it is dropped on purpose.
    return false;
  }
}

function findErrors(text: string): Problem[] {
  const problems: Problem[] = [];
  let told = -1;
  let before = "";
  visit(
    text,
    {
      onError(error, offset, length, line, character) {
        const name = printParseErrorCode(error);
        // One slip makes the parser stumble several times: at the same place, at once after it, by missing
        // the value of the key it has just missed, and by finding the end where it no longer expects it.
        const echo =
          (before === "PropertyNameExpected" && name === "ValueExpected") ||
          (told >= 0 && name === "EndOfFileExpected");
        const stumble = echo || (told >= 0 && text.slice(told, offset).trim() === "");
        told = Math.max(told, offset + Math.max(length, 1));
        before = name;
        if (stumble || problems.length >= MAX_SYNTAX_PROBLEMS) return;
        const [message, hint] = MEANINGS[name] ?? ["the text is not JSON from here on", VALUES];
        problems.push(problemAt("json-syntax", line, character, message, hint));
      },
    },
    { disallowComments: true },
  );
  if (problems.length > 0) return problems;
  return [
    {
      code: "json-syntax",
      pointer: "",
      position: null,
      message: "the text is not JSON",
      hint: "Check it with a JSON editor.",
    },
  ];
}

/** Everything that is wrong with a text that JSON.parse refuses. */
export function findSyntaxMistakes(text: string): SyntaxFindings {
  const { problems, blanked, depth } = findExtras(text);
  if (depth > MAX_DEPTH) return { problems: [tooDeep()], repaired: null };
  if (problems.length > 0 && isJson(blanked)) return { problems, repaired: blanked };
  return {
    problems: [...problems.slice(0, MAX_SYNTAX_PROBLEMS), ...findErrors(blanked)],
    repaired: null,
  };
}

/** How many keys a JSON text holds. It leaps from quote to quote: 1 ms for the 1 MB of 1,000 tokens, where a visit takes 50. */
export function countKeys(text: string): number {
  let keys = 0;
  for (let start = text.indexOf('"'); start !== -1; ) {
    let end = start;
    for (let escapes = 1; escapes % 2 === 1; ) {
      end = text.indexOf('"', end + 1);
      if (end === -1) return keys;
      escapes = 0;
      while (text.charCodeAt(end - 1 - escapes) === 0x5c) escapes++;
    }
    let next = end + 1;
    let code = text.charCodeAt(next);
    while (code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09)
      code = text.charCodeAt(++next);
    if (code === 0x3a) keys++;
    start = text.indexOf('"', next);
  }
  return keys;
}

/** Keys that stand twice in one object: JSON.parse would drop all but the last without a word. The text must be JSON. */
export function findDuplicateKeys(text: string): Problem[] {
  const problems: Problem[] = [];
  const objects: Map<string, number>[] = [];
  visit(text, {
    onObjectBegin: () => void objects.push(new Map()),
    onObjectEnd: () => void objects.pop(),
    onObjectProperty(name, _offset, _length, line, character, path) {
      const keys = objects.at(-1);
      const before = keys?.get(name);
      keys?.set(name, line + 1);
      if (before === undefined) return;
      const message = `the key ${seenName(name)} stands twice in one object (before on line ${before}); only the last would count`;
      const where: Path = [...path(), name];
      const hint = "Keep one of the two, or give one another name.";
      problems.push({
        ...problemAt("duplicate-key", line, character, message, hint),
        pointer: pointerOf(where),
      });
    },
  });
  return problems;
}
