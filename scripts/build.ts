// Builds what ships: `--cli` makes dist/cli.js. Without a target it builds all of them. `--out FOLDER` puts it elsewhere.
import { rm } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { build, type RolldownOptions } from "rolldown";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** The CLI for Node.js 20 and later; what a command may not need is in chunks of its own. */
async function buildCli(out: string | undefined): Promise<void> {
  await bundle({ input: { cli: `${ROOT}src/cli/main.ts` }, out: out ?? `${ROOT}dist`, target: "node20" });
}

const TARGETS = { cli: buildCli } as const;

type Bundle = { readonly input: Record<string, string>; readonly out: string; readonly target: string };

async function bundle({ input, out, target }: Bundle): Promise<void> {
  const options: RolldownOptions = {
    cwd: ROOT,
    input,
    platform: "node",
    // jsonc-parser's "main" is a UMD file, which no bundler can follow.
    resolve: { mainFields: ["module", "main"] },
    transform: { target },
    logLevel: "warn",
  };
  await rm(out, { recursive: true, force: true });
  await build({
    ...options,
    output: { dir: out, format: "esm", entryFileNames: "[name].js", chunkFileNames: "[name]-[hash].js", minify: false },
  });
}

const { values } = parseArgs({ options: { cli: { type: "boolean" }, out: { type: "string" } } });
const chosen = Object.entries(TARGETS).filter(([name]) => name in values);
for (const [, make] of chosen.length === 0 ? Object.entries(TARGETS) : chosen) await make(values.out);
