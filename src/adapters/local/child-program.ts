// One program, run to its end without a shell. It is ended with all its children if it takes too long or prints too much.
// Our own, since execa (112 kB in the bundle), tinyexec and nano-spawn end the program but not what it started.
// The last two also decode the output as text without a limit, and nano-spawn adds this process's whole environment.
import { type ChildProcess, spawn } from "node:child_process";
import { errorCode } from "./atomic-file.ts";

export type Program = {
  readonly argv: readonly string[];
  readonly directory: string;
  /** Its whole environment. It inherits nothing. */
  readonly environment: NodeJS.ProcessEnv;
  /** Its standard input. */
  readonly input: string;
  /** How long it may take, in milliseconds. */
  readonly timeoutMs: number;
  /** Most bytes of standard output. */
  readonly limit: number;
  readonly signal?: AbortSignal | undefined;
};

export type Ended =
  /** Nothing ran. `code` is the system's reason. */
  | { readonly kind: "not-started"; readonly code: string }
  | {
      readonly kind: "exited";
      readonly code: number | null;
      readonly signal: NodeJS.Signals | null;
      readonly output: Uint8Array;
    }
  /** The program was ended: it took too long, printed too much, or the caller no longer waits for it. */
  | { readonly kind: "late" | "aborted" | "too-much" };

/** The code of a program that was not started because the caller no longer waits for it. */
export const ABORTED = "ABORTED";
/** How long a program has after SIGTERM before it is killed, in milliseconds. */
const GRACE_MS = 2_000;
/** How long the output of an ended program is awaited, in milliseconds. A child that got away may keep the pipe open. */
const DRAIN_MS = 1_000;
const ENDING = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
/** The listeners that each running program has here. */
const OWN = new WeakSet<object>();
/** POSIX has process groups. On Windows only the program itself is ended. */
const HAS_GROUPS = process.platform !== "win32";

/** Runs the program. Its standard error is dropped, since it may hold secrets. Never throws. */
export async function runProgram(program: Program): Promise<Ended> {
  if (program.signal?.aborted) return { kind: "not-started", code: ABORTED };
  let child: ChildProcess;
  try {
    child = start(program);
  } catch (error) {
    return { kind: "not-started", code: errorCode(error) };
  }
  return watch(child, program);
}

function start({ argv, directory, environment }: Program): ChildProcess {
  const [file = "", ...args] = argv;
  return spawn(file, args, {
    cwd: directory,
    env: environment,
    stdio: ["pipe", "pipe", "ignore"],
    detached: HAS_GROUPS,
  });
}

function watch(child: ChildProcess, { input, timeoutMs, limit, signal }: Program): Promise<Ended> {
  const chunks: Buffer[] = [];
  let size = 0;
  let cut: "late" | "aborted" | "too-much" | null = null;
  const timers: NodeJS.Timeout[] = [];
  const end = (why: typeof cut) => {
    if (cut !== null) return;
    cut = why;
    signalAll(child, "SIGTERM");
    timers.push(
      setTimeout(() => signalAll(child, "SIGKILL"), GRACE_MS),
      setTimeout(() => child.stdout?.destroy(), GRACE_MS + DRAIN_MS),
    );
  };
  const onAbort = () => end("aborted");
  const forget = dieTogether(child);
  return new Promise((resolve) => {
    const done = (ended: Ended) => {
      for (const timer of timers) clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
      forget();
      resolve(ended);
    };
    timers.push(setTimeout(() => end("late"), timeoutMs));
    signal?.addEventListener("abort", onAbort, { once: true });
    child.once("error", (error) => {
      if (child.pid === undefined) done({ kind: "not-started", code: errorCode(error) });
    });
    child.stdout?.on("data", (chunk: Buffer) => {
      size += chunk.length;
      if (size > limit) end("too-much");
      else chunks.push(chunk);
    });
    child.once("exit", () => {
      // A process that it left running would keep its secrets.
      signalAll(child, "SIGKILL");
      timers.push(setTimeout(() => child.stdout?.destroy(), DRAIN_MS));
    });
    child.once("close", (code, endedBy) =>
      done(
        cut === null
          ? { kind: "exited", code, signal: endedBy, output: Buffer.concat(chunks) }
          : { kind: cut },
      ),
    );
    // A program need not read its input.
    child.stdin?.on("error", () => {});
    child.stdin?.end(input);
  });
}

/** Signals the program and all that it started, except what left its process group. */
function signalAll(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    if (HAS_GROUPS) process.kill(-child.pid, signal);
    else child.kill(signal);
  } catch {
    // All of them have ended already.
  }
}

/** A group of its own gets no Ctrl-C from the terminal, so it is ended with this process. Returns a function that stops that. */
function dieTogether(child: ChildProcess): () => void {
  const onExit = () => signalAll(child, "SIGKILL");
  const onSignal = (signal: NodeJS.Signals) => {
    // If another listener handles the signal, this process goes on until its work is done.
    if (isAttended(signal)) return;
    forget();
    signalAll(child, "SIGKILL");
    // The last of several programs to go.
    if (!process.listeners(signal).some((listener) => OWN.has(listener)))
      process.kill(process.pid, signal);
  };
  OWN.add(onSignal);
  const forget = () => {
    process.off("exit", onExit);
    for (const signal of ENDING) process.off(signal, onSignal);
  };
  process.on("exit", onExit);
  for (const signal of ENDING) process.on(signal, onSignal);
  return forget;
}

/** Whether a listener decides how this process ends. Listeners of programs here and of mere cleanup do not. */
function isAttended(signal: NodeJS.Signals): boolean {
  return process.listeners(signal).filter((listener) => !OWN.has(listener)).length > bystanders();
}

/** signal-exit, which proper-lockfile loads, removes locks, and itself waits until it is alone: its index.js, `emitter.count`. */
function bystanders(): number {
  const { count }: { readonly count?: unknown } = Object(
    Reflect.get(process, "__signal_exit_emitter__"),
  );
  return typeof count === "number" ? count : 0;
}
