// The files that are generated from the code. `--check` writes nothing and fails if one is stale. `--root FOLDER` puts them elsewhere.
// `--github` fetches and cuts GitHub's descriptions first. No other option uses the network.
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { rotationWorkflow } from "../src/cli/commands/starter.ts";
import { jsonSchemaText } from "../src/core/config/json-schema.ts";
import { agentPages } from "./agent-pages.ts";
import { fillBlocks } from "./generated-blocks.ts";
import { staleDescriptions, writeDescriptions } from "./github-description.ts";
import { pageAssets } from "./page-assets.ts";

/** One generated file. `current` is its present content, if only a part of it is generated. */
type GeneratedFile = {
  readonly path: string;
  readonly content: (current: string | null, root: string) => string | Promise<string>;
};

/** Pages that people write around generated tables. */
const PAGES = [
  "README.md",
  "docs/action.md",
  "docs/cli.md",
  "docs/config.md",
  "docs/http.md",
  "docs/rotation.md",
];

const FILES: readonly GeneratedFile[] = [
  { path: "token_config.schema.json", content: jsonSchemaText },
  // Not under workflows/: this repository has no record to rotate.
  {
    path: ".github/examples/rotate-tokens.yml",
    content: () => rotationWorkflow("token_config.json"),
  },
  { path: "src/http/page/assets.ts", content: pageAssets },
  ...PAGES.map((path) => ({ path, content: (current: string | null) => fillPage(path, current) })),
  // After the pages, of which it holds some.
  { path: "src/mcp/pages.json", content: (_current, root) => agentPages(root) },
];

function fillPage(path: string, current: string | null): string {
  if (current === null)
    throw new Error(
      `${path} is missing, and cannot be made here, because only its tables are generated`,
    );
  return fillBlocks(current);
}

async function currentContent(file: string): Promise<string | null> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
    throw error;
  }
}

async function writeInto(file: string, content: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, content);
}

/** Brings every file up to date, or only looks. Returns the paths of the stale ones. */
async function generate(root: string, write: boolean): Promise<string[]> {
  const stale: string[] = [];
  for (const { path, content } of FILES) {
    const current = await currentContent(join(root, path));
    const wanted = await content(current, root);
    if (wanted === current) continue;
    stale.push(path);
    if (write) await writeInto(join(root, path), wanted);
  }
  return stale;
}

const { values } = parseArgs({
  options: {
    check: { type: "boolean", default: false },
    github: { type: "boolean", default: false },
    root: { type: "string" },
  },
});
const root = values.root ?? fileURLToPath(new URL("..", import.meta.url));
if (values.github) for (const line of await writeDescriptions(root)) console.error(line);
const stale = await generate(root, !values.check);
for (const path of stale)
  console.error(values.check ? `${path} is stale: run npm run generate` : `${path} written`);
const unfetched = await staleDescriptions(root);
for (const path of unfetched) console.error(`${path} is stale: run npm run generate -- --github`);
if (unfetched.length > 0 || (values.check && stale.length > 0)) process.exitCode = 1;
