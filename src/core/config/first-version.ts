// Files of earlier shapes: the Python program's, with values in plaintext, and records whose token states are flat.
import { isObject, type Mistake, partName } from "./mistake.ts";
import type { Path } from "./positions.ts";

/** Keys of a token that only the first version wrote; the first two hold its value. */
const TOKEN_KEYS = ["value", "token", "last_rotated", "rotation_count"] as const;
/** Keys of the file that only the first version wrote. */
const FILE_KEYS = ["rotation_rules", "rotation_history"] as const;

/** The path of what gives a document away as the first version's; null where nothing does. */
export function firstVersionMark(document: unknown): Path | null {
  if (!isObject(document)) return null;
  const own = FILE_KEYS.find((key) => Object.hasOwn(document, key));
  if (own !== undefined) return [own];
  // Who writes a value into a file of this version makes another mistake: it is told as such.
  if (document.version === 1 || !isObject(document.tokens)) return null;
  for (const [name, token] of Object.entries(document.tokens)) {
    const key = isObject(token) ? TOKEN_KEYS.find((each) => Object.hasOwn(token, each)) : undefined;
    if (key !== undefined) return ["tokens", name, key];
  }
  return null;
}

/** Whether a token's state has the flat shape of the first edition: what is known of the live credential stood beside the rest. */
export function hasFlatState(state: unknown): boolean {
  return isObject(state) && !Object.hasOwn(state, "current") && Object.hasOwn(state, "generation");
}

/** The path of what only the first edition wrote: a flat token state, or the history as a list; null if there is none. */
export function firstEditionMark(document: unknown): Path | null {
  const state = isObject(document) && isObject(document.state) ? document.state : {};
  const flat = Object.entries(isObject(state.tokens) ? state.tokens : {}).find(([, one]) =>
    hasFlatState(one),
  );
  if (flat !== undefined) return ["state", "tokens", flat[0], "generation"];
  const isList = isObject(document) && document.version === 1 && Array.isArray(document.history);
  return isList ? ["history"] : null;
}

/** The one mistake that a file of an earlier shape is; null for any other. */
export function findEarlierShape(document: unknown): Mistake | null {
  const path = firstVersionMark(document);
  if (path === null) return findFirstEdition(document);
  return {
    path,
    on: "key",
    code: "first-version-file",
    message: `the file was written by the first version of the program: it holds ${partName(path)}`,
    hint: "Run `token-automation migrate`: rules and workflows carry over, values are dropped, and their tokens become due at once.",
  };
}

function findFirstEdition(document: unknown): Mistake | null {
  const path = firstEditionMark(document);
  if (path === null) return null;
  return {
    path,
    on: "key",
    code: "first-edition-record",
    message: `the record was written by an earlier edition of the program: it holds ${partName(path)}`,
    hint: "Run `token-automation migrate`: it writes the same state in the new shape, and nothing is lost.",
  };
}
