// What a command can reach of its process: streams, environment, folder, clock and signals, as one object that tests replace.
import process from "node:process";
import { setTimeout } from "node:timers/promises";

/** A stream of text going out. */
export type Output = {
  /** Whether a person sees it at once: colours and progress go only there. */
  readonly isTerminal: boolean;
  write(text: string): void;
};

export type StopSignal = "SIGINT" | "SIGTERM";

export type Io = {
  /** Data, and nothing else. */
  readonly stdout: Output;
  /** Everything that is not data. */
  readonly stderr: Output;
  readonly stdin: { readonly isTerminal: boolean; readonly bytes: AsyncIterable<Uint8Array> };
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Absolute; relative paths start from it. */
  readonly directory: string;
  now(): Date;
  /** Resolves after that many milliseconds, or at once where the signal asks to stop. */
  sleep(milliseconds: number, signal: AbortSignal): Promise<void>;
  /** Calls `listener` at every signal that asks to stop, instead of dying of it, until the returned function is called. */
  onStop(listener: (signal: StopSignal) => void): () => void;
  /** Ends the process at once, whatever is under way. */
  exit(code: number): void;
};

function output(stream: NodeJS.WriteStream): Output {
  // A reader that has seen enough (`history | head`) closes the pipe: that is no failure of ours.
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") return;
    // A full disk, say: what was asked for is not all there, and whoever reads it must know.
    process.exitCode = 1;
    if (stream !== process.stderr)
      process.stderr.write(`the output could not be written: ${error.code ?? error.name}\n`);
  });
  return { isTerminal: stream.isTTY === true, write: (text) => void stream.write(text) };
}

/** The real process. The only place that reads its environment. */
export function processIo(): Io {
  return {
    stdout: output(process.stdout),
    stderr: output(process.stderr),
    stdin: {
      isTerminal: process.stdin.isTTY === true,
      bytes: process.stdin,
    },
    env: process.env,
    directory: process.cwd(),
    now: () => new Date(),
    async sleep(milliseconds, signal) {
      await setTimeout(milliseconds, undefined, { signal }).catch((error: unknown) => {
        if (!signal.aborted) throw error;
      });
    },
    onStop(listener) {
      process.on("SIGINT", listener);
      process.on("SIGTERM", listener);
      return () => {
        process.off("SIGINT", listener);
        process.off("SIGTERM", listener);
      };
    },
    exit: (code) => process.exit(code),
  };
}
