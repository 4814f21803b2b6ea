// The tests of CI: `npm test`, then a sample of each slow suite. Runs a failed file once more, alone, and names it if it passes then.
import { execFileSync } from "node:child_process";
import { parseArgs } from "node:util";
import { SAMPLE_VARIABLE } from "../test/sample.ts";
import { installTools } from "./tools.ts";
import {
  type FileResult,
  ROOT,
  runVitest,
  slowestOf,
  sumOf,
  type TestRun,
  VITEST,
} from "./vitest.ts";

const USAGE =
  "node scripts/run.js scripts/ci-tests.ts [--seed N] [FILE…]: the number chooses the sample; with files, these fast ones only";
const BROWSER = "src/http/page/";
/** By their folder or name: one file of a suite with several, chosen by the seed; a suite in one file runs in part. */
const SUITES: readonly (readonly string[])[] = [
  ["test/chaos/chaos"],
  ["test/chaos/random-kills"],
  ["src/adapters/stores/local-crash", "src/adapters/destinations/vault-crash"],
  ["src/http/hosts"],
  ["src/mcp/conformance"],
  [`${BROWSER}browser`, `${BROWSER}actions`, `${BROWSER}hosted`],
  ["src/adapters/issuers/mysql"],
  ["src/adapters/issuers/postgres"],
  ["src/adapters/issuers/redis"],
  ["src/adapters/issuers/aws-iam"],
  ["src/core/record/append-history"],
  ["src/http/reply/paging"],
  ["scripts/package"],
  ["scripts/new"],
];
const SLOWEST = 10;

/** The commit's first digits: the same commit runs the same sample, and the next one another. */
function seedOfCommit(): string {
  const commit = execFileSync("git", ["rev-parse", "HEAD"], { cwd: ROOT, encoding: "utf8" });
  return String(Number.parseInt(commit.slice(0, 8), 16));
}

function readArguments(): { readonly seed: string; readonly only: readonly string[] } {
  const { values, positionals: only } = parseArgs({
    options: { seed: { type: "string" } },
    allowPositionals: true,
  });
  if (values.seed !== undefined && !/^\d{1,10}$/.test(values.seed)) throw new Error(USAGE);
  return { seed: values.seed ?? seedOfCommit(), only };
}

/** A part of `npm test` or of the slow suites, and how one of its files is run alone. */
type Part = {
  readonly run: TestRun;
  readonly again: (file: string) => TestRun;
};

function fast(only: readonly string[]): Part {
  const npmTest = (...files: string[]) => runVitest(["npm", "test", "--silent", "--"], files);
  return { run: npmTest(...only), again: npmTest };
}

/** On Node.js 24, which GitHub's runners have. */
function slow(seed: string): Part {
  const node = installTools();
  const sample = (...files: string[]) =>
    runVitest([node, VITEST, "run"], ["--project", "slow", ...files], { [SAMPLE_VARIABLE]: seed });
  const files = SUITES.map((suite) => `${suite[Number(seed) % suite.length]}.slow.test.ts`);
  return { run: sample(...files), again: sample };
}

/** The same file, by its last run. */
type Last = FileResult & { readonly flaky: boolean };

/** Runs what failed again, each file alone. */
function lastResults({ run, again }: Part): readonly Last[] {
  return run.files.map((result) => {
    if (result.passed) return { ...result, flaky: false };
    const second = again(result.file);
    const [last = result] = second.files;
    return { ...last, passed: second.succeeded, flaky: second.succeeded };
  });
}

const { seed, only } = readArguments();
const parts = only.length > 0 ? [fast(only)] : [fast(only), slow(seed)];
const files = parts.flatMap(lastResults);
/** Vitest was not content although each file was: an error outside all tests. */
const failedOutside = parts.some(
  ({ run }) => !run.succeeded && run.files.every(({ passed }) => passed),
);
const failed = files.filter(({ passed }) => !passed);
const tests = sumOf(files);
const lines = [
  `\nThe sample's seed: ${seed}`,
  "The slowest files:",
  ...slowestOf(files, SLOWEST).map(
    ({ file, seconds }) => `${seconds.toFixed(1).padStart(8)} s  ${file}`,
  ),
  ...files.flatMap(({ file, flaky }) =>
    flaky ? [`flaky: ${file} failed, and passed when it ran again alone`] : [],
  ),
  ...failed.map(({ file }) => `failed twice: ${file}`),
  ...(failedOutside ? ["failed: a run had an error outside all tests, or did not start"] : []),
  `${tests.passed} passed, ${tests.failed} failed, ${tests.skipped} skipped`,
];
process.stdout.write(`${lines.join("\n")}\n`);
process.exitCode = failed.length === 0 && !failedOutside ? 0 : 1;
