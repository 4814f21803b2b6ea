// Files of earlier shapes as configs of this one: the Python program's without its values, and flat records.

import { Misconfigured } from "../base/errors.ts";
import { toInstant } from "../base/instant.ts";
import { firstEditionMark, firstVersionMark } from "../config/first-version.ts";
import { isObject } from "../config/mistake.ts";
import { validateConfig } from "../config/parse.ts";
import { checkShape } from "../config/shape.ts";
import { findSyntaxMistakes } from "../config/syntax.ts";
import type { HistoryEntry, TokenConfig } from "../model/schema.ts";
import type { Home } from "../model/token.ts";
import { entryDigest } from "../record/history.ts";
import { nestRecord } from "./first-edition.ts";
import { carryHistory, isFirstEdition, readHistory } from "./history.ts";
import { createNotes, type Notes } from "./notes.ts";
import { readRules, readWorkflows } from "./schedules.ts";
import { type Gathered, readTokens, stateOf } from "./tokens.ts";

/** Values shorter than this, in characters, occur in names by chance ("password"): they are dropped, but not searched for. */
const MIN_TELLING_VALUE = 16;
/** Any repository does: only the kind of home matters to a config that names none. */
const HOMES: readonly (readonly [where: string, home: Home])[] = [
  ["On GitHub", { kind: "github", repository: "owner/name" }],
  ["In a local work tree", { kind: "local", repository: "owner/name" }],
];
const READ = new Set([
  "tokens",
  "rotation_rules",
  "rules",
  "workflows",
  "history",
  "rotation_history",
  "settings",
  "version",
  "$schema",
]);

/** `from`: the Python program's file, or a record whose token states are flat. `exposed` names the tokens whose value stood in the file: each is due at once, since git keeps what was committed. */
export type Migration = {
  readonly from: "first-version" | "first-edition";
  readonly config: TokenConfig;
  /** The entries for the history's files, the oldest first. */
  readonly history: readonly HistoryEntry[];
  readonly exposed: string[];
  readonly warnings: string[];
};

/**
 * Brings a file of an earlier shape into this one. Of a record of the first edition nothing is lost.
 * @param archived path to content of the monthly files beside a record of the first edition, the oldest first
 * @throws Misconfigured `already-migrated`, `json-syntax`, `not-a-config`, `config-invalid`, `value-as-name`
 */
export function migrate(
  text: string,
  now: Date,
  archived: ReadonlyMap<string, string> = new Map(),
): Migration {
  const document = readDocument(text);
  const isFirstVersion = firstVersionMark(document) !== null;
  if (!isFirstVersion && (firstEditionMark(document) !== null || isFirstEdition(document)))
    return migrateFirstEdition(document, archived, now);
  return migrateFirstVersion(document, now);
}

/**
 * Imports the Python program's file. Rules, workflows, history and times of rotation carry over; no value
 * does, and none is in a warning or an error. What could not be carried over is named in the warnings,
 * as is whatever still has to be changed before the file is accepted.
 * @throws Misconfigured `value-as-name`
 */
function migrateFirstVersion(document: Record<string, unknown>, now: Date): Migration {
  const notes = createNotes(now);
  const gathered: Gathered = {
    tokens: new Map(),
    states: new Map(),
    exposed: new Set(),
    values: new Set(),
  };
  readTokens(document.tokens, gathered, notes);
  const rules = readRules(document.rotation_rules ?? document.rules, gathered, notes);
  const workflows = readWorkflows(document.workflows, gathered, notes);
  const history = readHistory([document.history, document.rotation_history], gathered, notes);
  const settings = readSettings(document.settings, notes);
  readRest(document, gathered, notes);
  const exposed = [...gathered.exposed].filter((name) => gathered.tokens.has(name));
  for (const name of exposed)
    gathered.states.set(name, { ...stateOf(gathered, name), exposed_at: toInstant(now.getTime()) });
  const config: TokenConfig = {
    version: 1,
    ...settings,
    tokens: Object.fromEntries(gathered.tokens),
    ...(Object.keys(rules).length === 0 ? {} : { rules }),
    ...(Object.keys(workflows).length === 0 ? {} : { workflows }),
    state: { tokens: Object.fromEntries(gathered.states), ...historyState(history) },
  };
  refuseCarriedValues({ ...config, history }, gathered);
  const warnings = [...notes.warnings(), ...refusals(config)];
  return { from: "first-version", config, history, exposed, warnings };
}

