// The words that the texts of this project avoid, in strings, comments and pages: each folder may only get better.
import { readFile, writeFile } from "node:fs/promises";
import { beforeAll, describe, expect, test } from "vitest";
import { ROOT, readPages } from "./pages.ts";
import { checkEnglish, countedAs, type Line } from "./rules/english.ts";
import { type Finding, report } from "./rules/finding.ts";
import { parseModule } from "./rules/module.ts";
import { readSources } from "./sources.ts";

/** How many each folder has left. A folder that is not listed has none. */
const LEFT = `${ROOT}test/english-left.json`;
/** Set to write the file with the counts of today. No count rises by it. */
const LOWER = process.env.ENGLISH_LEFT === "lower";
const FOLDERS = ["action", "functions", "src", "scripts", "test", "bench"];
/** They name the words that they look for. */
const ABOUT_WORDS = ["test/rules/english.ts", "test/english.test.ts"];

type Left = Readonly<Record<string, number>>;

let lines: readonly Line[];
let found: ReadonlyMap<string, readonly Finding[]>;
let left: Left;
beforeAll(async () => {
  left = JSON.parse(await readFile(LEFT, "utf8")) as Left;
  const sources = (await readSources(FOLDERS, { tests: true })).filter(
    ({ path }) => !ABOUT_WORDS.includes(path),
  );
  const pages = [
    ...(await readPages()),
    ...(await Promise.all(
      ["CHANGELOG.md", "action.yml"].map(async (path) => ({
        path,
        text: await readFile(`${ROOT}${path}`, "utf8"),
      })),
    )),
  ];
  lines = [
    ...sources.flatMap((source) =>
      parseModule(source).texts.map((text) => ({ path: source.path, ...text })),
    ),
    ...pages.map((page) => ({ ...page, line: 1 })),
  ];
  const byFolder = new Map<string, Finding[]>();
  for (const finding of checkEnglish(lines)) {
    const folder = countedAs(finding.path);
    byFolder.set(folder, [...(byFolder.get(folder) ?? []), finding]);
  }
  found = byFolder;
  if (LOWER) {
    const lowered = Object.entries(left)
      .map(([folder, count]) => [folder, Math.min(count, found.get(folder)?.length ?? 0)] as const)
      .filter(([, count]) => count > 0)
      .sort(([a], [b]) => a.localeCompare(b));
    left = Object.fromEntries(lowered);
    await writeFile(LEFT, `${JSON.stringify(left, null, 2)}\n`);
  }
});

test("there is something to judge", () => {
  expect(lines.length).toBeGreaterThan(10_000);
  expect(new Set(lines.map(({ path }) => path)).size).toBeGreaterThan(500);
});

test("no folder says more of the avoided words than are left in it", () => {
  const worse = [...found].flatMap(([folder, findings]) => {
    const allowed = left[folder] ?? 0;
    if (findings.length <= allowed) return [];
    const title = `${folder} has ${findings.length} avoided words; ${allowed} were left. New ones are among these:`;
    return [title, ...report(findings)];
  });
  expect(worse).toEqual([]);
});

test("the list of what is left names only folders that have some; ENGLISH_LEFT=lower writes it", () => {
  expect(Object.keys(left).filter((folder) => !found.has(folder))).toEqual([]);
});

describe("the rule", () => {
  const wordsIn = (text: string) => checkEnglish([{ path: "a.ts", line: 3, text }]);

  test.each([
    "declare it anew",
    "time alone will not mend it",
    "what a person Mended",
    "7 unless given",
    "Somebody has to do it",
    "whoever asks",
    "nobody knows",
    "you had best stop",
    "so many tokens",
    "nothing else than this",
    "the program tells",
  ])("finds: %s", (text) => {
    expect(wordsIn(text)).toHaveLength(1);
  });

  test.each(["a new one", "recommended", "amend it", "unless it is given", "tell", "some body"])(
    "leaves alone: %s",
    (text) => {
      expect(wordsIn(text)).toEqual([]);
    },
  );

  test("finds each one, with its line", () => {
    expect(report(wordsIn("first\nwhoever and nobody\nanew"))).toEqual([
      'a.ts:4: it says "whoever". Name the actor: a person, the run, the service.',
      'a.ts:4: it says "nobody". Name the actor, and say what it cannot do.',
      'a.ts:5: it says "anew". Write "again".',
    ]);
  });

  test("reads strings, templates and comments of a source, and no names", () => {
    const text = [
      "// for nobody",
      'const somebody = "anew";',
      "const text = `whoever ${" + "somebody} tells`;",
      "/** mended */",
    ].join("\n");
    const module = parseModule({ path: "a.ts", text });
    const places = checkEnglish(module.texts.map((each) => ({ path: "a.ts", ...each })));
    expect(places.map(({ line, what }) => `${line} ${what}`).sort()).toEqual([
      '1 it says "nobody"',
      '2 it says "anew"',
      '3 it says "tells"',
      '3 it says "whoever"',
      '4 it says "mended"',
    ]);
  });

  test("counts by room", () => {
    expect(
      [
        "src/core/plan/a.ts",
        "src/core/app.ts",
        "src/http/page/a.ts",
        "docs/issuers/a.md",
        "README.md",
      ].map(countedAs),
    ).toEqual(["src/core/plan", "src/core", "src/http", "docs", "README.md"]);
  });
});
