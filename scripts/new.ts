// The starting files of a new issuer, destination or command, and the next steps. `--root FOLDER` works on another copy of the project.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { choosePart } from "./new/choose.ts";
import { Refused, writePart } from "./new/plan.ts";

function run(root: string, script: string, args: readonly string[]): void {
  const { status, stderr } = spawnSync(process.execPath, [script, ...args], {
    cwd: root,
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`${script} failed: ${stderr}`);
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { root: { type: "string" } },
});
try {
  const root = values.root ?? fileURLToPath(new URL("..", import.meta.url));
  const { kindName, name, part } = choosePart(positionals);
  const written = await writePart(root, part);
  const sources = written.filter((path) => path.endsWith(".ts"));
  run(root, join("node_modules", "@biomejs", "biome", "bin", "biome"), [
    "check",
    "--write",
    ...sources,
  ]);
  // A process of its own, which loads the new part.
  run(root, join("scripts", "run.js"), ["scripts/generate.ts"]);
  console.log(`The ${kindName} ${name} has its starting files:`);
  for (const path of written) console.log(`  ${path}`);
  console.log("\nNext:");
  for (const [index, step] of [
    ...part.next,
    "Run `npm run check`, and `npm run test:all` before you ask for a review.",
  ].entries())
    console.log(`  ${index + 1}. ${step}`);
} catch (error) {
  if (!(error instanceof Refused)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
