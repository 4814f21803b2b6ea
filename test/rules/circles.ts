// Circles of files, types included, and types that are imported inside an expression.
import type { Finding } from "./finding.ts";
import type { Module } from "./module.ts";

/** Groups of files that import each other. Each group is one finding, at its first file. */
export function checkCircles(modules: readonly Module[]): Finding[] {
  const byPath = new Map(modules.map((module) => [module.path, module]));
  const cure =
    "Move what both sides need into a third file, or the type to the room that it describes";
  return circlesOf(modules, byPath).map((circle) => {
    const [first = ""] = circle;
    const next = byPath.get(first)?.imports.find(({ target }) => circle.includes(target));
    const what = `it imports itself through ${circle.length} files: ${circle.join(" → ")} → ${first}`;
    return { path: first, line: next?.line ?? 1, what, cure };
  });
}

/** Types as `import("…").Name`, which no reader of the head of the file sees. */
export function checkInlineTypes(modules: readonly Module[]): Finding[] {
  return modules.flatMap(({ path, imports }) =>
    imports
      .filter(({ how }) => how === "inline")
      .map(({ target, line }) => ({
        path,
        line,
        what: `a type of ${target} is imported inline`,
        cure: "Write `import type` at the head of the file",
      })),
  );
}

/** Every circle as a way through it, by Tarjan's algorithm and a walk inside each component. */
function circlesOf(modules: readonly Module[], byPath: ReadonlyMap<string, Module>): string[][] {
  const order = new Map<string, number>();
  const lowest = new Map<string, number>();
  const stack: string[] = [];
  const components: string[][] = [];
  const targetsOf = (path: string) =>
    (byPath.get(path)?.imports ?? []).map(({ target }) => target).filter((to) => byPath.has(to));
  const connect = (path: string): void => {
    const own = order.size;
    order.set(path, own);
    lowest.set(path, own);
    stack.push(path);
    for (const target of targetsOf(path)) {
      if (!order.has(target)) {
        connect(target);
        lowest.set(path, Math.min(lowest.get(path) ?? own, lowest.get(target) ?? own));
      } else if (stack.includes(target)) {
        lowest.set(path, Math.min(lowest.get(path) ?? own, order.get(target) ?? own));
      }
    }
    if (lowest.get(path) !== own) return;
    const component = stack.splice(stack.indexOf(path));
    if (component.length > 1 || targetsOf(path).includes(path)) components.push(component);
  };
  for (const { path } of modules) if (!order.has(path)) connect(path);
  return components.map((component) => wayThrough(component.sort(), targetsOf));
}

/** The shortest way from the first file back to itself. */
function wayThrough(
  component: readonly string[],
  targetsOf: (path: string) => readonly string[],
): string[] {
  const [first = ""] = component;
  const ways: string[][] = [[first]];
  const seen = new Set<string>();
  for (const way of ways) {
    for (const target of targetsOf(way.at(-1) ?? "")) {
      if (target === first) return way;
      if (!component.includes(target) || seen.has(target)) continue;
      seen.add(target);
      ways.push([...way, target]);
    }
  }
  throw new Error(`${first} is in a circle that has no way through it`);
}
