// `get` and `exec`: what makes the local vault useful by itself.
import type { Command } from "commander";
import type { Vault } from "../destinations/vault.ts";
import { Misconfigured } from "../errors.ts";
import { didYouMean } from "../names.ts";
import { requireNames } from "./arguments.ts";
import { localRecord, requireLocal } from "./connect.ts";
import { EXIT } from "./exit-codes.ts";
import type { Start } from "./program.ts";
import type { Session } from "./session.ts";

export function addVault(program: Command, start: Start): void {
  program
    .command("get")
    .description("print one value from the local vault, and nothing else, on stdout")
    .argument("<name>", "the secret's name")
    .action((name: string) => start((session) => get(session, name)));
}

async function localVault(session: Session, command: string): Promise<Vault> {
  requireLocal(session, command);
  const { openVault } = await import("../destinations/vault.ts");
  return openVault({ directory: localRecord(session).directory, key: session.environment.vaultKey, now: () => session.io.now() });
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

function notInVault(missing: readonly string[], names: readonly string[]): Misconfigured {
  const meant = missing.map((name) => didYouMean(name, names)).find((sentence) => sentence !== null);
  const known = names.length === 0 ? "It is empty: `token-automation run` fills it." : `It holds ${names.join(", ")}.`;
  return new Misconfigured(`the vault holds no ${missing.join(", no ")}`, { code: "not-in-vault", hint: meant ?? known });
}
