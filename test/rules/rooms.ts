// The rooms of the house: which room a file is in, and which rooms it may import.
import { HOUSE } from "../house.ts";
import type { Finding } from "./finding.ts";
import type { Import, Module } from "./module.ts";

/** The room a file is in: `src/core/plan`, `src/cli`, `functions`. `core/app.ts` is a room of its own. */
function roomOf(path: string): string {
  const [top = "", tree = "", third = ""] = path.split("/");
  if (top !== "src") return top;
  if (path === "src/core/app.ts") return "src/core/app";
  return tree === "core" ? `src/core/${third}` : `src/${tree}`;
}

/** Whether a target is a file of this project and not a package. */
function isOurs(target: string): boolean {
  return /^(?:src|action|functions|scripts|test|bench)\//.test(target);
}

/** Imports against the direction of the house: core rooms in their order, core → adapters → compose → edges. */
export function checkDirections(modules: readonly Module[]): Finding[] {
  return modules.flatMap(({ path, imports }) =>
    imports.flatMap((found) => {
      const cure = isOurs(found.target) ? objection(path, found) : null;
      return cure === null
        ? []
        : [{ path, line: found.line, what: `imports ${found.target}${as(found)}`, cure }];
    }),
  );
}

/** Files that stand in no room. */
export function checkPlaces(modules: readonly Module[]): Finding[] {
  return modules.flatMap(({ path }) => {
    const [top, tree, third, fourth] = path.split("/");
    if (top !== "src") return [];
    const cure = `Move it into a room: ${HOUSE.trees.join(", ")}`;
    if (third === undefined || !HOUSE.trees.includes(`src/${tree}`))
      return [{ path, line: 1, what: "it stands in no room", cure }];
    if (tree !== "core" || path === "src/core/app.ts") return [];
    if (fourth === undefined)
      return [{ path, line: 1, what: "src/core/ holds app.ts only", cure: "Move it into a room" }];
    if (HOUSE.core.includes(third)) return [];
    const room = `there is no room ${third} in src/core/`;
    return [{ path, line: 1, what: room, cure: `Use one of ${HOUSE.core.join(", ")}` }];
  });
}

/** Imports of functions/ that pass by src/http: a function reads no record by itself. */
export function checkFunctions(modules: readonly Module[]): Finding[] {
  const isAllowed = ({ target, how }: Import) =>
    how === "type" || !target.startsWith("src/core/") || HOUSE.functionsCore.includes(target);
  return modules
    .filter(({ path }) => path.startsWith("functions/"))
    .flatMap(({ path, imports }) =>
      imports
        .filter((found) => !isAllowed(found))
        .map(({ target, line }) => ({
          path,
          line,
          what: `imports ${target}`,
          cure: "Call the app through src/http; see `functionsCore` in test/house.ts",
        })),
    );
}

/** Why that file may not import this one; null if it may. */
function objection(path: string, { target, how }: Import): string | null {
  const from = roomOf(path);
  const to = roomOf(target);
  if (from === to) return null;
  if (from.startsWith("src/core/")) {
    if (!to.startsWith("src/core/"))
      return "Core imports nothing from outside core: take it as an argument, or through a port";
    const [own, other] = [from, to].map((room) => HOUSE.core.indexOf(room.slice(9)));
    return (other ?? 0) < (own ?? 0)
      ? null
      : `${room(from)} comes before ${room(to)}: move the declaration to an earlier room`;
  }
  if (HOUSE.tools.includes(from)) return null;
  if (to.startsWith("src/core/")) return null;
  const allowed = HOUSE.imports[from] ?? [];
  if (allowed.includes(to)) return null;
  const ways = ["src/core", ...allowed].join(", ");
  if (to === "src/adapters" && how === "type")
    return `Only compose names adapters, their types included: let compose export what is needed`;
  return `${from} may import ${ways}`;
}

function room(path: string): string {
  return path.slice("src/core/".length);
}

function as({ how }: Import): string {
  return how === "type" || how === "inline" ? " (as a type)" : "";
}
