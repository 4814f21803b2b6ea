// Each rule of the house against planted violations: what it must find, and what it must leave alone.
import { describe, expect, test } from "vitest";
import { checkCircles, checkInlineTypes } from "./circles.ts";
import { checkBarrels, checkDoors } from "./doors.ts";
import { checkHeads, checkLength, checkSmallFiles } from "./files.ts";
import { report } from "./finding.ts";
import { type Module, parseModule } from "./module.ts";
import { checkBaseWords, checkTypeNames } from "./names.ts";
import { checkHeavyPackages, checkPurity, checkReveals } from "./purity.ts";
import { checkDirections, checkFunctions, checkPlaces } from "./rooms.ts";

/** A tree of files, by path. */
function tree(files: Readonly<Record<string, string>>): Module[] {
  return Object.entries(files).map(([path, text]) => parseModule({ path, text }));
}

const placesOf = (findings: Parameters<typeof report>[0]) =>
  findings.map(({ path, line }) => `${path}:${line}`);

describe("the direction of imports", () => {
  const plan = "src/core/plan/plan.ts";

  test.each([
    ["a value", 'import { run } from "../run/run.ts";'],
    ["a type", 'import type { Run } from "../run/run.ts";'],
    ["a named type", 'import { type Run } from "../run/run.ts";'],
    ["an inline type", 'type Run = import("../run/run.ts").Run;'],
    ["the type of a module", 'type Run = typeof import("../run/run.ts");'],
    ["a dynamic import", 'const load = () => import("../run/run.ts");'],
    ["a re-export", 'export { run } from "../run/run.ts";'],
    ["a re-export of everything", 'export * from "../run/run.ts";'],
    ["an import for its effects", 'import "../run/run.ts";'],
  ])("core: an arrow back is found: %s", (_, text) => {
    expect(placesOf(checkDirections(tree({ [plan]: `// Head.\n${text}\n` })))).toEqual([
      `${plan}:2`,
    ]);
  });

  test("core: an arrow to an earlier room, and one in the same room, are none", () => {
    const text =
      'import { instantMs } from "../base/instant.ts";\nimport { isDue } from "./due.ts";\n';
    expect(checkDirections(tree({ [plan]: text }))).toEqual([]);
  });

  test("a text or a comment that looks like an import is none", () => {
    const text =
      '// import { run } from "../run/run.ts";\nconst text = `import { run } from "../run/run.ts"`;\n';
    expect(checkDirections(tree({ [plan]: text }))).toEqual([]);
  });

  test.each([
    [plan, "../../adapters/github/client.ts"],
    [plan, "../../../test/cli.ts"],
    ["src/core/plan/plan.ts", "../app.ts"],
    ["src/adapters/stores/memory.ts", "../../compose/compose.ts"],
    ["src/compose/compose.ts", "../http/endpoint.ts"],
    ["src/http/endpoint.ts", "../adapters/stores/memory.ts"],
    ["src/http/endpoint.ts", "../mcp/http.ts"],
    ["src/http/endpoint.ts", "../../functions/plan.ts"],
    ["functions/plan.ts", "../src/cli/cli.ts"],
    ["src/cli/cli.ts", "../adapters/local/git.ts"],
    ["src/cli/cli.ts", "../../action/main.ts"],
    ["action/main.ts", "../src/cli/cli.ts"],
    ["action/main.ts", "../src/adapters/stores/memory.ts"],
    ["src/cli/cli.ts", "../../scripts/table.ts"],
  ])("%s may not import %s, not even a type of it", (path, target) => {
    for (const text of [`import { a } from "${target}";`, `import type { A } from "${target}";`])
      expect(placesOf(checkDirections(tree({ [path]: text })))).toEqual([`${path}:1`]);
  });

  test.each([
    ["src/compose/compose.ts", "../adapters/stores/memory.ts"],
    ["src/cli/commands/serve.ts", "../../../functions/hosts/node.ts"],
    ["src/mcp/server.ts", "../http/endpoint.ts"],
    ["functions/mcp.ts", "../src/mcp/http.ts"],
    ["scripts/chaos.ts", "../test/chaos/suite.ts"],
  ])("%s may import %s", (path, target) => {
    expect(checkDirections(tree({ [path]: `import { a } from "${target}";` }))).toEqual([]);
  });

  test("functions/ may name values, and not load the record", () => {
    const modules = tree({
      "functions/generate.ts": 'import { generate } from "../src/core/credentials/generate.ts";',
      "functions/plan.ts": 'import { plan } from "../src/core/plan/plan.ts";',
      "functions/status.ts": 'import type { Plan } from "../src/core/plan/plan.ts";',
    });
    expect(placesOf(checkFunctions(modules))).toEqual(["functions/plan.ts:1"]);
  });

  test("a finding says where it is and what to do", () => {
    const modules = tree({ [plan]: 'import type { Run } from "../run/run.ts";' });
    expect(report(checkDirections(modules))).toEqual([
      `${plan}:1: imports src/core/run/run.ts (as a type). plan comes before run: move the declaration to an earlier room.`,
    ]);
  });
});

