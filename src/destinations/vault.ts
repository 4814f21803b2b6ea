// The encrypted vault beside a local record: sealed boxes in one file, opened with a key that never leaves this machine.
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { Failure, Misconfigured, Unchanged } from "../errors.ts";
import { discardStaged, errorCode, placeStaged, readIfThere, removeLeftovers, stageFile } from "../local/atomic-file.ts";
import { type StillHeld, withFileLock } from "../local/file-lock.ts";
import { pathInside, requireFolder } from "../local/inside.ts";
import type { Destination, SealedBox } from "../ports.ts";
import { MAX_NAME_LENGTH, NAME_PATTERN } from "../schema.ts";
import { openBox } from "../seal.ts";
import type { Secret } from "../secret.ts";
import { formatVaultFile, readVaultFile, type VaultEntries } from "./vault-file.ts";
import { createKeyFile, readKeyFile, type VaultKeys, vaultKeys } from "./vault-key.ts";

/** The vault's folder, beside the record. */
const FOLDER = ".token-automation";
const IGNORE_ALL = "*\n";

export type VaultOptions = {
  /** The record's folder: the vault is `.token-automation/vault.json` in it, its key `.token-automation/vault.key`. */
  readonly directory: string;
  /** 32 bytes in base64 or hex; null: the key file, which is made on first use. */
  readonly key: Secret | null;
  readonly now: () => Date;
};

export type Vault = Destination & {
  /** The value; null where there is no such secret. */
  get(name: string): Promise<Secret | null>;
  /** The names of all secrets, sorted. */
  names(): Promise<readonly string[]>;
};

type Paths = { readonly folder: string; readonly vault: string; readonly key: string; readonly lock: string };

/**
 * Opens the vault of a folder. Reading makes no file; the first `publicKey` or `put` does.
 * Every member throws `Misconfigured` when the key is missing, wrong or open to others, or the file damaged or altered
 * (then nothing is overwritten), and `Unchanged` when the file cannot be written or stays locked.
 */
export function openVault(options: VaultOptions): Vault {
  const keysIfAny = async (paths: Paths) => (options.key === null ? readKeyFile(paths.key) : vaultKeys(options.key));

  async function read(): Promise<{ readonly keys: VaultKeys; readonly entries: VaultEntries } | null> {
    const paths = await pathsOf(options.directory);
    const keys = await keysIfAny(paths);
    if (keys === null) {
      await refuseOrphan(paths);
      return null;
    }
    return { keys, entries: (await readVaultFile(paths.vault, keys)) ?? new Map() };
  }

  async function keysOrNew(paths: Paths): Promise<VaultKeys> {
    const known = await keysIfAny(paths);
    if (known !== null) return known;
    return locked(paths, async () => {
      const meanwhile = await keysIfAny(paths);
      if (meanwhile !== null) return meanwhile;
      await refuseOrphan(paths);
      await removeLeftovers(paths.key);
      return createKeyFile(paths.key);
    });
  }

  return {
    async publicKey() {
      const keys = await keysOrNew(await pathsOf(options.directory));
      return { keyId: keys.id, key: (await keys.boxKeys()).publicKey };
    },

    async put(secretName, box) {
      checkName(secretName);
      const paths = await pathsOf(options.directory);
      const keys = await keysOrNew(paths);
      await checkBox(secretName, box, keys);
      await locked(paths, async (stillHeld) => {
        const entries = new Map(await readVaultFile(paths.vault, keys));
        const present = entries.get(secretName);
        if (present?.sealed === box.sealed) return;
        const at = options.now().toISOString();
        entries.set(secretName, { sealed: box.sealed, created_at: present?.created_at ?? at, updated_at: at });
        await write(paths.vault, formatVaultFile(entries, keys), stillHeld);
      });
    },

    async list() {
      return [...((await read())?.entries ?? [])].map(([name, entry]) => ({
        name,
        createdAt: entry.created_at,
        updatedAt: entry.updated_at,
      }));
    },

    async names() {
      return [...((await read())?.entries.keys() ?? [])];
    },

    async get(name) {
      const opened = await read();
      const entry = opened?.entries.get(name);
      if (opened === null || entry === undefined) return null;
      const { publicKey, secretKey } = await opened.keys.boxKeys();
      return openBox({ keyId: opened.keys.id, sealed: entry.sealed }, publicKey, secretKey);
    },
  };
}

async function pathsOf(directory: string): Promise<Paths> {
  await requireFolder(directory);
  // A link that came with a clone must not lead the key and the values elsewhere.
  const vault = await pathInside(directory, `${FOLDER}/vault.json`);
  const key = await pathInside(directory, `${FOLDER}/vault.key`);
  return { folder: join(directory, FOLDER), vault, key, lock: `${vault}.lock` };
}

/** A vault without its key stays as it is: a new key could open nothing in it. */
async function refuseOrphan(paths: Paths): Promise<void> {
  if ((await readIfThere(paths.vault)) === null) return;
  throw new Misconfigured(`there is a vault ${paths.vault}, but not its key`, {
    code: "vault-key-missing",
    hint: `Restore ${paths.key}, or give the key in TOKEN_AUTOMATION_KEY. If it is lost, move the vault away and rotate its tokens.`,
  });
}

async function locked<T>(paths: Paths, action: (stillHeld: StillHeld) => Promise<T>): Promise<T> {
  try {
    await mkdir(paths.folder, { recursive: true, mode: 0o700 });
    await hideFromGit(paths.folder);
    return await withFileLock(paths.lock, action);
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw new Unchanged(`the vault's folder ${paths.folder} cannot be written: ${errorCode(error)}`, {
      code: "vault-not-written",
      hint: "See that the disk has room and that you may write there. Nothing was changed.",
      cause: error,
    });
  }
}

/** Everything in the folder is ignored, the rule itself too, so that neither vault nor key is ever committed. */
async function hideFromGit(folder: string): Promise<void> {
  const path = join(folder, ".gitignore");
  if ((await readIfThere(path))?.toString() === IGNORE_ALL) return;
  await placeStaged([await stageFile(path, IGNORE_ALL, 0o600)]);
}

async function write(path: string, text: string, stillHeld: StillHeld): Promise<void> {
  await removeLeftovers(path);
  const staged = await stageFile(path, text, 0o600);
  try {
    await stillHeld();
    await placeStaged([staged]);
  } finally {
    await discardStaged([staged]);
  }
}

function checkName(name: string): void {
  if (NAME_PATTERN.test(name) && name.length <= MAX_NAME_LENGTH) return;
  throw new Misconfigured(`the vault takes no secret named ${JSON.stringify(name.slice(0, MAX_NAME_LENGTH))}`, {
    code: "name-refused",
    hint: `Use letters, digits and underscores, no digit first, at most ${MAX_NAME_LENGTH} characters.`,
  });
}

/** A box that does not open must not take the place of one that does. */
async function checkBox(name: string, box: SealedBox, keys: VaultKeys): Promise<void> {
  if (box.keyId !== keys.id) {
    throw new Misconfigured(`the box for ${name} is sealed for another key than the vault's, which is ${keys.id}`, {
      code: "vault-wrong-key",
      hint: "Rotate the token, so that it is sealed for this vault.",
    });
  }
  const { publicKey, secretKey } = await keys.boxKeys();
  const value = await openBox(box, publicKey, secretKey);
  if (value.reveal() === "") {
    throw new Misconfigured(`the box for ${name} holds an empty value`, { code: "value-empty", hint: "Rotate the token to a value." });
  }
}
