// The session of a command: the process, the options that all commands share, and ways to write to the person.
import pc from "picocolors";
import type { TriggeredBy } from "../../core/model/schema.ts";
import { failureJson, failureText, stackText } from "../render/failure.ts";
import { type Colors, plain } from "../render/text.ts";
import type { CliEnvironment } from "./environment.ts";
import type { Io, Output } from "./io.ts";

export type CommonOptions = {
  readonly json: boolean;
  /** As the person wrote it. */
  readonly config: string;
  readonly repo?: string;
  readonly branch?: string;
};

export type Session = {
  readonly io: Io;
  readonly environment: CliEnvironment;
  readonly common: CommonOptions;
  /** For stdout. */
  readonly colors: Colors;
  /** Data: `data` as JSON if --json asks for it, else the text for people. */
  result(data: unknown, text: () => string): void;
  /** Data that is a line by itself, with or without --json. */
  line(text: string): void;
  /** Facts that a person should know, on stderr. Made harmless here. */
  note(message: string): void;
  warn(message: string): void;
  /** An error for people, on stderr. With --json, also for programs, on stdout. */
  fail(error: unknown): void;
};

/** Colours for one stream, as the environment and the stream allow. */
export function colorsFor(output: Output, environment: CliEnvironment): Colors {
  return pc.createColors(
    environment.color === "always" || (environment.color === "terminals" && output.isTerminal),
  );
}

export function createSession(io: Io, environment: CliEnvironment, common: CommonOptions): Session {
  const muted = colorsFor(io.stderr, environment);
  const say = (label: string, message: string) => io.stderr.write(`${label} ${plain(message)}\n`);
  return {
    io,
    environment,
    common,
    colors: colorsFor(io.stdout, environment),
    result: (data, text) =>
      io.stdout.write(`${common.json ? JSON.stringify(data, null, 2) : text()}\n`),
    line: (text) => io.stdout.write(`${text}\n`),
    note: (message) => say(muted.dim("note:"), message),
    warn: (message) => say(muted.yellow("warning:"), message),
    fail(error) {
      if (common.json) io.stdout.write(`${failureJson(error)}\n`);
      io.stderr.write(failureText(error, common.config, muted));
      if (environment.debug) io.stderr.write(stackText(error));
    },
  };
}

/** The caller that the record names for a change. */
export function triggeredBy(
  { environment }: Session,
  kind: TriggeredBy["kind"] = "cli",
): TriggeredBy {
  return { kind, actor: environment.actor, run_url: environment.runUrl };
}

/** Runs a command's work once the options are known, and keeps its exit code. */
export type Host = {
  readonly io: Io;
  run(common: CommonOptions, work: (session: Session) => Promise<number>): Promise<void>;
};

/** The work of a command's action. It gets the session and returns the exit code. */
export type Start = (work: (session: Session) => Promise<number>) => Promise<void>;
