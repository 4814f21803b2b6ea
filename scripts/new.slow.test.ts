// `npm run new` in a copy of the project: its refusals, and a check that the files it writes are whole and honest.
import { execFile } from "node:child_process";
import { cp, mkdir, readFile, symlink } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { temporaryFolder } from "../test/git-repository.ts";
import { ROOT } from "../test/pages.ts";
import { choosePart } from "./new/choose.ts";
import { writePart } from "./new/plan.ts";

const execute = promisify(execFile);
const FOLDERS = [
  "bin",
  "src",
  "functions",
  "scripts",
  "test",
  "bench",
  "docs",
  "action",
  ".github",
];
const FILES = [
  "action.yml",
  "biome.json",
  "CHANGELOG.md",
  "CONTRIBUTING.md",
  "package.json",
  "README.md",
  "SECURITY.md",
  "token_config.schema.json",
  "tsconfig.json",
  "vitest.config.ts",
];

let copy: Awaited<ReturnType<typeof temporaryFolder>>;
beforeAll(async () => {
  copy = await temporaryFolder();
  const isSource = (path: string) => !/\/action\/dist(?:\/|$)/.test(path);
  for (const path of [...FOLDERS, ...FILES])
    await cp(join(ROOT, path), join(copy.path, path), { recursive: true, filter: isSource });
  await symlink(join(ROOT, "node_modules"), join(copy.path, "node_modules"));
  // Biome reads which files are ignored from the repository.
  await mkdir(join(copy.path, ".git"));
  await cp(join(ROOT, ".gitignore"), join(copy.path, ".gitignore"));
});
afterAll(() => copy?.close());

/** Runs a program in the copy to its end, with any exit code. */
async function inCopy(script: string, ...args: string[]) {
  const env = { ...process.env, NO_COLOR: "1", FORCE_COLOR: "0" };
  const options = { cwd: copy.path, env, maxBuffer: 64 * 1024 * 1024 };
  return execute(process.execPath, [script, ...args], options).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    ({ code, stdout, stderr }) => ({ code, stdout, stderr }),
  );
}
const runNew = (...args: string[]) => inCopy("scripts/run.js", "scripts/new.ts", ...args);
const vitest = async (...files: string[]) => {
  const output = join(copy.path, "results.json");
  const flags = ["--reporter=json", `--outputFile=${output}`, "--maxWorkers=1"];
  await inCopy("node_modules/vitest/vitest.mjs", "run", ...flags, ...files);
  const { testResults } = JSON.parse(await readFile(output, "utf8")) as {
    testResults: { assertionResults: { status: string; failureMessages: string[] }[] }[];
  };
  return testResults.flatMap(({ assertionResults }) => assertionResults);
};
const textOf = (path: string) => readFile(join(copy.path, path), "utf8");

describe("refuses", () => {
  test.each([
    [[], /^Usage: npm run new issuer\|destination\|command NAME$/],
    [["issuer"], /^Usage/],
    [["store", "acme"], /^Usage/],
    [["constructor", "acme"], /^Usage/],
    [["issuer", "acme", "more"], /^Usage/],
    [["issuer", "Acme"], /"Acme" is not a name for a new issuer\. .* as in acme_keys/],
    [["issuer", "acme-keys"], /is not a name for a new issuer/],
    [["issuer", "../acme"], /is not a name for a new issuer/],
    [["issuer", "9acme"], /is not a name for a new issuer/],
    [["issuer", "a".repeat(41)], /is not a name for a new issuer/],
    [["destination", "__proto__"], /is not a name for a new destination/],
    [["command", "list_tokens"], /is not a name for a new command\. .* as in list-tokens/],
    [["issuer", "postgres"], /the issuer postgres exists already/],
    [["destination", "vault"], /the destination vault exists already/],
    [["command", "plan"], /the command plan exists already/],
    [["command", "help"], /the command help exists already/],
  ] as const)("%j", (args, message) => {
    expect(() => choosePart(args)).toThrow(message);
  });

  test("a name whose file exists, and writes nothing", async () => {
    const before = await textOf("src/core/model/schema-issuers.ts");
    // Not an issuer, but a file of the folder.
    const { code, stdout, stderr } = await runNew("issuer", "slots");
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toBe("src/adapters/issuers/slots.ts exists already, so nothing was written\n");
    expect(await textOf("src/core/model/schema-issuers.ts")).toBe(before);
  });

  test("a place that is gone, and writes nothing", async () => {
    const part = choosePart(["command", "list-tokens"]).part;
    const insertion = {
      path: "src/cli/program.ts",
      at: "no such line",
      side: "after",
      text: "",
    } as const;
    const broken = { ...part, insertions: [...part.insertions, insertion] };
    await expect(writePart(copy.path, broken)).rejects.toThrow(
      /program\.ts has 0 places like "no such line"/,
    );
    await expect(textOf("src/cli/commands/list-tokens.ts")).rejects.toThrow(/ENOENT/);
  });
});

describe("writes parts that are whole", () => {
  const parts = [
    ["issuer", "acme_keys"],
    ["issuer", "new"],
    ["destination", "acme_store"],
    ["destination", "default"],
    ["command", "list-tokens"],
  ] as const;
  let shown: string[];
  beforeAll(async () => {
    shown = [];
    for (const part of parts) {
      const { code, stdout, stderr } = await runNew(...part);
      expect({ part, code, stderr }).toEqual({ part, code: 0, stderr: "" });
      shown.push(stdout);
    }
  }, 120_000);

  test("says what it wrote and what is next, and refuses to write it again", async () => {
    const [first = ""] = shown;
    expect(first).toContain("src/adapters/issuers/acme-keys.test.ts");
    expect(first).toMatch(/Next:\n {2}1\. Write the four requests/);
    const again = await runNew("issuer", "acme_keys");
    expect(again.code).toBe(1);
    expect(again.stderr).toBe("the issuer acme_keys exists already\n");
  });

  test("the copy keeps its types and its generated files", async () => {
    expect(await inCopy("node_modules/typescript/bin/tsc")).toMatchObject({ code: 0, stdout: "" });
    expect(await inCopy("scripts/run.js", "scripts/generate.ts", "--check")).toMatchObject({
      code: 0,
    });
    expect(await textOf("docs/cli.md")).toContain("token-automation list-tokens");
    expect(await textOf("token_config.schema.json")).toContain('"acme_store"');
  });

  test("the copy keeps the rules of the house and of the config, and a new command works", async () => {
    const results = await vitest(
      "test/architecture.test.ts",
      "src/core/config/parse.test.ts",
      "src/cli/commands/list-tokens.test.ts",
    );
    expect(results.length).toBeGreaterThan(40);
    expect(
      results.filter(({ status }) => status !== "passed").flatMap((each) => each.failureMessages),
    ).toEqual([]);
  });

  test("the contract of a new adapter fails until its requests are written, and says which", async () => {
    const issuer = await vitest("src/adapters/issuers/acme-keys.test.ts");
    const destination = await vitest("src/adapters/destinations/acme-store.test.ts");
    for (const results of [issuer, destination]) {
      expect(results.length).toBeGreaterThan(5);
      expect(results.filter(({ status }) => status === "passed")).toEqual([]);
    }
    const said = [...issuer, ...destination].flatMap(({ failureMessages }) => failureMessages);
    expect(said.filter((message) => message.includes("is not written yet")).length).toBeGreaterThan(
      15,
    );
    for (const request of ["createKey", "fetchKey"])
      expect(said.join("\n")).toContain(`the request ${request} of the`);
  });
});
