// From a JSON pointer to the line and column where it stands in the file.
import { type Node, parseTree } from "jsonc-parser";
import type { Position } from "../base/errors.ts";

/** The way from the root of a document to one of its parts. */
export type Path = readonly (string | number)[];

/** A part of the document: its key (for what a key is to blame for) or its value. */
export type SourcePosition = { readonly path: Path; readonly on: "key" | "value" };

/** The JSON pointer (RFC 6901) of a path. */
export function pointerOf(path: Path): string {
  return path
    .map((part) => `/${String(part).replaceAll("~", "~0").replaceAll("/", "~1")}`)
    .join("");
}

/**
 * Finds places in a text, in the order asked for. What is missing from the text has the position of the nearest part
 * around it. The text must be JSON, nested no deeper than the stack allows.
 */
export function locate(text: string, places: readonly SourcePosition[]): Position[] {
  const root = parseTree(text);
  const lines = [0];
  for (const { index, 0: lineBreak } of text.matchAll(/\r\n|\r|\n/g))
    lines.push(index + lineBreak.length);
  return places.map((place) => {
    const offset = nodeAt(root, place)?.offset ?? 0;
    const line = lines.findLastIndex((start) => start <= offset);
    return { line: line + 1, column: offset - (lines[line] ?? 0) + 1 };
  });
}

/** The key or value at a place, else the nearest value around it. */
function nodeAt(root: Node | undefined, { path, on }: SourcePosition): Node | undefined {
  let around = root;
  for (const [depth, part] of path.entries()) {
    const { key, value } = childAt(around, String(part));
    if (value === undefined) return around;
    if (key !== undefined && on === "key" && depth === path.length - 1) return key;
    around = value;
  }
  return around;
}

/** jsonc-parser's own findNodeAtLocation takes the first of a key that stands twice; the last counts, as in JSON.parse. */
function childAt(
  parent: Node | undefined,
  part: string,
): { key?: Node | undefined; value?: Node | undefined } {
  if (parent?.type === "array") return { value: parent.children?.[Number(part)] };
  const property = parent?.children?.findLast(({ children }) => children?.[0]?.value === part);
  return { key: property?.children?.[0], value: property?.children?.[1] };
}
