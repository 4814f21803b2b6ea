// `get` and `exec`: uses of the local vault by itself.
import { type Command, Option } from "commander";
import type { LocalVault } from "../../compose/local.ts";
import { Misconfigured } from "../../core/base/errors.ts";
import type { Secret } from "../../core/base/secret.ts";
import { seenName } from "../../core/base/showable.ts";
import { didYouMean } from "../../core/model/names.ts";
import { nameList, requireNames } from "../session/arguments.ts";
import { localPlace, requireLocal } from "../session/connect.ts";
import { EXIT } from "../session/exit-codes.ts";
import type { Session, Start } from "../session/session.ts";

type ExecOptions = { readonly only?: readonly string[] };

/** Exit codes of shells for a command that does not exist, or that cannot be run. */
const NOT_RUN: Readonly<Record<string, number>> = {
  "command-not-found": 127,
  "command-not-started": 126,
};

export function addVault(program: Command, start: Start): void {
  program
    .command("get")
    .description("print one value from the local vault, and nothing else, on stdout")
    .argument("<name>", "the secret's name")
    .action((name: string) => start((session) => get(session, name)));
  program
    .command("exec")
    .description(
      "run a command with the vault's secrets in its environment; its exit code is the command's",
    )
    .usage("[--only A,B] -- COMMAND [ARGUMENT…]")
    .argument("<command...>", "the command and its arguments, after --")
    .addOption(new Option("--only <a,b>", "only these secrets").argParser(nameList))
    .action((command: string[], options: ExecOptions) =>
      start((session) => exec(session, command, options)),
    );
}

async function localVault(session: Session, command: string): Promise<LocalVault> {
  requireLocal(session, command);
  const { openLocalVault } = await import("../../compose/local.ts");
  return openLocalVault(localPlace(session), () => session.io.now());
}

async function get(session: Session, name: string): Promise<number> {
  requireNames([name]);
  const vault = await localVault(session, "get");
  const value = await vault.get(name);
  if (value === null) throw notInVault([name], await vault.names());
  // The command's purpose is to show it.
  session.result({ name, value: value.reveal() }, () => value.reveal());
  return EXIT.done;
}

async function exec(
  session: Session,
  command: readonly string[],
  { only }: ExecOptions,
): Promise<number> {
  const vault = await localVault(session, "exec");
  const names = await vault.names();
  const missing = (only ?? []).filter((name) => !names.includes(name));
  if (missing.length > 0 || names.length === 0) throw notInVault(missing, names);
  const secrets = new Map<string, Secret>();
  for (const name of only ?? names) {
    const value = await vault.get(name);
    if (value !== null) secrets.set(name, value);
  }
  const { runWithSecrets } = await import("../../compose/local.ts");
  const [program = "", ...args] = command;
  try {
    return await runWithSecrets({
      command: program,
      args,
      secrets,
      env: childEnvironment(session),
    });
  } catch (error) {
    const code = error instanceof Misconfigured ? NOT_RUN[error.code] : undefined;
    if (code === undefined) throw error;
    session.fail(error);
    return code;
  }
}

/** The child's environment without the key of keyed fingerprints. With that key, a program can test guesses of every value in the record. */
function childEnvironment({ environment }: Session): Record<string, string> {
  const { TOKEN_AUTOMATION_FINGERPRINT_KEY: _withheld, ...rest } = environment.variables;
  return rest;
}

function notInVault(missing: readonly string[], names: readonly string[]): Misconfigured {
  const meant = missing
    .map((name) => didYouMean(name, names))
    .find((sentence) => sentence !== null);
  const known =
    names.length === 0
      ? "It is empty: `token-automation run` fills it."
      : `It holds ${names.join(", ")}.`;
  const what = missing.length === 0 ? "secrets" : missing.map(seenName).join(", no ");
  return new Misconfigured(`the vault holds no ${what}`, {
    code: "not-in-vault",
    hint: meant ?? known,
  });
}
