// Takes out of a config what its shape was refused for, so that the rest can be judged in the same go.

import { ALL_TOKENS, MIN_INTERVAL_HOURS, type TokenConfig } from "../model/schema.ts";
import { isObject, type Mistake } from "./mistake.ts";
import { checkShape } from "./shape.ts";

/** What cannot be judged since it was taken out. */
export type Doubts = {
  /** By token: the fields that were taken out; all of them where the declaration as a whole was refused. */
  readonly tokens: ReadonlyMap<string, ReadonlySet<string>>;
  /** Whether it is known which tokens are declared. */
  readonly namesKnown: boolean;
  /** Whether it is known which groups there are. */
  readonly groupsKnown: boolean;
};

/** Of a config whose shape is right, nothing is in doubt. */
export const NO_DOUBTS: Doubts = { tokens: new Map(), namesKnown: true, groupsKnown: true };

const TOKEN_FIELDS = [
  "type",
  "length",
  "prefix",
  "include_special",
  "issuer",
  "destinations",
  "groups",
  "expires_at",
] as const;
/** What a field that must stand there is replaced by: something no rule minds. */
const HARMLESS: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  tokens: {},
  rules: { interval_hours: MIN_INTERVAL_HOURS },
  workflows: { tokens: [ALL_TOKENS], schedule: "@daily" },
};

function pruneEntry(section: string, entry: unknown, mistakes: readonly Mistake[]): unknown {
  const fallback = HARMLESS[section] ?? {};
  if (!isObject(entry) || mistakes.some(({ path }) => path.length === 2)) return { ...fallback };
  const pruned = { ...entry };
  for (const { path } of mistakes) {
    const field = String(path[2]);
    const index = path[3];
    const value = pruned[field];
    // One bad member of a list leaves its place, so that the others keep their numbers.
    if (
      section === "workflows" &&
      field === "tokens" &&
      typeof index === "number" &&
      Array.isArray(value)
    ) {
      pruned[field] = value.with(index, ALL_TOKENS);
    } else if (Object.hasOwn(fallback, field)) pruned[field] = fallback[field];
    else delete pruned[field];
  }
  return pruned;
}

function grouped(mistakes: readonly Mistake[], depth: number): Map<string, Mistake[]> {
  const groups = new Map<string, Mistake[]>();
  for (const mistake of mistakes) {
    const part = String(mistake.path[depth]);
    const group = groups.get(part);
    if (group === undefined) groups.set(part, [mistake]);
    else group.push(mistake);
  }
  return groups;
}

function pruneSection(section: string, content: unknown, mistakes: readonly Mistake[]): unknown {
  if (!isObject(content) || mistakes.some(({ path }) => path.length === 1)) return undefined;
  const pruned = { ...content };
  for (const [name, own] of grouped(mistakes, 1)) {
    if (Object.hasOwn(HARMLESS, section)) pruned[name] = pruneEntry(section, content[name], own);
    else delete pruned[name];
  }
  return pruned;
}

function doubtsOf(tokens: unknown, mistakes: readonly Mistake[]): Doubts {
  const own = mistakes.filter(({ path }) => path[0] === "tokens");
  const fields = new Map<string, Set<string>>();
  for (const [name, about] of grouped(
    own.filter(({ path }) => path.length >= 2),
    1,
  )) {
    const whole = about.some(({ path }) => path.length === 2);
    fields.set(name, new Set(whole ? TOKEN_FIELDS : about.map(({ path }) => String(path[2]))));
  }
  const namesKnown = tokens === undefined || !own.some(({ path }) => path.length === 1);
  return {
    tokens: fields,
    namesKnown,
    groupsKnown: namesKnown && ![...fields.values()].some((each) => each.has("groups")),
  };
}

/**
 * What remains of a document without the parts that the mistakes are about, and what can no longer be judged.
 * Null where nothing remains that could be.
 */
export function prune(
  document: unknown,
  mistakes: readonly Mistake[],
): { readonly config: TokenConfig; readonly doubts: Doubts } | null {
  if (!isObject(document)) return null;
  const pruned: Record<string, unknown> = {};
  const sections = grouped(mistakes, 0);
  for (const section of ["settings", "tokens", "rules", "workflows"]) {
    const content = pruneSection(section, document[section], sections.get(section) ?? []);
    if (content !== undefined) pruned[section] = content;
  }
  const shape = checkShape(pruned);
  return shape.ok ? { config: shape.config, doubts: doubtsOf(document.tokens, mistakes) } : null;
}
