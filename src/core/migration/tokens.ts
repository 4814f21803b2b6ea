// The tokens of a first-version file: what is declared of them and known about them carries over, their values never.

import { Misconfigured } from "../base/errors.ts";
import { seenName } from "../base/showable.ts";
import { isObject } from "../config/mistake.ts";
import { checkShape } from "../config/shape.ts";
import { checkRequest } from "../credentials/generate.ts";
import { TOKEN_TYPES, type TokenDeclaration, type TokenState } from "../model/schema.ts";
import { NEW_TOKEN_STATE } from "../model/token.ts";
import type { Notes } from "./notes.ts";

/** What is gathered while a file is read. */
export type Gathered = {
  readonly tokens: Map<string, TokenDeclaration>;
  readonly states: Map<string, TokenState>;
  /** Tokens whose value stood in the file. */
  readonly exposed: Set<string>;
  /** Every value that was seen, to make sure that none of them is carried over under another guise. */
  readonly values: Set<string>;
};

const VALUE_KEY = /value|token|secret|password|plaintext|credential|key/i;
const NOT_VALUE_KEY = /hash|fingerprint|digest|name|type|count|_at$/i;
/** Keys whose only meaning is the value: when they are empty there is nothing to tell. */
const VALUE_KEYS = ["value", "token"];
const DECLARED = ["length", "prefix", "include_special", "expires_at"] as const;
const ROTATED = ["last_rotated", "last_rotation", "last_rotated_at", "rotated_at"];
const COUNTS = ["rotation_count", "rotations"];
/** A prefix longer than this, in characters, might be the value itself. */
const MAX_PREFIX = 16;

/** The values in plaintext that a key of the first version holds, at any depth. */
export function valuesIn(key: string, content: unknown, within = false): string[] {
  const secret = (within || VALUE_KEY.test(key)) && !NOT_VALUE_KEY.test(key);
  if (typeof content === "string") return secret && content !== "" ? [content] : [];
  if (typeof content === "number") return VALUE_KEYS.includes(key) ? [String(content)] : [];
  if (typeof content !== "object" || content === null) return [];
  return Object.entries(content).flatMap(([inner, each]) => valuesIn(inner, each, secret));
}

/** Reads the section `tokens`. */
export function readTokens(section: unknown, gathered: Gathered, notes: Notes): void {
  if (section === undefined) return;
  if (isObject(section))
    for (const [name, entry] of Object.entries(section)) readToken(name, entry, gathered, notes);
  else notes.warn("The section tokens is not an object and was left out.");
}

function readToken(name: string, entry: unknown, gathered: Gathered, notes: Notes): void {
  const fields = isObject(entry) ? entry : { value: entry };
  const values: string[] = [];
  const declared: Record<string, unknown> = {};
  let rotated_at: string | null = null;
  let generation = 0;
  for (const [key, content] of Object.entries(fields)) {
    const found = isDeclarable(key, content) ? [] : valuesIn(key, content);
    values.push(...found);
    if (found.length > 0 || VALUE_KEYS.includes(key)) continue;
    if (key === "type") declared.type = typeOf(name, content, notes);
    else if (ROTATED.includes(key)) rotated_at ??= notes.time(content);
    else if (COUNTS.includes(key)) generation = generationOf(content);
    else if (isDeclarable(key, content)) declared[key] = content;
    else notes.leftOut("tokens", key);
  }
  for (const value of values) gathered.values.add(value);
  if (values.length > 0) gathered.exposed.add(name);
  const { prefix } = declared;
  // A prefix that is most of a value gives it away.
  if (
    typeof prefix === "string" &&
    values.some((value) => value.startsWith(prefix) && prefix.length > value.length / 2)
  ) {
    delete declared.prefix;
    notes.leftOut("tokens", "prefix");
  }
  gathered.tokens.set(name, makeable(name, declared, notes));
  if (rotated_at !== null || generation > 0)
    gathered.states.set(name, rotatedState(generation, rotated_at));
}

function typeOf(name: string, content: unknown, notes: Notes): string {
  const known = TOKEN_TYPES.find((type) => type === content);
  if (known === undefined)
    notes.warn(`The token ${seenName(name)} is of a type that no longer exists: it is now custom.`);
  return known ?? "custom";
}

function generationOf(content: unknown): number {
  return typeof content === "number" && Number.isSafeInteger(content) && content > 0 ? content : 0;
}

function isDeclarable(key: string, content: unknown): boolean {
  if (key === "prefix" && typeof content === "string" && content.length > MAX_PREFIX) return false;
  return (
    DECLARED.some((each) => each === key) && checkShape({ tokens: { NAME: { [key]: content } } }).ok
  );
}

/** The declaration, without a length and prefix from which nothing can be made. */
function makeable(name: string, declared: Record<string, unknown>, notes: Notes): TokenDeclaration {
  const shape = checkShape({ tokens: { NAME: declared } });
  const declaration = (shape.ok ? shape.config.tokens?.NAME : undefined) ?? {};
  const { length, prefix, include_special, ...rest } = declaration;
  try {
    const includeSpecial = include_special ?? null;
    checkRequest({
      type: declaration.type ?? "api_key",
      length: length ?? null,
      prefix: prefix ?? null,
      includeSpecial,
    });
    return declaration;
  } catch (error) {
    if (!(error instanceof Misconfigured)) throw error;
    notes.warn(
      `The token ${seenName(name)} gets its type's usual length and form: ${error.message}.`,
    );
    return rest;
  }
}

/** What is known of a token so far. */
export function stateOf(gathered: Gathered, name: string): TokenState {
  return gathered.states.get(name) ?? NEW_TOKEN_STATE;
}

/** The state of a token that the Python program rotated: what it placed, and where, is not known. A rotation counts as one even if it was not counted. */
export function rotatedState(count: number, rotated_at: string | null): TokenState {
  const generation = Math.max(count, 1);
  const current = { generation, fingerprint: null, ref: null, destinations: {}, rotated_at };
  return { ...NEW_TOKEN_STATE, current };
}
