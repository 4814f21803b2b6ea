// The CLI's bundle: what a command may not need is in files of its own.
import { fileURLToPath } from "node:url";
import { build } from "rolldown";

/** Writes cli.js and its chunks, for Node.js 20 and later. @param folder where they go; other files in it stay */
export async function buildCli(folder: string): Promise<void> {
  await build({
    cwd: fileURLToPath(new URL("..", import.meta.url)),
    input: { cli: "src/cli/main.ts" },
    platform: "node",
    // jsonc-parser's "main" is a UMD file, which no bundler can follow.
    resolve: { mainFields: ["module", "main"] },
    transform: { target: "node20" },
    logLevel: "warn",
    output: {
      dir: folder,
      format: "esm",
      entryFileNames: "[name].js",
      chunkFileNames: "[name]-[hash].js",
    },
  });
}