test("files in no room are found: in src/, in core/, in a folder that is no room", () => {
  const paths = ["src/plan.ts", "src/core/plan.ts", "src/core/plans/plan.ts", "src/tools/a.ts"];
  const modules = tree(
    Object.fromEntries([...paths, "src/core/app.ts", "src/core/plan/plan.ts"].map((p) => [p, ""])),
  );
  expect(checkPlaces(modules).map(({ path }) => path)).toEqual(paths);
});

describe("circles", () => {
  test("a circle of types is found, with the way through it", () => {
    const modules = tree({
      "src/core/plan/a.ts": 'import type { B } from "./b.ts";',
      "src/core/plan/b.ts": 'import { c } from "./c.ts";',
      "src/core/plan/c.ts": 'type A = import("./a.ts").A;',
      "src/core/plan/d.ts": 'import { a } from "./a.ts";',
    });
    expect(checkCircles(modules)).toMatchObject([
      {
        path: "src/core/plan/a.ts",
        line: 1,
        what: "it imports itself through 3 files: src/core/plan/a.ts → src/core/plan/b.ts → src/core/plan/c.ts → src/core/plan/a.ts",
      },
    ]);
  });

  test("a dynamic import closes a circle too, and two ways to one file are none", () => {
    const modules = tree({
      "test/a.ts": 'import "./b.ts";\nimport "./c.ts";',
      "test/b.ts": 'import "./c.ts";',
      "test/c.ts": "",
      "test/d.ts": 'export const load = () => import("./d.ts");',
    });
    expect(placesOf(checkCircles(modules))).toEqual(["test/d.ts:1"]);
  });

  test("an inline type is found; the type of a package that is loaded later is none", () => {
    const text = 'type A = import("pg").Client;\ntype B = typeof import("pg");\n';
    expect(placesOf(checkInlineTypes(tree({ "src/adapters/issuers/a.ts": text })))).toEqual([
      "src/adapters/issuers/a.ts:1",
    ]);
  });
});

describe("doors", () => {
  const files = {
    "src/core/plan/plan.ts": "",
    "src/core/plan/due.ts": "",
    "src/core/run/run.ts":
      'import { plan } from "../plan/plan.ts";\nimport type { Due } from "../plan/due.ts";',
  };

  test("an import past the doors is found, types included", () => {
    const found = checkDoors(tree(files), { "src/core/plan": "plan" });
    expect(placesOf(found)).toEqual(["src/core/run/run.ts:2"]);
  });

  test("a room without doors is closed, and a door that leads nowhere is found", () => {
    expect(placesOf(checkDoors(tree(files), {}))).toHaveLength(2);
    const found = checkDoors(tree(files), { "src/core/plan": "plan due claims" });
    expect(placesOf(found)).toEqual(["src/core/plan/claims.ts:1"]);
  });

  test.each([
    ['export * from "./plan.ts";', 1],
    ['// Plans.\nexport { plan } from "./plan.ts";\nexport type { Due } from "./due.ts";', 1],
    ['import { plan } from "./plan.ts";\nexport { plan };', 1],
    ['export { plan } from "./plan.ts";\nexport const later = 1;', 0],
    ['import "./plan.ts";', 0],
  ])("a barrel is found, a file with something of its own is none: %s", (text, count) => {
    expect(checkBarrels(tree({ "src/core/plan/index.ts": text }))).toHaveLength(count);
  });
});

describe("names", () => {
  test("a word of the vocabulary in core/base is found, as a whole word alone", () => {
    const text = [
      "export const MAX_TOKEN_AGE = 1;",
      "export function checkRun() {}",
      "export type StoreOptions = {};",
      "export type ReportedError = {};",
      "export const trunk = 1;",
      "const token = 1;",
    ].join("\n");
    const modules = tree({ "src/core/base/a.ts": text, "src/core/plan/a.ts": text });
    expect(placesOf(checkBaseWords(modules))).toEqual(
      [1, 2, 3].map((n) => `src/core/base/a.ts:${n}`),
    );
  });

  test("a type name that is exported twice is found; one that is passed on is none", () => {
    const modules = tree({
      "src/core/plan/a.ts": "export type Plan = {};\nexport type Due = {};",
      "src/http/b.ts": "\nexport interface Plan {}\ntype Due = {};",
      "src/http/c.ts": 'export type { Due } from "../core/plan/a.ts";',
      "src/mcp/d.ts": "export class Plan {}\nexport const Due = 1;",
    });
    expect(placesOf(checkTypeNames(modules))).toEqual(["src/http/b.ts:2", "src/mcp/d.ts:1"]);
  });
});

