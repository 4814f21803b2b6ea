// The doors of each room: the files that other rooms may import, and files that only pass on others.
import { posix } from "node:path";
import { HOUSE } from "../house.ts";
import type { Finding } from "./finding.ts";
import type { Module } from "./module.ts";

const isShipped = (target: string) => /^(?:src|action|functions)\/.*\.ts$/.test(target);

/** Imports from another folder of a file that is no door of its own, and doors that no other folder uses. */
export function checkDoors(
  modules: readonly Module[],
  doors: Readonly<Record<string, string>> = HOUSE.doors,
): Finding[] {
  const open = new Map(Object.entries(doors).map(([room, names]) => [room, names.split(" ")]));
  const used = new Set<string>();
  const closed = modules.flatMap(({ path, imports }) =>
    imports.flatMap(({ target, line }) => {
      const room = posix.dirname(target);
      if (!isShipped(target) || room === posix.dirname(path)) return [];
      used.add(target);
      const name = posix.basename(target, ".ts");
      if (open.get(room)?.includes(name)) return [];
      const cure = `Import one of its doors, or add "${name}" to the doors of ${room} in test/house.ts`;
      return [{ path, line, what: `imports ${target}, which is no door of ${room}`, cure }];
    }),
  );
  const unused = [...open].flatMap(([room, names]) =>
    names
      .filter((name) => !used.has(`${room}/${name}.ts`))
      .map((name) => ({
        path: `${room}/${name}.ts`,
        line: 1,
        what: `it is a door of ${room} that no other room uses`,
        cure: "Remove it from the doors in test/house.ts",
      })),
  );
  return [...closed, ...unused];
}

/** Files that only pass on what other files export. */
export function checkBarrels(modules: readonly Module[]): Finding[] {
  return modules
    .filter(({ onlyReexports }) => onlyReexports)
    .map(({ path }) => ({
      path,
      line: 1,
      what: "it only passes on what other files export, and loads all of them",
      cure: "Remove it, and import those files",
    }));
}
