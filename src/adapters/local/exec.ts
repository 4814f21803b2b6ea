// A command with secrets in its environment. Not part of the core: the CLI's `exec` calls it.
// Our own, since foreground-child starts a second Node.js process as a watchdog, and passes a terminal's Ctrl-C on a second time.
import { type ChildProcess, spawn } from "node:child_process";
import { constants } from "node:os";
import { Misconfigured } from "../../core/base/errors.ts";
import type { Secret } from "../../core/base/secret.ts";
import { errorCode } from "./atomic-file.ts";

/** The key to the whole vault. A command that gets some secrets must not get all of them. */
const WITHHELD = "TOKEN_AUTOMATION_KEY";
/** What shells add to a signal's number to make the exit code. */
const SIGNAL_EXIT = 128;
const FORWARDED = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

export type ExecOptions = {
  readonly command: string;
  readonly args: readonly string[];
  /** Variable's name to value. It replaces a name that `env` has too. */
  readonly secrets: ReadonlyMap<string, Secret>;
  /** What the command inherits, less `TOKEN_AUTOMATION_KEY`. The caller takes out everything else, such as `GITHUB_TOKEN`. */
  readonly env: NodeJS.ProcessEnv;
};

/**
 * Runs the command without a shell, on this process's own input and output, and passes SIGINT, SIGTERM and SIGHUP on to it.
 * Any process that may read the command's environment (the same user, through /proc) can read the secrets while it runs.
 * @returns its exit code; 128 + the signal's number if a signal ended it.
 * @throws `Misconfigured` if it cannot be started: codes `command-not-found` (a shell's 127) and `command-not-started` (126).
 */
export async function execWithSecrets(options: ExecOptions): Promise<number> {
  const child = start(options);
  return new Promise((resolve, reject) => {
    const forward = (signal: NodeJS.Signals) => {
      // A terminal gives its Ctrl-C to the command itself. A second one would make it give up at once.
      if (signal !== "SIGINT" || !process.stdin.isTTY) child.kill(signal);
    };
    for (const signal of FORWARDED) process.on(signal, forward);
    const stop = () => {
      for (const signal of FORWARDED) process.off(signal, forward);
    };
    child.once("error", (error) => {
      // Not every error is about the start. One comes too if a signal cannot be delivered, and the command goes on.
      if (child.pid !== undefined) return;
      stop();
      reject(notStarted(options.command, error));
    });
    child.once("close", (code, signal) => {
      stop();
      resolve(code ?? SIGNAL_EXIT + (signal === null ? 0 : constants.signals[signal]));
    });
  });
}

function start(options: ExecOptions): ChildProcess {
  const env = environmentOf(options);
  try {
    return spawn(options.command, [...options.args], { env, stdio: "inherit" });
  } catch (error) {
    // The system throws some refusals and sends others as an event.
    throw notStarted(options.command, error);
  }
}

function environmentOf({ command, args, secrets, env }: ExecOptions): NodeJS.ProcessEnv {
  // Node's own message for a NUL byte quotes the value.
  for (const [index, text] of [command, ...args].entries()) {
    if (text === "" && index === 0)
      throw unusable("the command is empty", "Name the command after `--`.");
    if (text.includes("\0"))
      throw unusable("the command or one of its arguments holds a NUL byte", "Give it by a file.");
  }
  const all: NodeJS.ProcessEnv = { ...env };
  delete all[WITHHELD];
  for (const [name, secret] of secrets) {
    const value = secret.reveal();
    if (value.includes("\0"))
      throw unusable(
        `the secret ${name} holds a NUL byte, which no environment can hold`,
        `Leave it out with --only.`,
      );
    all[name] = value;
  }
  return all;
}

function unusable(message: string, hint: string): Misconfigured {
  return new Misconfigured(message, { code: "command-not-started", hint });
}

// The system's own error is not kept as the cause, since it carries the command's arguments.
function notStarted(command: string, error: unknown): Misconfigured {
  const code = errorCode(error);
  const shown = JSON.stringify(command.slice(0, 200));
  if (code === "ENOENT") {
    return new Misconfigured(`the command ${shown} was not found`, {
      code: "command-not-found",
      hint: "Check that it is on the PATH, or give its path. No shell is used, so run `sh -c '…'` for pipes and variables.",
    });
  }
  const hint =
    code === "E2BIG"
      ? "The arguments and secrets together are too long. Choose secrets with --only."
      : "Check that you may run it.";
  return new Misconfigured(`the command ${shown} could not be started: ${code}`, {
    code: "command-not-started",
    hint,
  });
}
