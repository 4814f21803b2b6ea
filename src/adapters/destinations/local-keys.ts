// The shared parts of destinations on this machine: the folder beside the record, its lock, and the key that boxes are sealed for.
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { Failure, Misconfigured, Unchanged } from "../../core/base/errors.ts";
import type { Secret } from "../../core/base/secret.ts";
import { openBox } from "../../core/credentials/seal.ts";
import type { PublicKey, SealedBox } from "../../core/ports/destination.ts";
import {
  errorCode,
  placeStaged,
  readIfThere,
  removeLeftovers,
  stageFile,
} from "../local/atomic-file.ts";
import { type StillHeld, withFileLock } from "../local/file-lock.ts";
import { pathInside, requireFolder } from "../local/inside.ts";
import { createKeyFile, readKeyFile, type VaultKeys, vaultKeys } from "./vault-key.ts";

/** The vault's folder, beside the record. */
const FOLDER = ".token-automation";
const IGNORE_ALL = "*\n";

export type LocalPaths = {
  readonly folder: string;
  readonly vault: string;
  readonly key: string;
  readonly lock: string;
};

export type LocalKeyOptions = {
  /** The record's folder. */
  readonly directory: string;
  /** 32 bytes in base64 or hex. Null means the key file, which is made on first use. */
  readonly key: Secret | null;
};

/** The key of this machine: the one given, else the key file's. */
export function localKeys({ directory, key }: LocalKeyOptions) {
  const ifAny = async (paths: LocalPaths): Promise<VaultKeys | null> =>
    key === null ? readKeyFile(paths.key) : vaultKeys(key);

  async function orNew(paths: LocalPaths): Promise<VaultKeys> {
    const known = await ifAny(paths);
    if (known !== null) return known;
    return withFolderLock(paths, async () => {
      const meanwhile = await ifAny(paths);
      if (meanwhile !== null) return meanwhile;
      await refuseOrphan(paths);
      await removeLeftovers(paths.key);
      return createKeyFile(paths.key);
    });
  }

  async function publicKey(): Promise<PublicKey> {
    const keys = await orNew(await localPaths(directory));
    return { keyId: keys.id, key: (await keys.boxKeys()).publicKey };
  }

  return { ifAny, orNew, publicKey };
}

/** The paths of the folder's files. Throws `Misconfigured` for a folder that does not exist. */
export async function localPaths(directory: string): Promise<LocalPaths> {
  await requireFolder(directory);
  // A link that came with a clone must not lead the key and the values elsewhere.
  const vault = await pathInside(directory, `${FOLDER}/vault.json`);
  const key = await pathInside(directory, `${FOLDER}/vault.key`);
  return { folder: join(directory, FOLDER), vault, key, lock: `${vault}.lock` };
}

/** A vault without its key stays as it is, since a new key could open nothing in it. */
export async function refuseOrphan(paths: LocalPaths): Promise<void> {
  if ((await readIfThere(paths.vault)) === null) return;
  throw new Misconfigured(`the vault ${paths.vault} has no key file`, {
    code: "vault-key-missing",
    hint: `Restore ${paths.key}, or give the key in TOKEN_AUTOMATION_KEY. If it is lost, move the vault away and rotate its tokens.`,
  });
}

/** Runs the action while it holds the folder's lock. Any error that is not a `Failure` becomes `Unchanged` (`vault-not-written`). */
export async function withFolderLock<T>(
  paths: LocalPaths,
  action: (stillHeld: StillHeld) => Promise<T>,
): Promise<T> {
  try {
    await mkdir(paths.folder, { recursive: true, mode: 0o700 });
    await hideFromGit(paths.folder);
    return await withFileLock(paths.lock, action);
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw new Unchanged(
      `the vault's folder ${paths.folder} cannot be written: ${errorCode(error)}`,
      {
        code: "vault-not-written",
        hint: "Check that the disk has room and that you may write there. Nothing was changed.",
        cause: error,
      },
    );
  }
}

/** git ignores everything in the folder, the rule itself too, so that neither vault nor key is ever committed. */
async function hideFromGit(folder: string): Promise<void> {
  const path = join(folder, ".gitignore");
  if ((await readIfThere(path))?.toString() === IGNORE_ALL) return;
  await placeStaged([await stageFile(path, IGNORE_ALL, 0o600)]);
}

/** The content of a box. Throws `Misconfigured` if it is sealed for another key, does not open, or holds nothing. */
export async function openForPlacing(
  name: string,
  box: SealedBox,
  keys: VaultKeys,
): Promise<Secret> {
  if (box.keyId !== keys.id) {
    throw new Misconfigured(
      `the box for ${name} is sealed for another key than the vault's, which is ${keys.id}`,
      {
        code: "vault-wrong-key",
        hint: "Rotate the token, so that it is sealed for this vault.",
      },
    );
  }
  const { publicKey, secretKey } = await keys.boxKeys();
  const value = await openBox(box, publicKey, secretKey);
  if (value.reveal() === "") {
    throw new Misconfigured(`the box for ${name} holds an empty value`, {
      code: "value-empty",
      hint: "Rotate the token to a value.",
    });
  }
  return value;
}
