// One mistake in the config before its position is known, and the words that messages use for the config's parts.

import { seenName } from "../base/showable.ts";
import type { Path, SourcePosition } from "./positions.ts";

/** One mistake and the part of the config that is to blame. */
export type Mistake = SourcePosition & {
  readonly code: string;
  readonly message: string;
  readonly hint: string | null;
};

/** Whether something is an object in the sense of JSON. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** What stands at a path; undefined where nothing does. */
export function valueAt(document: unknown, path: Path): unknown {
  let value = document;
  for (const part of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, part))
      return undefined;
    value = (value as Record<string | number, unknown>)[part];
  }
  return value;
}

const ENTRIES: ReadonlyMap<unknown, string> = new Map([
  ["tokens", "the token"],
  ["rules", "the rule for"],
  ["workflows", "the workflow"],
]);

/** The name of a part as a person would say it: `the token "API_KEY"`, `destinations[0].to of the token "API_KEY"`. */
export function partName(path: Path): string {
  const [section, name, ...rest] = path;
  if (section === undefined) return "the file";
  const noun = ENTRIES.get(section);
  if (noun === undefined || name === undefined) return dotted(path);
  const entry = `${noun} ${seenName(String(name))}`;
  return rest.length === 0 ? entry : `${dotted(rest)} of ${entry}`;
}

function dotted(path: Path): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === "number") return `${text}[${part}]`;
    // A name that a person gave may be a value put in the wrong place.
    const shown = seenName(part).startsWith('"') || part === "$schema" ? part : "…";
    return text === "" ? shown : `${text}.${shown}`;
  }, "");
}

/** What stands where a name belongs and has the form of a credential: the person who wrote it there may have given a secret away. */
export function valueAsName(name: string, place: SourcePosition): Mistake {
  return {
    ...place,
    code: "value-as-name",
    message: `${seenName(name)} stands where a name belongs and looks like the value of a credential`,
    hint: "Write a name; if it was a value, revoke it: git keeps what was committed.",
  };
}
