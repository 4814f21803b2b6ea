import { spawnSync } from "node:child_process";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { TYPESCRIPT } from "../test/typescript.ts";
import { fillBlocks } from "./generated-blocks.ts";

function generate(...args: string[]): { status: number | null; stderr: string } {
  const { status, stderr } = spawnSync(
    process.execPath,
    [...TYPESCRIPT, fileURLToPath(new URL("generate.ts", import.meta.url)), ...args],
    {
      encoding: "utf8",
    },
  );
  return { status, stderr };
}

test("the generated files in the repository are up to date", () => {
  expect(generate("--check")).toEqual({ status: 0, stderr: "" });
});

test("stale and missing files are named, and written only when asked for", async () => {
  const root = await copyOfPages();
  const file = join(root, "token_config.schema.json");
  const stale = { status: 1, stderr: "token_config.schema.json is stale: run npm run generate\n" };
  expect(generate("--check", "--root", root)).toEqual(stale);
  await writeFile(file, "{}\n");
  expect(generate("--check", "--root", root)).toEqual(stale);
  expect(await readFile(file, "utf8")).toBe("{}\n");
  expect(generate("--root", root)).toEqual({
    status: 0,
    stderr: "token_config.schema.json written\n",
  });
  expect(generate("--root", root)).toEqual({ status: 0, stderr: "" });
  expect(JSON.parse(await readFile(file, "utf8"))).toMatchObject({ title: "token_config.json" });
});

test("descriptions of GitHub's that hold other operations or fields than the server answers are named with the command that fetches them", async () => {
  const root = await copyOfPages();
  expect(generate("--root", root).status).toBe(0);
  const openapi = join(root, "test/github/github-openapi.json");
  const { operations, ...rest } = JSON.parse(await readFile(openapi, "utf8"));
  delete operations["GET /user"];
  await writeFile(openapi, JSON.stringify({ ...rest, operations }));
  const graphql = join(root, "test/github/github-schema.graphql");
  const sdl = await readFile(graphql, "utf8");
  await writeFile(graphql, sdl.replace("  isEmpty: Boolean!\n", ""));
  expect(generate("--check", "--root", root)).toEqual({
    status: 1,
    stderr: [
      "test/github/github-openapi.json is stale: run npm run generate -- --github\n",
      "test/github/github-schema.graphql is stale: run npm run generate -- --github\n",
    ].join(""),
  });
});

test("of a page only the text between its markers is written", async () => {
  const root = await copyOfPages();
  expect(generate("--root", root).status).toBe(0);
  const page = join(root, "README.md");
  const good = await readFile(page, "utf8");
  await writeFile(page, `By hand.\n${good.replace("| `tokens` |", "| `token` |")}`);
  expect(generate("--check", "--root", root)).toEqual({
    status: 1,
    stderr: "README.md is stale: run npm run generate\n",
  });
  expect(generate("--root", root)).toEqual({ status: 0, stderr: "README.md written\n" });
  expect(await readFile(page, "utf8")).toBe(`By hand.\n${good}`);
});

test("a marker without its counterpart and an unknown block are errors", () => {
  expect(() => fillBlocks("<!-- generated:stages -->\n")).toThrow(
    "without its counterpart: <!-- generated:stages -->",
  );
  expect(() => fillBlocks("<!-- /generated:stages -->\n")).toThrow("without its counterpart");
  expect(() => fillBlocks("<!-- generated:x -->\n<!-- /generated:x -->\n")).toThrow(
    "no block is called x. There are workflow, ",
  );
});

/** All generated files except the schema, in a folder of its own. */
async function copyOfPages(): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), "generate-"));
  onTestFinished(() => rm(root, { recursive: true }));
  const project = fileURLToPath(new URL("..", import.meta.url));
  await cp(join(project, "README.md"), join(root, "README.md"));
  for (const path of [
    "docs",
    ".github/examples",
    "src/http/page/assets.ts",
    "src/mcp/pages.json",
    "test/github/github-openapi.json",
    "test/github/github-schema.graphql",
  ])
    await cp(join(project, path), join(root, path), { recursive: true });
  return root;
}
