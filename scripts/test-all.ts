// `npm run test:all`: every test, on Node.js 24, which GitHub's runners have. Writes the figures of a whole green run.
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { installTools } from "./tools.ts";
import { ROOT, runVitest, slowestOf, sumOf, VITEST } from "./vitest.ts";

const FIGURES = join(ROOT, "test/figures.json");
/** The slowest files that the figures name. */
const SLOWEST = 10;

const git = (...args: string[]) =>
  execFileSync("git", args, { cwd: ROOT, encoding: "utf8" }).trim();

const args = process.argv.slice(2);
const node = installTools();
const run = runVitest([node, VITEST, "run"], args);
process.exitCode = run.succeeded ? 0 : 1;
if (args.length > 0 || !run.succeeded) {
  process.stdout.write(
    "The figures are those of whole runs that pass: test/figures.json stays as it is.\n",
  );
} else if (git("status", "--porcelain", "--untracked-files=no") !== "") {
  process.stdout.write("Something is not committed: test/figures.json stays as it is.\n");
} else {
  const figures = {
    commit: git("rev-parse", "HEAD"),
    node: execFileSync(node, ["--version"], { encoding: "utf8" }).trim(),
    cores: availableParallelism(),
    files: run.files.length,
    tests: sumOf(run.files),
    seconds: Math.round(run.seconds),
    slowest: slowestOf(run.files, SLOWEST).map(({ file, seconds }) => ({
      file,
      seconds: Math.round(seconds),
    })),
  };
  writeFileSync(FIGURES, `${JSON.stringify(figures, null, 2)}\n`);
  process.stdout.write("test/figures.json has the figures of this run: commit it.\n");
}
