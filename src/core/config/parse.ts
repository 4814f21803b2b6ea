// Reads and writes token_config.json: every mistake in it is told at once, with its place and what to do.

import type { Problem } from "../base/errors.ts";
import { looksLikeSecret } from "../base/showable.ts";
import type { TokenConfig } from "../model/schema.ts";
import type { Home } from "../model/token.ts";
import { findEarlierShape } from "./first-version.ts";
import { isObject, type Mistake } from "./mistake.ts";
import { locate, type Path, pointerOf } from "./positions.ts";
import { NO_DOUBTS, prune } from "./prune.ts";
import { checkRules } from "./rules.ts";
import { checkShape } from "./shape.ts";
import { countKeys, findDuplicateKeys, findSyntaxMistakes, MAX_DEPTH, tooDeep } from "./syntax.ts";

/** A config, or everything that is wrong with it in the order of the file. */
export type ParsedConfig =
  | { readonly ok: true; readonly config: TokenConfig }
  | { readonly ok: false; readonly problems: readonly Problem[] };

type Judged =
  | { readonly ok: true; readonly config: TokenConfig }
  | { readonly ok: false; readonly mistakes: readonly Mistake[] };

/** What is learned from going through a whole document once. */
type Survey = { readonly keys: number; readonly reserved: boolean; readonly deep: boolean };

// Level by level instead of by recursion, which a hostile file could drive beyond the stack.
function survey(document: unknown): Survey {
  let keys = 0;
  let reserved = false;
  let level = [document];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > MAX_DEPTH) return { keys, reserved, deep: true };
    const next: unknown[] = [];
    for (const value of level) {
      if (typeof value !== "object" || value === null) continue;
      if (!Array.isArray(value) && Object.hasOwn(value, "__proto__")) reserved = true;
      for (const inner of Array.isArray(value) ? value : Object.values(value)) {
        if (typeof inner === "object" && inner !== null) next.push(inner);
      }
      if (!Array.isArray(value)) keys += Object.keys(value).length;
    }
    level = next;
  }
  return { keys, reserved, deep: false };
}

/** A key that JavaScript's own objects give a meaning to, and that libraries skip in silence: nothing under it would be checked. */
function reservedKeys(value: unknown, path: Path): Mistake[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    if (key.startsWith("x-")) return [];
    const where = [...path, Array.isArray(value) ? Number(key) : key];
    if (key !== "__proto__") return reservedKeys(inner, where);
    return [
      {
        path: where,
        on: "key",
        code: "reserved-name",
        message: `"__proto__" cannot be a key`,
        hint: "Give it another name.",
      } as const,
    ];
  });
}

function judge(document: unknown, found: Survey, home: Home): Judged {
  const reserved = found.reserved ? reservedKeys(document, []) : [];
  if (reserved.length > 0) return { ok: false, mistakes: reserved };
  const old = findEarlierShape(document);
  if (old !== null) return { ok: false, mistakes: [old] };
  const shape = checkShape(document);
  if (shape.ok) {
    const mistakes = checkRules(shape.config, home, NO_DOUBTS);
    return mistakes.length === 0 ? shape : { ok: false, mistakes };
  }
  // In a file for a newer version, all else that seems wrong may be right there.
  const newer = isObject(document) && typeof document.version === "number";
  const unsupported = shape.mistakes.find(({ code }) => code === "unsupported-version");
  if (newer && unsupported !== undefined) return { ok: false, mistakes: [unsupported] };
  const rest = prune(document, shape.mistakes);
  return {
    ok: false,
    mistakes: [
      ...shape.mistakes,
      ...(rest === null ? [] : checkRules(rest.config, home, rest.doubts)),
    ],
  };
}

function toProblem({ code, path, message, hint }: Mistake, position: Problem["position"]): Problem {
  // A pointer shows keys as they are, except a key that may be a value. The position or the message shows where that is.
  const shown = path.map((part) =>
    typeof part === "string" && looksLikeSecret(part) ? "…" : part,
  );
  return { code, pointer: pointerOf(shown), position, message, hint };
}