describe("files", () => {
  test("351 lines are too many, 350 are not", () => {
    const lines = (count: number) => "const a = 1;\n".repeat(count);
    const modules = tree({ "src/mcp/a.ts": lines(350), "src/mcp/b.ts": lines(351) });
    expect(placesOf(checkLength(modules))).toEqual(["src/mcp/b.ts:351"]);
  });

  test("a file without a head is found", () => {
    const modules = tree({
      "src/mcp/a.ts": "// The tools that agents are offered.\n",
      "src/mcp/b.ts": 'import "./a.ts";\n',
      "src/mcp/c.ts": "// Tools.\n",
    });
    expect(checkHeads(modules).map(({ path }) => path)).toEqual(["src/mcp/b.ts", "src/mcp/c.ts"]);
  });

  test("a short file with one importer is found, if nothing says why", () => {
    const files = {
      "src/mcp/a.ts": 'import "./b.ts";\nimport "./c.ts";\nimport "./d.ts";',
      "src/mcp/b.ts": 'import "./c.ts";',
      "src/mcp/c.ts": "",
      "src/mcp/d.ts": "const a = 1;\n".repeat(60),
    };
    expect(checkSmallFiles(tree(files), {}).map(({ path }) => path)).toEqual(["src/mcp/b.ts"]);
    expect(checkSmallFiles(tree(files), { "src/mcp/b.ts": "loaded later" })).toEqual([]);
    expect(checkSmallFiles(tree(files), { "src/mcp/": "one offer a file" })).toEqual([]);
    const idle = checkSmallFiles(tree(files), { "src/mcp/": "one offer a file", "src/http/": "" });
    expect(idle.map(({ path }) => path)).toEqual(["src/http/"]);
  });
});

describe("the world", () => {
  test("a core file that reaches it is found, whatever the way", () => {
    const impure = [
      'import { readFile } from "node:fs/promises";',
      "const a = Date.now();",
      "const b = new Date();",
      "const c = process.env.HOME;",
      'const d = process["env"];',
      "const e = Math.random();",
      'const f = await fetch("https://example.com");',
      'console.log("x");',
      "setTimeout(() => {}, 1);",
      "const g = performance.now();",
      "const h = crypto.randomUUID();",
      "const i = globalThis.process;",
      "const j = Date();",
    ];
    const pure = [
      'import { createHash } from "node:crypto";',
      "const k = new Date(0);",
      "const l = Math.max(1, 2);",
      "// Date.now() is an argument here.",
      'const m = "process.env";',
      "const n = options.fetch;",
    ];
    const text = [...impure, ...pure].join("\n");
    const found = checkPurity(
      tree({ "src/core/plan/a.ts": text, "src/adapters/stores/a.ts": text }),
    );
    expect(found.map(({ line }) => line).sort((a, b) => a - b)).toEqual(
      impure.map((_, index) => index + 1),
    );
    expect(new Set(found.map(({ path }) => path))).toEqual(new Set(["src/core/plan/a.ts"]));
  });

  test("a heavy package is found, if another file loads it or its own loads it too early", () => {
    const heavy = { pg: ["src/adapters/issuers/postgres.ts"] };
    const later = 'export const load = () => import("pg");\ntype Pg = typeof import("pg");';
    const home = (text: string) => tree({ "src/adapters/issuers/postgres.ts": text });
    expect(checkHeavyPackages(home(later), heavy)).toEqual([]);
    expect(placesOf(checkHeavyPackages(home(`import pg from "pg";\n${later}`), heavy))).toEqual([
      "src/adapters/issuers/postgres.ts:1",
    ]);
    const second = tree({ "src/adapters/issuers/postgres.ts": later, "src/http/a.ts": later });
    expect(placesOf(checkHeavyPackages(second, heavy))).toEqual(["src/http/a.ts:1"]);
    expect(placesOf(checkHeavyPackages(home(""), heavy))).toHaveLength(1);
  });

  test("a file that opens a secret is found, if nothing says why; so is an idle reason", () => {
    const modules = tree({ "src/http/a.ts": "\nconst text = value.reveal();" });
    expect(placesOf(checkReveals(modules, {}))).toEqual(["src/http/a.ts:2"]);
    expect(checkReveals(modules, { "src/http/a.ts": "shows it" })).toEqual([]);
    const idle = checkReveals(modules, { "src/http/a.ts": "shows it", "src/http/b.ts": "digests" });
    expect(placesOf(idle)).toEqual(["src/http/b.ts:1"]);
  });
});

test("a file that does not parse is an error with its name", () => {
  expect(() => tree({ "src/mcp/a.ts": "const = ;" })).toThrow(/src\/mcp\/a\.ts does not parse/);
});
