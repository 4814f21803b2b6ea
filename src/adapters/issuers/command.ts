// The issuer `command`: a program of the user's that reads JSON on its standard input and answers in JSON on its standard output.
import { type Failure, Misconfigured, Unchanged } from "../../core/base/errors.ts";
import type { Secret } from "../../core/base/secret.ts";
import type { IssuerDeclaration } from "../../core/model/schema.ts";
import { VALUE_FIELD } from "../../core/model/token.ts";
import type { Issuer } from "../../core/ports/issuer.ts";
import { ABORTED, type Ended, runProgram } from "../local/child-program.ts";
import {
  type Action,
  type ProgramRequest,
  readReply,
  refusalOf,
  unclear,
} from "./command-protocol.ts";

export type CommandOptions = {
  readonly declaration: Extract<IssuerDeclaration, { use: "command" }>;
  /** The folder that the program starts in. */
  readonly directory: string;
  /** The variables that the declaration names, by name. */
  readonly named: ReadonlyMap<string, Secret>;
  /** The environment of this process. */
  readonly variables: Readonly<Record<string, string | undefined>>;
};

/** The variables that every program needs to find others, its home and its language. None of them holds a credential. */
const INHERITED = [
  "PATH",
  "HOME",
  "USER",
  "LOGNAME",
  "LANG",
  "LC_ALL",
  "LC_CTYPE",
  "TZ",
  "TMPDIR",
  "SystemRoot",
  "ComSpec",
  "PATHEXT",
];
const DEFAULT_TIMEOUT_SECONDS = 60;
/** The most bytes of an answer: a few fields of GitHub's 48 KB, with JSON's escapes. */
const MAX_OUTPUT_BYTES = 1024 * 1024;

/** Opens the issuer. It starts the program once for each question. */
export function commandIssuer({
  declaration,
  directory,
  named,
  variables,
}: CommandOptions): Issuer {
  const fields = declaration.fields ?? [VALUE_FIELD];
  const environment = environmentOf(named, variables);
  const ask = async (
    request: ProgramRequest,
    { signal, secrets = [] }: { signal?: AbortSignal; secrets?: readonly Secret[] } = {},
  ) => {
    const ended = await runProgram({
      argv: declaration.run,
      directory,
      environment,
      input: `${JSON.stringify({ version: 1, ...request })}\n`,
      timeoutMs: (declaration.timeout_seconds ?? DEFAULT_TIMEOUT_SECONDS) * 1000,
      limit: MAX_OUTPUT_BYTES,
      signal,
    });
    const hidden = [...named.values(), ...secrets];
    const problem = endProblem(ended, request.action, declaration.run[0] ?? "");
    if (ended.kind !== "exited") throw problem ?? unclear(request.action, "it ended");
    const reply = readReply(request.action, { output: ended.output, fields, hidden });
    if (reply.kind === "refusal") throw refusalOf(reply);
    // A program that failed after it answered may have failed at the very thing that it reports.
    if (problem !== null) throw problem;
    if (reply.kind === "unreadable") throw unclear(request.action, reply.why);
    return reply.answer;
  };
  return {
    async issue({
      tokenName,
      label,
      type,
      length,
      prefix,
      includeSpecial,
      current,
      retiring,
      signal,
    }) {
      const about = {
        token_name: tokenName,
        label,
        type,
        length,
        prefix,
        include_special: includeSpecial,
        current,
        retiring,
      };
      const { credential } = await ask({ action: "issue", ...about }, { signal });
      if (credential === undefined) throw unclear("issue", "it answered another question");
      return credential;
    },
    async check({ ref, fields: held }, signal) {
      const values = Object.fromEntries(
        Object.entries(held).map(([name, value]) => [name, value.reveal()]),
      );
      const { checked } = await ask(
        { action: "check", ref, fields: values },
        { signal, secrets: Object.values(held) },
      );
      return checked ?? { verdict: "unknown", detail: null };
    },
    async revoke(ref) {
      await ask({ action: "revoke", ref });
    },
    async find(label) {
      const { refs } = await ask({ action: "find", label });
      if (refs === undefined) throw unclear("find", "it answered another question");
      return refs;
    },
  };
}

function environmentOf(
  named: CommandOptions["named"],
  variables: CommandOptions["variables"],
): NodeJS.ProcessEnv {
  const environment: NodeJS.ProcessEnv = {};
  for (const name of INHERITED)
    if (variables[name] !== undefined) environment[name] = variables[name];
  for (const [name, value] of named) environment[name] = value.reveal();
  return environment;
}

/** The failure that its exit shows. Null if it ended well. */
function endProblem(ended: Ended, action: Action, file: string): Failure | null {
  switch (ended.kind) {
    case "not-started":
      return notStarted(file, ended.code);
    case "late":
      return unclear(action, "it took too long and was ended");
    case "aborted":
      return unclear(action, "the run's time was over, and it was ended");
    case "too-much":
      return unclear(action, `it printed more than ${MAX_OUTPUT_BYTES / 1024} KiB and was ended`);
    case "exited":
      if (ended.signal !== null) return unclear(action, `it was ended by ${ended.signal}`);
      return ended.code === 0 ? null : unclear(action, `its exit code was ${ended.code}`);
  }
}

function notStarted(file: string, code: string): Failure {
  if (code === ABORTED)
    return new Unchanged("the issuer's program was not started, because the run's time was over", {
      code: "command-not-started",
    });
  const shown = JSON.stringify(file.slice(0, 200));
  if (code === "ENOENT") {
    return new Misconfigured(`the issuer's program ${shown} was not found`, {
      code: "command-not-found",
      hint: "Paths start from the repository's folder. In a workflow, check the repository out first. No shell is used.",
    });
  }
  return new Misconfigured(`the issuer's program ${shown} could not be started: ${code}`, {
    code: "command-not-started",
    hint: "Check that it may be executed, and that its first line names an interpreter that exists.",
  });
}
