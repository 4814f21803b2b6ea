// The rules of purity: the core's reach, and the few files that may load heavy packages or open a secret.
import { HOUSE } from "../house.ts";
import type { Finding } from "./finding.ts";
import type { Module } from "./module.ts";

const inCore = ({ path }: Module) => path.startsWith("src/core/");
const isShipped = ({ path }: Module) => !path.startsWith("scripts/");

/** Core files that reach the world: a module of Node.js, a clock, the environment, the network, chance or the console. */
export function checkPurity(modules: readonly Module[]): Finding[] {
  return modules.filter(inCore).flatMap(({ path, imports, reaches }) => [
    ...imports
      .filter(({ target }) => target.startsWith("node:") && !HOUSE.pureModules.includes(target))
      .map(({ target, line }) => ({
        path,
        line,
        what: `the core imports ${target}`,
        cure: "Put it behind a port of src/core/ports",
      })),
    ...reaches.map(({ what, line }) => ({
      path,
      line,
      what: `the core reaches ${what}`,
      cure: "Take it as an argument: `now`, random bytes, what the environment says",
    })),
  ]);
}

/** Heavy packages that are loaded before they are needed, or by another file than theirs. */
export function checkHeavyPackages(
  modules: readonly Module[],
  heavy: Readonly<Record<string, readonly string[]>> = HOUSE.heavy,
): Finding[] {
  return Object.entries(heavy).flatMap(([name, homes]) => {
    const loads = modules
      .filter(isShipped)
      .flatMap(({ path, imports }) =>
        imports
          .filter(
            ({ target, how }) => target.startsWith(name) && how !== "type" && how !== "inline",
          )
          .map((found) => ({ path, ...found })),
      );
    const wrong = loads
      .filter(({ path, how }) => how !== "dynamic" || !homes.includes(path))
      .map(({ path, line, how }) => ({
        path,
        line,
        what: `it loads ${name} ${how === "dynamic" ? "itself" : "when it is imported"}`,
        cure: `Only ${homes.join(", ")} may load it, by \`await import\` when it is needed`,
      }));
    const idle = homes
      .filter((home) => !loads.some(({ path }) => path === home))
      .map((path) => ({
        path,
        line: 1,
        what: `it is listed as loading ${name}, and does not`,
        cure: "Remove it from `heavy` in test/house.ts",
      }));
    return [...wrong, ...idle];
  });
}

/** Files that open a secret without a reason in the table, and reasons of files that open none. */
export function checkReveals(
  modules: readonly Module[],
  reasons: Readonly<Record<string, string>> = HOUSE.revealing,
): Finding[] {
  const revealing = modules.filter(isShipped).filter(({ reveals }) => reveals.length > 0);
  const unexplained = revealing
    .filter(({ path }) => !(path in reasons))
    .flatMap(({ path, reveals }) =>
      reveals.map((line) => ({
        path,
        line,
        what: "it opens a secret",
        cure: "Keep the value a Secret, or add the file to `revealing` in test/house.ts with the reason",
      })),
    );
  const idle = Object.keys(reasons)
    .filter((path) => !revealing.some((module) => module.path === path))
    .map((path) => ({
      path,
      line: 1,
      what: "it is listed as opening a secret, and opens none",
      cure: "Remove it from `revealing` in test/house.ts",
    }));
  return [...unexplained, ...idle];
}
