// A run of Vitest in a process of its own, and its results by file.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("..", import.meta.url));

export type FileResult = {
  /** From the project's folder. */
  readonly file: string;
  readonly passed: boolean;
  readonly seconds: number;
  readonly tests: Tests;
};

/** How many. A file that could not be loaded has none. */
export type Tests = {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
};

export type TestRun = {
  /** By file, in no order. */
  readonly files: readonly FileResult[];
  /** Whether Vitest itself was content: an error outside all tests fails a run too. */
  readonly succeeded: boolean;
  readonly seconds: number;
};

type JsonReport = {
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly startTime: number;
    readonly endTime: number;
    readonly assertionResults: readonly { readonly status: string }[];
  }[];
};

export const VITEST = join(ROOT, "node_modules/vitest/vitest.mjs");

/**
 * Runs it to its end; people see its output.
 * @param command a program that passes arguments on to Vitest, and its own arguments
 * @param args of Vitest, such as files and `--project slow`
 */
export function runVitest(
  [command, ...before]: readonly [string, ...string[]],
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): TestRun {
  const folder = mkdtempSync(join(tmpdir(), "test-results-"));
  const report = join(folder, "results.json");
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
  const startedAt = performance.now();
  try {
    const { status } = spawnSync(command, [...before, ...args, ...reporters], {
      cwd: ROOT,
      env: { ...process.env, ...environment },
      stdio: ["ignore", "inherit", "inherit"],
    });
    const results: JsonReport | null = existsSync(report)
      ? JSON.parse(readFileSync(report, "utf8"))
      : null;
    return {
      files: (results?.testResults ?? []).map(resultOf),
      succeeded: status === 0,
      seconds: (performance.now() - startedAt) / 1000,
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function resultOf(result: JsonReport["testResults"][number]): FileResult {
  const { name, status, startTime, endTime, assertionResults } = result;
  const count = (ended: string) => assertionResults.filter((test) => test.status === ended).length;
  const [passed, failed] = [count("passed"), count("failed")];
  return {
    file: relative(ROOT, name),
    passed: status === "passed",
    seconds: (endTime - startTime) / 1000,
    tests: { passed, failed, skipped: assertionResults.length - passed - failed },
  };
}

/** All tests of some files. */
export function sumOf(files: readonly FileResult[]): Tests {
  const sum = (kind: keyof Tests) => files.reduce((total, { tests }) => total + tests[kind], 0);
  return { passed: sum("passed"), failed: sum("failed"), skipped: sum("skipped") };
}

/** The slowest first. */
export function slowestOf(files: readonly FileResult[], count: number): readonly FileResult[] {
  return files.toSorted((one, other) => other.seconds - one.seconds).slice(0, count);
}