function inOrder(problems: readonly Problem[]): Problem[] {
  const line = (problem: Problem) => problem.position?.line ?? 0;
  const column = (problem: Problem) => problem.position?.column ?? 0;
  return problems.toSorted((a, b) => line(a) - line(b) || column(a) - column(b));
}

/**
 * Parses token_config.json. On success the config is what stands in the text, nothing added or reordered.
 * Otherwise every mistake: in JSON itself (RFC 8259), against the schema, and against what the schema
 * cannot say. No message holds a value that could be secret.
 * @param text the file's content; a byte order mark at its beginning is passed over
 * @param home where the record lives: decides default destinations
 */
export function parseConfig(text: string, home: Home): ParsedConfig {
  const content = text.startsWith("\ufeff") ? text.slice(1) : text;
  if (content.trim() === "") {
    const hint = "Run `token-automation init` to write a starter file.";
    return {
      ok: false,
      problems: [
        {
          code: "empty-file",
          pointer: "",
          position: { line: 1, column: 1 },
          message: "the file is empty",
          hint,
        },
      ],
    };
  }
  try {
    return judgeText(content, JSON.parse(content), home);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    const { problems, repaired } = findSyntaxMistakes(content);
    if (repaired === null) return { ok: false, problems };
    const rest = judgeText(repaired, JSON.parse(repaired), home);
    return { ok: false, problems: inOrder([...problems, ...(rest.ok ? [] : rest.problems)]) };
  }
}

function judgeText(text: string, document: unknown, home: Home): ParsedConfig {
  const found = survey(document);
  if (found.deep) return { ok: false, problems: [tooDeep()] };
  const judged = judge(document, found, home);
  const duplicates = countKeys(text) === found.keys ? [] : findDuplicateKeys(text);
  if (judged.ok && duplicates.length === 0) return judged;
  const mistakes = judged.ok ? [] : judged.mistakes;
  const positions = locate(text, mistakes);
  return {
    ok: false,
    problems: inOrder([
      ...duplicates,
      ...mistakes.map((mistake, index) => toProblem(mistake, positions[index] ?? null)),
    ]),
  };
}

/** The same checks for a config that the program has edited: positions are null, since it stands in no file yet. */
export function validateConfig(config: unknown, home: Home): Problem[] {
  const found = survey(config);
  if (found.deep) return [tooDeep()];
  const judged = judge(config, found, home);
  return judged.ok ? [] : judged.mistakes.map((mistake) => toProblem(mistake, null));
}

const SECTIONS = ["$schema", "version", "settings", "tokens", "rules", "workflows", "state"];
/** The section that the program writes. */
const OWN = "state";

/**
 * What the program adds comes last in memory. People write nothing after the program's own section, so what stands there
 * was added, and moves to its place; all else keeps the order it was written in.
 */
function orderedKeys(config: TokenConfig): string[] {
  const keys = Object.keys(config);
  const own = keys.indexOf(OWN);
  const added = own < 0 ? [] : keys.slice(own + 1).filter((key) => SECTIONS.includes(key));
  const ordered = keys.filter((key) => !added.includes(key));
  for (const key of added) {
    const rank = SECTIONS.indexOf(key);
    const before = ordered.findIndex((other) => SECTIONS.indexOf(other) > rank);
    ordered.splice(before < 0 ? ordered.length : before, 0, key);
  }
  return ordered;
}

/** The text of token_config.json: two-space JSON with a trailing newline; keys keep the order that a person gave them. */
export function serializeConfig(config: TokenConfig): string {
  const ordered = Object.fromEntries(
    orderedKeys(config).map((key) => [key, Reflect.get(config, key)]),
  );
  return `${JSON.stringify(ordered, null, 2)}\n`;
}
