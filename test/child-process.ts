// Real processes that write beside each other, or are killed while they write.
import { spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { TYPESCRIPT } from "./typescript.ts";

export type Writer = {
  readonly script: URL;
  readonly args: readonly string[];
  readonly environment?: NodeJS.ProcessEnv;
};

/** Runs a script to its end; gives its exit code. */
export async function runToEnd({
  script,
  args,
  environment = process.env,
}: Writer): Promise<number | null> {
  const child = spawn(process.execPath, [...TYPESCRIPT, fileURLToPath(script), ...args], {
    env: environment,
    stdio: ["ignore", "ignore", "inherit"],
  });
  const [code] = await once(child, "exit");
  return code;
}

/** Runs a script that prints a line per step, and kills it (SIGKILL) at a random moment after a few of them. */
export async function killWhileRunning({
  script,
  args,
  environment = process.env,
}: Writer): Promise<void> {
  const child = spawn(process.execPath, [...TYPESCRIPT, fileURLToPath(script), ...args], {
    env: environment,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(child, "exit");
  let left = randomInt(1, 6);
  for await (const _ of createInterface({ input: child.stdout })) {
    left -= 1;
    if (left > 0) continue;
    const until = performance.now() + randomInt(0, 25);
    // The kill falls into the next step, and not always at the same place in it.
    while (performance.now() < until) await new Promise(setImmediate);
    child.kill("SIGKILL");
    break;
  }
  const [, signal] = await ended;
  if (signal !== "SIGKILL") throw new Error("the writer ended before it could be killed");
}
