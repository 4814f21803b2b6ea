// From a JSON pointer to the line and column where it stands in the file.
import { visit } from "jsonc-parser";
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

type Spot = { key: Position | null; value: Position | null; readonly children: Map<string, Spot> };
type Frame = { readonly spot: Spot | undefined; child: Spot | undefined; index: number | null };

function newSpot(): Spot {
  return { key: null, value: null, children: new Map() };
}

function spotsFor(places: readonly SourcePosition[]): Spot {
  const root = newSpot();
  for (const { path } of places) {
    let spot = root;
    for (const part of path) {
      const child = spot.children.get(String(part)) ?? newSpot();
      spot.children.set(String(part), child);
      spot = child;
    }
  }
  return root;
}

/** Walks the text once and notes where the wanted parts begin; of a key that stands twice, the last counts, as in JSON.parse. */
function fill(root: Spot, text: string): void {
  const frames: Frame[] = [];
  const enter = (line: number, character: number): Spot | undefined => {
    const frame = frames.at(-1);
    let spot = frame === undefined ? root : frame.child;
    if (frame !== undefined && frame.index !== null)
      spot = frame.spot?.children.get(String(frame.index++));
    if (spot !== undefined) spot.value = { line: line + 1, column: character + 1 };
    return spot;
  };
  const begin =
    (index: number | null) =>
    (_offset: number, _length: number, line: number, character: number) => {
      const spot = enter(line, character);
      frames.push({ spot, child: undefined, index });
      return spot !== undefined && spot.children.size > 0;
    };
  visit(text, {
    onObjectBegin: begin(null),
    onArrayBegin: begin(0),
    onObjectEnd: () => void frames.pop(),
    onArrayEnd: () => void frames.pop(),
    onLiteralValue: (_value, _offset, _length, line, character) => void enter(line, character),
    onObjectProperty: (name, _offset, _length, line, character) => {
      const frame = frames.at(-1);
      if (frame === undefined) return;
      frame.child = frame.spot?.children.get(name);
      if (frame.child !== undefined) frame.child.key = { line: line + 1, column: character + 1 };
    },
  });
}

/**
 * Finds many places in one walk over the text, in the order asked for. What is missing from the text
 * has the position of the nearest part around it. The text must be JSON, nested no deeper than the stack allows.
 */
export function locate(text: string, places: readonly SourcePosition[]): Position[] {
  const root = spotsFor(places);
  fill(root, text);
  return places.map(({ path, on }) => {
    let position = root.value ?? { line: 1, column: 1 };
    let spot: Spot | undefined = root;
    for (const [depth, part] of path.entries()) {
      spot = spot?.children.get(String(part));
      const last = depth === path.length - 1;
      position = (last && on === "key" ? spot?.key : null) ?? spot?.value ?? position;
    }
    return position;
  });
}
