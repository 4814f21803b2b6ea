// Judges the config's shape against the schema: which keys and kinds of values stand where.
import * as z from "zod";
import { seenName } from "../base/showable.ts";
import { didYouMean } from "../model/names.ts";
import { recordSchema, type TokenConfig } from "../model/schema.ts";
import { type Mistake, partName, valueAt } from "./mistake.ts";
import type { Path } from "./positions.ts";
import { explainIssue } from "./wording.ts";

type Issue = z.core.$ZodIssue;

/** Keys under which people put the value itself, which has no place in this file. */
const VALUE_KEYS: ReadonlySet<string> = new Set([
  "value",
  "token",
  "secret",
  "password",
  "plaintext",
  "new_token",
  "key",
]);
const VALUE_HINTS: Readonly<Record<string, string>> = {
  secret:
    "If it is a value, delete it and rotate the token; if it is the secret's name, write it inside one of the destinations.",
};

/** Keys of an earlier edition, by their path. */
const MOVED: ReadonlyMap<string, Pick<Mistake, "message" | "hint">> = new Map([
  [
    "history",
    {
      message: "the file holds its history, which is in token_history/ now",
      hint: "Run `token-automation migrate`: it moves the entries there.",
    },
  ],
  [
    "settings.history_limit",
    {
      message: "settings has the key history_limit, which is not needed any more",
      hint: "Delete it: each entry goes to token_history/ once, and the record stays short. `token-automation migrate` does it too.",
    },
  ],
]);

/** `config` is the very object that was judged: nothing is copied, added, dropped or reordered. */
export type Shape =
  | { readonly ok: true; readonly config: TokenConfig }
  | { readonly ok: false; readonly mistakes: readonly Mistake[] };

/** Judges a parsed document against the schema; keys that begin with `x-` are passed over wherever they stand. */
export function checkShape(document: unknown): Shape {
  const result = recordSchema.safeParse(document);
  // The schema's output is the same data in another order; `document` itself is what was judged.
  if (result.success) return { ok: true, config: document as TokenConfig };
  const mistakes = result.error.issues.flatMap((issue) => mistakesOf(issue, [], document));
  // All that the schema had against it were x- keys.
  if (mistakes.length === 0) return { ok: true, config: document as TokenConfig };
  return { ok: false, mistakes: withoutRepeats(mistakes) };
}

/** The schema checks one number against several limits; each part is told its tightest one, which comes last. */
function withoutRepeats(mistakes: readonly Mistake[]): Mistake[] {
  return [
    ...new Map(
      mistakes.map((mistake) => [JSON.stringify([mistake.code, mistake.path]), mistake]),
    ).values(),
  ];
}

function mistakesOf(issue: Issue, base: Path, document: unknown): Mistake[] {
  const path: Path = [
    ...base,
    ...issue.path.map((part) => (typeof part === "number" ? part : String(part))),
  ];
  if (issue.code === "unrecognized_keys") {
    return issue.keys
      .filter((key) => !key.startsWith("x-"))
      .map((key) => unknownKey(path, key, document));
  }
  if (issue.code === "invalid_union" && issue.errors.length > 0)
    return bestBranch(issue.errors, path, document);
  return [explainIssue(issue, path, valueAt(document, path))];
}

/** Of a union's branches, the one that the value was meant for: the one that did not already refuse its kind. */
function bestBranch(
  branches: readonly (readonly Issue[])[],
  path: Path,
  document: unknown,
): Mistake[] {
  const meant = branches.find(
    (issues) => !issues.some((issue) => issue.code === "invalid_type" && issue.path.length === 0),
  );
  if (meant !== undefined) return meant.flatMap((issue) => mistakesOf(issue, path, document));
  const expected = branches.flatMap((issues) =>
    issues.flatMap((issue) => (issue.code === "invalid_type" ? [issue.expected] : [])),
  );
  return [
    explainIssue(
      { code: "invalid_type", expected: expected[0] ?? "string", path: [], message: "" },
      path,
      valueAt(document, path),
    ),
  ];
}

function unknownKey(path: Path, key: string, document: unknown): Mistake {
  const where = { path: [...path, key], on: "key" } as const;
  if (path[0] === "tokens" && path.length >= 2 && VALUE_KEYS.has(key)) {
    return {
      ...where,
      code: "value-in-config",
      message: `${partName(path)} has the key "${key}": values have no place in this file, which git keeps for ever`,
      hint:
        VALUE_HINTS[key] ??
        "Delete it and rotate the token: anyone who can read the repository's history can read the value.",
    };
  }
  const moved = MOVED.get([...path, key].join("."));
  if (moved !== undefined)
    return { ...where, code: "unknown-key", message: moved.message, hint: moved.hint };
  const known = keysAt(path, document);
  const meant = didYouMean(key, known);
  return {
    ...where,
    code: "unknown-key",
    message: `${partName(path)} has the unknown key ${seenName(key)}`,
    hint:
      meant ??
      `Known here: ${known.join(", ")}. Notes of your own go under keys that begin with "x-".`,
  };
}

/** The keys that the schema knows of an object at a path. */
function keysAt(path: Path, document: unknown): string[] {
  let schema: unknown = recordSchema;
  for (let depth = 0; depth <= path.length; depth++) {
    schema = settled(schema, valueAt(document, path.slice(0, depth)));
    const part = path[depth];
    if (part === undefined) break;
    if (schema instanceof z.ZodObject) schema = schema.shape[String(part)];
    else if (schema instanceof z.ZodRecord) schema = schema.valueType;
    else if (schema instanceof z.ZodArray) schema = schema.element;
  }
  return schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
}

/** The schema without its wrapping: not optional, and the one option that the value chose. */
function settled(schema: unknown, value: unknown): unknown {
  if (schema instanceof z.ZodOptional) return settled(schema.unwrap(), value);
  if (!(schema instanceof z.ZodDiscriminatedUnion)) return schema;
  const { discriminator } = schema.def;
  const chosen = valueAt(value, [discriminator]);
  return schema.options.find(
    (option) =>
      option instanceof z.ZodObject &&
      option.shape[discriminator]?.safeParse(chosen).success === true,
  );
}