/** The count and the digest that `state` holds of the history. */
function historyState(
  history: readonly HistoryEntry[],
): Pick<NonNullable<TokenConfig["state"]>, "history"> {
  const newest = history.at(-1);
  return newest === undefined
    ? {}
    : { history: { entries: history.length, digest: entryDigest(newest) } };
}

/** A record of the first edition: only what the program wrote has another shape now. */
function migrateFirstEdition(
  document: Record<string, unknown>,
  archived: ReadonlyMap<string, string>,
  now: Date,
): Migration {
  const notes = createNotes(now);
  const { document: rest, history } = carryHistory(document, archived, notes);
  const nested = nestRecord(rest);
  const config = { ...nested, state: { ...nested.state, ...historyState(history) } };
  const warnings = [...notes.warnings(), ...refusals(config)];
  return { from: "first-edition", config, history, exposed: [], warnings };
}

function readDocument(text: string): Record<string, unknown> {
  const content = text.startsWith("\ufeff") ? text.slice(1) : text;
  const document = parse(content);
  if (!isObject(document)) {
    throw new Misconfigured("the file to migrate does not hold a JSON object", {
      code: "not-a-config",
      hint: "Name the token_config.json of the Python program.",
    });
  }
  const isOld =
    firstVersionMark(document) !== null ||
    firstEditionMark(document) !== null ||
    isFirstEdition(document);
  if (!isOld && (document.version === 1 || checkShape(document).ok)) {
    throw new Misconfigured("the file is already of this version", {
      code: "already-migrated",
      hint: "There is nothing to migrate.",
    });
  }
  return document;
}

function parse(content: string): unknown {
  try {
    return JSON.parse(content);
  } catch {
    // The parser's message quotes the text, which holds values: the error is told without it, and without a cause.
    const { problems } = findSyntaxMistakes(content);
    throw new Misconfigured("the file to migrate is not JSON", {
      code: "json-syntax",
      problems,
      hint: "Restore the last version of it that the Python program wrote.",
    });
  }
}

function readSettings(section: unknown, notes: Notes): Pick<TokenConfig, "settings"> {
  if (section === undefined) return {};
  const shape = checkShape({ settings: section });
  const keys = isObject(section) ? Object.keys(section) : [];
  // Keys that begin with x- may hold anything, also a value.
  if (shape.ok && shape.config.settings !== undefined && !keys.some((key) => key.startsWith("x-")))
    return { settings: shape.config.settings };
  for (const key of keys) notes.leftOut("settings", key);
  return {};
}

/** Sections that this version does not know are named; a map from tokens to texts among them was one more place for values. */
function readRest(document: Record<string, unknown>, gathered: Gathered, notes: Notes): void {
  for (const [key, section] of Object.entries(document)) {
    if (READ.has(key)) continue;
    notes.leftOut("the file", key);
    for (const [name, content] of isObject(section) ? Object.entries(section) : []) {
      if (typeof content !== "string" || content === "" || !gathered.tokens.has(name)) continue;
      gathered.exposed.add(name);
      gathered.values.add(content);
    }
  }
}

/** The last line of defence: everything carried over was looked at by itself, so this finds only a name that is, or holds, a value. */
function refuseCarriedValues(carried: object, gathered: Gathered): void {
  const written = JSON.stringify(carried);
  for (const value of gathered.values) {
    if (value.length < MIN_TELLING_VALUE || gathered.tokens.has(value)) continue;
    if (!written.includes(JSON.stringify(value).slice(1, -1))) continue;
    throw new Misconfigured("the value of a token also stands in the file where a name belongs", {
      code: "value-as-name",
      hint: "Search the old file for its values, take them out of names, and migrate again.",
    });
  }
}

/** What `parseConfig` will have against the result, in either kind of home. */
function refusals(config: TokenConfig): string[] {
  const told = HOMES.map(([where, home]) => ({
    where,
    problems: validateConfig(config, home).map(({ message, hint }) =>
      `${message}. ${hint ?? ""}`.trim(),
    ),
  }));
  const everywhere = new Set(
    told[0]?.problems.filter((problem) => told.every(({ problems }) => problems.includes(problem))),
  );
  const local = told.flatMap(({ where, problems }) =>
    problems.filter((problem) => !everywhere.has(problem)).map((problem) => `${where}: ${problem}`),
  );
  return [...everywhere].map((problem) => `Still to change: ${problem}`).concat(local);
}
