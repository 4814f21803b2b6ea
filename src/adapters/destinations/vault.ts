// The encrypted vault beside a local record: sealed boxes in one file, opened with a key that never leaves this machine.
import { Misconfigured } from "../../core/base/errors.ts";
import type { Secret } from "../../core/base/secret.ts";
import { openBox } from "../../core/credentials/seal.ts";
import { MAX_NAME_LENGTH, NAME_PATTERN } from "../../core/model/schema.ts";
import type { Destination } from "../../core/ports/destination.ts";
import { discardStaged, placeStaged, removeLeftovers, stageFile } from "../local/atomic-file.ts";
import type { StillHeld } from "../local/file-lock.ts";
import {
  localKeys,
  localPaths,
  openForPlacing,
  refuseOrphan,
  withFolderLock,
} from "./local-keys.ts";
import { formatVaultFile, readVaultFile, type VaultEntries } from "./vault-file.ts";
import type { VaultKeys } from "./vault-key.ts";

export type VaultOptions = {
  /** The record's folder. The vault is `.token-automation/vault.json` in it, its key `.token-automation/vault.key`. */
  readonly directory: string;
  /** 32 bytes in base64 or hex. Null means the key file, which is made on first use. */
  readonly key: Secret | null;
  readonly now: () => Date;
};

export type Vault = Destination & {
  /** The value. Null if there is no such secret. */
  get(name: string): Promise<Secret | null>;
  /** The names of all secrets, sorted. */
  names(): Promise<readonly string[]>;
};

/**
 * Opens the vault of a folder. Reading makes no file. The first `publicKey` or `put` does.
 * Every member throws `Misconfigured` if the key is missing, wrong or open to others, or the file damaged or altered
 * (then nothing is overwritten), and `Unchanged` if the file cannot be written or stays locked.
 */
export function openVault(options: VaultOptions): Vault {
  const local = localKeys(options);

  async function read(): Promise<{
    readonly keys: VaultKeys;
    readonly entries: VaultEntries;
  } | null> {
    const paths = await localPaths(options.directory);
    const keys = await local.ifAny(paths);
    if (keys === null) {
      await refuseOrphan(paths);
      return null;
    }
    return { keys, entries: (await readVaultFile(paths.vault, keys)) ?? new Map() };
  }

  return {
    publicKey: () => local.publicKey(),

    async admit() {
      return new Map();
    },

    async put(secretName, box) {
      checkName(secretName);
      const paths = await localPaths(options.directory);
      const keys = await local.orNew(paths);
      // A box that does not open must not replace one that does.
      await openForPlacing(secretName, box, keys);
      await withFolderLock(paths, async (stillHeld) => {
        const entries = new Map(await readVaultFile(paths.vault, keys));
        const present = entries.get(secretName);
        if (present?.sealed === box.sealed) return;
        const at = options.now().toISOString();
        entries.set(secretName, {
          sealed: box.sealed,
          created_at: present?.created_at ?? at,
          updated_at: at,
        });
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
  throw new Misconfigured(
    `the vault cannot hold a secret named ${JSON.stringify(name.slice(0, MAX_NAME_LENGTH))}`,
    {
      code: "name-refused",
      hint: `Use letters, digits and underscores, no digit first, at most ${MAX_NAME_LENGTH} characters.`,
    },
  );
}
