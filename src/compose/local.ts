// This machine, for edges that work on its files: the vault, the git work tree, commands that get secrets.
import type { Vault } from "../adapters/destinations/vault.ts";
import type { GitState } from "../adapters/local/git.ts";
import type { Secret } from "../core/base/secret.ts";
import type { RecordLocation } from "./record-location.ts";

type LocalLocation = Extract<RecordLocation, { kind: "local" }>;

/** The vault as a person reads it. */
export type LocalVault = Pick<Vault, "get" | "names">;

/** A command that gets secrets in its environment. */
export type SecretCommand = {
  readonly command: string;
  readonly args: readonly string[];
  /** The value of each variable. */
  readonly secrets: ReadonlyMap<string, Secret>;
  /** What the command inherits. */
  readonly env: Readonly<Record<string, string>>;
};

/** The vault beside a local record: a destination that can be read too. */
export async function openLocalVault(place: LocalLocation, clock: () => Date): Promise<Vault> {
  const { openVault } = await import("../adapters/destinations/vault.ts");
  return openVault({ directory: place.directory, key: place.vaultKey, now: clock });
}

/** Whether git can hold a change in that folder. Throws `Misconfigured` if git refuses to answer. */
export async function readGitState(directory: string): Promise<GitState> {
  const { gitState } = await import("../adapters/local/git.ts");
  return gitState(directory);
}

/** The top folder of the git work tree. Null outside one. Throws `Misconfigured` if git refuses to answer. */
export async function findWorkTree(directory: string): Promise<string | null> {
  const { gitIn, gitState } = await import("../adapters/local/git.ts");
  if ((await gitState(directory)) !== "work-tree") return null;
  const result = await gitIn(directory)(["rev-parse", "--show-toplevel"]);
  return result.stdout.toString().trimEnd();
}

/**
 * Runs a command with secrets in its environment, on this process's own input and output.
 * @returns its exit code
 * @throws `Misconfigured`: `command-not-found`, `command-not-started`
 */
export async function runWithSecrets(command: SecretCommand): Promise<number> {
  const { execWithSecrets } = await import("../adapters/local/exec.ts");
  return execWithSecrets(command);
}
