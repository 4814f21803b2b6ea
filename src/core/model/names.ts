// Names of secrets: GitHub's rules, corrected names, and the nearest known names.
import { distance } from "fastest-levenshtein";
import { type Complaint, isShowableName, seenName } from "../base/showable.ts";
import { MAX_NAME_LENGTH, NAME_PATTERN } from "./schema-base.ts";

/** Where the secret lives: GitHub reserves names that the vault accepts. */
export type NameKind = "actions" | "vault";

const RESERVED_PREFIX = /^GITHUB_/i;
/** Share of a name that may differ in a typing mistake. */
const PLAUSIBLE = 0.4;

function corrected(name: string, kind: NameKind): string | null {
  // A value put in the name's place must not come back in capitals.
  if (!isShowableName(name)) return null;
  const spelled = name.replace(/[^A-Za-z0-9_]+/g, "_");
  const allowed =
    kind === "actions"
      ? spelled.toUpperCase().replace(RESERVED_PREFIX, "GH_")
      : spelled.toUpperCase();
  const started = (/^[0-9]/.test(allowed) ? `_${allowed}` : allowed).slice(0, MAX_NAME_LENGTH);
  return /[A-Z0-9]/.test(started) && NAME_PATTERN.test(started) ? started : null;
}

function complaint(name: string, kind: NameKind): { code: string; message: string } | null {
  const shown = seenName(name);
  if (name === "") return { code: "empty-name", message: "a secret's name is empty" };
  if (name.length > MAX_NAME_LENGTH)
    return {
      code: "name-too-long",
      message: `a secret's name has ${name.length} characters; at most ${MAX_NAME_LENGTH} are accepted`,
    };
  if (name === "__proto__")
    return { code: "reserved-name", message: `"__proto__" cannot be a secret's name` };
  if (!NAME_PATTERN.test(name) && !/^[0-9][A-Za-z0-9_]*$/.test(name)) {
    return {
      code: "invalid-name",
      message: `${shown} cannot be a secret's name: only letters A to Z, digits and underscores are accepted`,
    };
  }
  if (/^[0-9]/.test(name))
    return {
      code: "invalid-name",
      message: `${shown} cannot be a secret's name: it begins with a digit`,
    };
  if (kind === "actions" && RESERVED_PREFIX.test(name))
    return {
      code: "reserved-name",
      message: `${shown} cannot be a secret's name on GitHub: names that begin with GITHUB_ are reserved`,
    };
  return null;
}

/**
 * Judges a secret's name by GitHub's rules: letters, digits and underscores, no digit first, at most
 * `MAX_NAME_LENGTH` characters and, for GitHub's own destinations only, no `GITHUB_` in any case at its beginning.
 * @returns null if the name is accepted; otherwise a complaint whose hint suggests an accepted name
 */
export function checkSecretName(name: string, kind: NameKind): Complaint | null {
  const found = complaint(name, kind);
  if (found === null) return null;
  const better =
    name.length > MAX_NAME_LENGTH || name === "__proto__" ? null : corrected(name, kind);
  return {
    ...found,
    hint:
      better === null
        ? "Use letters, digits and underscores, beginning with a letter."
        : `Call it ${better}.`,
  };
}

function folded(name: string): string {
  return name.toLowerCase().replace(/[-\s.]/g, "_");
}

/**
 * The known names that were probably meant, nearest first. Capitals, and dashes for underscores, do not count as differences.
 * Names that differ in more than two fifths are left out, and so are those clearly farther than the nearest.
 */
export function nearest(name: string, candidates: Iterable<string>, limit = 3): string[] {
  const wanted = folded(name);
  // A name is at most this long; comparing pasted texts of any length would take quadratic time.
  if (wanted === "" || wanted.length > MAX_NAME_LENGTH) return [];
  const found: { candidate: string; away: number }[] = [];
  for (const candidate of candidates) {
    const allowed = Math.round(Math.max(candidate.length, wanted.length) * PLAUSIBLE);
    if (Math.abs(candidate.length - wanted.length) > allowed) continue;
    const away = distance(wanted, folded(candidate));
    if (away <= allowed) found.push({ candidate, away });
  }
  found.sort((a, b) => a.away - b.away || (a.candidate < b.candidate ? -1 : 1));
  const best = found[0]?.away ?? 0;
  return found
    .filter(({ away }) => away <= best + 1)
    .slice(0, limit)
    .map(({ candidate }) => candidate);
}

/** A sentence that names what was probably meant, as `Did you mean API_KEY or API_KEYS?`; null if no name is near. */
export function didYouMean(name: string, candidates: Iterable<string>): string | null {
  const names = nearest(name, candidates);
  const last = names.pop();
  if (last === undefined) return null;
  return `Did you mean ${names.length === 0 ? last : `${names.join(", ")} or ${last}`}?`;
}
