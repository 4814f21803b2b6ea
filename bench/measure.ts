// Measurement by repetition. It takes medians, since one slow run proves nothing.
import { spawnSync } from "node:child_process";

/** The median of some numbers. */
export function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

/** Wall time of a child process from start to exit, in milliseconds. Throws if it fails. */
export function timeProcess(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): number {
  const start = performance.now();
  const { status, stderr, error } = spawnSync(command, args, {
    env,
    stdio: ["ignore", "ignore", "pipe"],
  });
  const took = performance.now() - start;
  if (error) throw error;
  if (status !== 0)
    throw new Error(`${command} ended with ${status}: ${String(stderr).slice(0, 500)}`);
  return took;
}

/** One line of the result: its name, the figure, its yardstick, and the limit that the project has set itself. */
export type Figure = {
  readonly what: string;
  readonly value: string;
  readonly limit: string;
  readonly held: boolean;
};

export function atMost(
  what: string,
  value: number,
  limit: number,
  show: (value: number) => string,
): Figure {
  return { what, value: show(value), limit: `≤ ${show(limit)}`, held: value <= limit };
}
