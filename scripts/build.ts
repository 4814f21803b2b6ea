// Builds what ships, each target by its flag, all of them without one; `--out FOLDER` puts a bundle elsewhere. Says nothing unless it fails.
import { rm } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { build } from "rolldown";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** A target by the name of its flag. `out` is the folder that was asked for, else undefined. */
const TARGETS: Readonly<Record<string, (out: string | undefined) => Promise<void>>> = {
  /** dist/cli.js, for Node.js 20 and later; what a command may not need is in chunks of its own. */
  cli: (out) => bundle({ input: { cli: "src/cli/main.ts" }, out, folder: "dist", target: "node20" }),
};

type Bundle = {
  /** Entry's name to its file. */
  readonly input: Readonly<Record<string, string>>;
  readonly out: string | undefined;
  /** Where it goes unless told otherwise; emptied first. */
  readonly folder: string;
  readonly target: string;
};

async function bundle({ input, out, folder, target }: Bundle): Promise<void> {
  if (out === undefined) await rm(`${ROOT}${folder}`, { recursive: true, force: true });
  await build({
    cwd: ROOT,
    input: { ...input },
    platform: "node",
    // jsonc-parser's "main" is a UMD file, which no bundler can follow.
    resolve: { mainFields: ["module", "main"] },
    transform: { target },
    logLevel: "warn",
    output: { dir: out ?? `${ROOT}${folder}`, format: "esm", entryFileNames: "[name].js", chunkFileNames: "[name]-[hash].js" },
  });
}

const names = Object.keys(TARGETS);
const { values } = parseArgs({
  options: { out: { type: "string" }, ...Object.fromEntries(names.map((name) => [name, { type: "boolean" as const }])) },
});
const out = typeof values.out === "string" ? values.out : undefined;
const asked = new Set(Object.keys(values));
for (const name of names.some((each) => asked.has(each)) ? names.filter((each) => asked.has(each)) : names) await TARGETS[name]?.(out);
