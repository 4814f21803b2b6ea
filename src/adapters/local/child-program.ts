// Runs one program to its end, without a shell, and ends it with all its children when it takes too long or says too much.
// Our own: execa (112 kB in the bundle), tinyexec and nano-spawn end the program alone and not what it started.
// The last two also decode the output as text without a limit, and nano-spawn adds this process's whole environment.
import { type ChildProcess, spawn } from "node:child_process";
import { errorCode } from "./atomic-file.ts";

export type Program = {
  readonly argv: readonly string[];
  readonly directory: string;
  /** Its whole environment: nothing is inherited. */
  readonly environment: NodeJS.ProcessEnv;
  /** What it reads on its standard input. */
  readonly input: string;
  /** How long it may take, in milliseconds. */
  readonly timeoutMs: number;
  /** Most bytes of standard output. */
  readonly limit: number;
  readonly signal?: AbortSignal | undefined;
};

export type Ended =
  /** Nothing ran; the system's code for why. */
  | { readonly kind: "not-started"; readonly code: string }
  | {
      readonly kind: "exited";
      readonly code: number | null;
      readonly signal: NodeJS.Signals | null;
      readonly output: Uint8Array;
    }
  /** It was ended: it took too long, nobody waits for it any more, or it said too much. */
  | { readonly kind: "late" | "aborted" | "too-much" };

/** The code of a program that was not started since nobody waited for it any more. */
export const ABORTED = "ABORTED";
/** How long a program that is told to end has for it before it is killed, in milliseconds. */
const GRACE_MS = 2_000;
/** How long output is still awaited of a program that has ended, in milliseconds: a child that got away may keep the pipe open. */
const DRAIN_MS = 1_000;
const ENDING = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
/** The listeners that each running program has here. */
const OWN = new WeakSet<object>();
/** Process groups are what POSIX has; on Windows only the program itself is ended. */
const HAS_GROUPS = process.platform !== "win32";

/** Runs it. Its standard error goes nowhere: nobody vets what it says. Never throws. */
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
      // Whatever it left running would keep what it was told.
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
    // A program need not read what it is told.
    child.stdin?.on("error", () => {});
    child.stdin?.end(input);
  });
}

/** To the program and all that it started, but for what left its process group. */
function signalAll(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    if (HAS_GROUPS) process.kill(-child.pid, signal);
    else child.kill(signal);
  } catch {
    // All of them have ended already.
  }
}

/** A group of its own gets no Ctrl-C from the terminal, so it is ended with this process. Returns how to forget that. */
function dieTogether(child: ChildProcess): () => void {
  const onExit = () => signalAll(child, "SIGKILL");
  const onSignal = (signal: NodeJS.Signals) => {
    // Where somebody else attends to it, this process goes on until what it has begun is done.
    if (isAttended(signal)) return;
    forget();
    signalAll(child, "SIGKILL");
    // Of several programs, the last one to go.
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

/** Whether anybody listens who decides what becomes of this process: neither a program here, nor what only tidies up. */
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
