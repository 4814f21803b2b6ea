// The size of files and their heads: short enough to read, not so short that a reader must jump.
import { HOUSE } from "../house.ts";
import type { Finding } from "./finding.ts";
import type { Module } from "./module.ts";

/** Files that are too long. */
export function checkLength(modules: readonly Module[]): Finding[] {
  return modules
    .filter(({ length }) => length > HOUSE.longest)
    .map(({ path, length }) => ({
      path,
      line: HOUSE.longest + 1,
      what: `it has ${length} lines, and ${HOUSE.longest} are the most`,
      cure: "Move a part that has a name of its own into a file of its own",
    }));
}

/** Files whose first line is no comment that says what lives in them. */
export function checkHeads(modules: readonly Module[]): Finding[] {
  return modules
    .filter(({ firstLine }) => !/^\/\/ \S.{15,}/.test(firstLine))
    .map(({ path }) => ({
      path,
      line: 1,
      what: "its first line does not say what lives in it",
      cure: "Begin with a comment of one line, a noun phrase",
    }));
}

/** Short files that one file alone imports, without a reason in the table. Reasons that fit no such file are findings too. */
export function checkSmallFiles(
  modules: readonly Module[],
  reasons: Readonly<Record<string, string>> = HOUSE.small,
): Finding[] {
  const importers = new Map<string, Set<string>>();
  for (const { path, imports } of modules)
    for (const { target } of imports)
      importers.set(target, (importers.get(target) ?? new Set<string>()).add(path));
  const small = modules.filter(
    ({ path, length }) => length < HOUSE.short && importers.get(path)?.size === 1,
  );
  const fits = (path: string, pattern: string) =>
    pattern.endsWith("/") ? path.startsWith(pattern) : path === pattern;
  const patterns = Object.keys(reasons);
  const unexplained = small
    .filter(({ path }) => !patterns.some((pattern) => fits(path, pattern)))
    .map(({ path, length }) => ({
      path,
      line: 1,
      what: `it has ${length} lines, and only ${[...(importers.get(path) ?? [])][0]} imports it`,
      cure: "Merge them, or add the file to `small` in test/house.ts with the reason",
    }));
  const idle = patterns
    .filter((pattern) => !small.some(({ path }) => fits(path, pattern)))
    .map((pattern) => ({
      path: pattern,
      line: 1,
      what: "it is listed as a short file with one importer, and it is none",
      cure: "Remove it from `small` in test/house.ts",
    }));
  return [...unexplained, ...idle];
}
