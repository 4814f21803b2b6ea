// The CLI as people run it: a process of its own, or in this one where the time matters.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { inject } from "vitest";
import { main } from "../src/cli/cli.ts";
import type { Io, StopSignal } from "../src/cli/session/io.ts";
import { bareEnvironment } from "./git-repository.ts";

/** The entry of the CLI as it was built for the tests. */
export const CLI = inject("cli");

/** All that came out. */
export type Outcome = {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
};

export type ProcessOptions = {
  readonly directory: string;
  /** Beside PATH and HOME. */
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string | Uint8Array;
};

/** Starts the CLI as a child process that knows no configuration of the person who runs the tests. */
export function startCli(
  args: readonly string[],
  { directory, env = {}, input = "" }: ProcessOptions,
) {
  const child = spawn(process.execPath, [CLI, ...args], {
    cwd: directory,
    env: { ...bareEnvironment(directory), ...env },
  });
  child.stdin.on("error", () => undefined);
  child.stdin.end(input);
  const ended = Promise.all([once(child, "close"), text(child.stdout), text(child.stderr)]).then(
    ([[code], stdout, stderr]): Outcome => ({ code, stdout, stderr }),
  );
  return { child, ended };
}

/** Runs it to its end. */
export function runCli(args: readonly string[], options: ProcessOptions): Promise<Outcome> {
  return startCli(args, options).ended;
}

export type InProcessOptions = {
  readonly directory: string;
  readonly now: () => Date;
  readonly env?: Readonly<Record<string, string>>;
  readonly terminal?: boolean;
  readonly input?: string;
  /** In place of waiting. */
  readonly sleep?: (milliseconds: number) => void;
};

/** An `Io` whose every part can be looked at; `signal` does what a signal to the process would. */
export function testIo({
  directory,
  now,
  env = {},
  terminal = false,
  input = "",
  sleep = () => {},
}: InProcessOptions) {
  const written = { stdout: "", stderr: "" };
  const exits: number[] = [];
  const listeners = new Set<(signal: StopSignal) => void>();
  const output = (stream: keyof typeof written) => ({
    isTerminal: terminal,
    write(chunk: string) {
      written[stream] += chunk;
    },
  });
  const io: Io = {
    stdout: output("stdout"),
    stderr: output("stderr"),
    stdin: {
      isTerminal: terminal,
      bytes: (async function* () {
        yield Buffer.from(input);
      })(),
    },
    env: { PATH: process.env.PATH, ...env },
    directory,
    now,
    async sleep(milliseconds) {
      sleep(milliseconds);
    },
    onStop(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    exit: (code) => void exits.push(code),
  };
  const signal = (name: StopSignal) => {
    for (const listener of listeners) listener(name);
  };
  return { io, written, exits, signal, listeners };
}

/** Runs it in this process, at a time of the test's choosing. */
export async function runInProcess(
  args: readonly string[],
  options: InProcessOptions,
): Promise<Outcome> {
  const { io, written } = testIo(options);
  const code = await main(args, io);
  return { code, ...written };
}

/** The moment at which `normalised` runs commands. */
export const TEST_TIME = new Date("2027-03-01T12:00:00Z");

/** In this process, at a fixed time; what differs from run to run is made equal. */
export async function normalised(
  directory: string,
  args: readonly string[],
  options: Partial<InProcessOptions> = {},
): Promise<Outcome> {
  const { code, stdout, stderr } = await runInProcess(args, {
    directory,
    now: () => TEST_TIME,
    ...options,
  });
  const normal = (output: string) =>
    output
      .replaceAll(directory, "<folder>")
      .replace(/(commit )[0-9a-f]{10}/g, "$1<sha>")
      .replace(/(sha256:)[0-9a-f]{12}…/g, "$1<digest>…");
  return { code, stdout: normal(stdout), stderr: normal(stderr) };
}
