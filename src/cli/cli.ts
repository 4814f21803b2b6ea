// The path from arguments to an exit code, and the one place where a command's errors end.
import { CommanderError } from "commander";
import { Misconfigured } from "../core/base/errors.ts";
import { looksLikeValue } from "../core/base/showable.ts";
import { buildProgram } from "./program.ts";
import { readEnvironment } from "./session/environment.ts";
import { EXIT, failureExitCode } from "./session/exit-codes.ts";
import type { Io } from "./session/io.ts";
import { type CommonOptions, createSession, type Host } from "./session/session.ts";

const NO_ENVIRONMENT = readEnvironment({});

/** Runs one command. Never throws and never ends the process. Returns a code of `EXIT`, or the command's own under `exec`. */
export async function main(argv: readonly string[], io: Io): Promise<number> {
  let exitCode: number = EXIT.done;
  let environment = NO_ENVIRONMENT;
  const host: Host = {
    io,
    async run(common, work) {
      exitCode = await work(createSession(io, environment, common));
    },
  };
  const program = buildProgram(host);
  try {
    environment = readEnvironment(io.env);
    await program.parseAsync(argv, { from: "user" });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return EXIT.done;
    if (error instanceof CommanderError && error.code === "commander.help") return EXIT.misused;
    const failure = error instanceof CommanderError ? usageFailure(error) : error;
    // A usage error can come before --json was parsed.
    const common = { ...program.opts<CommonOptions>(), json: asksForJson(argv) };
    createSession(io, environment, common).fail(failure);
    return failureExitCode(failure);
  }
}

function asksForJson(argv: readonly string[]): boolean {
  const end = argv.indexOf("--");
  return (end === -1 ? argv : argv.slice(0, end)).includes("--json");
}

/** An error of commander as one of our errors. Text after a "=" may be a value, and so may any word that looks like one. Neither is shown. */
function usageFailure(error: CommanderError): Misconfigured {
  const [message = "", ...rest] = error.message.replace(/^error: /, "").split("\n");
  const suggestion = rest.join(" ").replace(/^\(|\)$/g, "");
  const shown = message
    .replace(/(unknown option '-[^'=]*)=.*'$/s, "$1=…'")
    .replace(/'([^']*)'/g, (quoted, word: string) => (looksLikeValue(word) ? "'…'" : quoted));
  return new Misconfigured(shown, {
    code: error.code
      .replace(/^commander\./, "")
      .replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`),
    hint: suggestion === "" ? "Add --help to see how it is used." : suggestion,
  });
}
