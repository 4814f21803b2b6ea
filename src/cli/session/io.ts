// The process as commands reach it: streams, environment, folder, clock and signals, as one object that tests replace.
import process from "node:process";
import { setTimeout } from "node:timers/promises";

/** A stream of text going out. */
export type Output = {
  /** Whether a person sees it at once. Colours and progress go only there. */
  readonly isTerminal: boolean;
  write(text: string): void;
};

export type StopSignal = "SIGINT" | "SIGTERM";

export type Io = {
  /** Data, and no other text. */
  readonly stdout: Output;
  /** All text that is not data. */
  readonly stderr: Output;
  readonly stdin: { readonly isTerminal: boolean; readonly bytes: AsyncIterable<Uint8Array> };
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Absolute. Relative paths start from it. */
  readonly directory: string;
  now(): Date;
  /** Resolves after that many milliseconds, or at once if the signal asks to stop. */
  sleep(milliseconds: number, signal: AbortSignal): Promise<void>;
  /** Calls `listener` at every signal to stop, instead of ending the process, until the returned function is called. */
  onStop(listener: (signal: StopSignal) => void): () => void;
  /** Ends the process at once, whatever is in progress. */
  exit(code: number): void;
};

function output(stream: NodeJS.WriteStream): Output {
  // A reader that has read enough (`history | head`) closes the pipe. That is no failure of ours.
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") return;
    // A full disk, for example. The output is not complete, and its reader must see that.
    process.exitCode = 1;
    if (stream !== process.stderr)
      process.stderr.write(`the output could not be written: ${error.code ?? error.name}\n`);
  });
  return { isTerminal: stream.isTTY === true, write: (text) => void stream.write(text) };
}

/** The real process. Only this function reads its environment. */
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
