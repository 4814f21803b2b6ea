// Programs that run at the same time, in a process that gets a signal meanwhile.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { CLI } from "../../../test/cli.ts";
import { useFolders } from "../../../test/folders.ts";

const { folder } = useFolders();
const NAMES = ["ALPHA", "BETA", "GAMMA"];

test.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)(
  "%s ends the run, and every program that it waits for",
  async (signal) => {
    const directory = await folder();
    const command = (name: string) => ({
      use: "command",
      run: ["sh", "-c", `echo $$ > ${name}.pid; while :; do sleep 600; done`],
    });
    const tokens = Object.fromEntries(NAMES.map((name) => [name, { issuer: command(name) }]));
    writeFileSync(join(directory, "token_config.json"), JSON.stringify({ version: 1, tokens }));
    const run = spawn(process.execPath, [CLI, "rotate", ...NAMES], {
      cwd: directory,
      stdio: "ignore",
    });
    const ended = once(run, "exit");
    const pidFiles = NAMES.map((name) => join(directory, `${name}.pid`));
    const isWritten = (path: string) =>
      existsSync(path) && readFileSync(path, "utf8").endsWith("\n");
    while (!pidFiles.every(isWritten)) await new Promise(setImmediate);
    run.kill(signal);
    expect(await ended).toEqual([null, signal]);
    for (const path of pidFiles) await gone(Number(readFileSync(path, "utf8")));
  },
);

/** Resolves once the process has ended. One that waits to be collected by its parent has. */
async function gone(pid: number): Promise<void> {
  const isAlive = () => {
    try {
      return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
    } catch {
      return false;
    }
  };
  while (isAlive()) await new Promise(setImmediate);
}
