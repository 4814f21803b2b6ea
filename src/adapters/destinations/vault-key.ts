// The vault's key: its source, and the keys that are derived from it.
import { createHmac, hkdfSync, randomBytes } from "node:crypto";
import { link, open } from "node:fs/promises";
import { dirname } from "node:path";
import { Misconfigured } from "../../core/base/errors.ts";
import { Secret } from "../../core/base/secret.ts";
import { type BoxKeyPair, boxKeyPairFromSeed } from "../../core/credentials/seal.ts";
import {
  discardStaged,
  errorCode,
  placeStaged,
  stageFile,
  syncFolder,
} from "../local/atomic-file.ts";

const KEY_BYTES = 32;
/** The variable that holds the key if there is no key file. */
const VARIABLE = "TOKEN_AUTOMATION_KEY";
const HEX = /^[0-9a-f]{64}$/i;
// Both alphabets, with or without padding, as `openssl rand -base64 32` and similar programs print them.
const BASE64 = /^[A-Za-z0-9+/_-]{43}=?$/;
const HOW_TO_MAKE =
  "Make one with `openssl rand -base64 32`. It is 32 random bytes in base64 or hex.";

/** The uses of the vault's key. The key itself stays inside. */
export type VaultKeys = {
  /** The key's id, which is safe to show and to store. */
  readonly id: string;
  /** HMAC-SHA-256 (RFC 2104) in base64. */
  mac(text: string): string;
  /** The key pair that boxes are sealed for. */
  boxKeys(): Promise<BoxKeyPair>;
};

/**
 * Derives one key per use with HKDF-SHA-256 (RFC 5869), so that none of them reveals anything about another.
 * @throws `Misconfigured` if the text is not 32 bytes in base64 or hex. `source` names its origin.
 */
export function vaultKeys(key: Secret, source: string = VARIABLE): VaultKeys {
  const bytes = keyBytes(key.reveal().trim(), source);
  const derive = (use: string, length: number) =>
    Buffer.from(hkdfSync("sha256", bytes, "", `token-automation vault 1: ${use}`, length));
  return {
    id: derive("key id", 8).toString("hex"),
    mac: (text) => createHmac("sha256", derive("mac", KEY_BYTES)).update(text).digest("base64"),
    boxKeys: () => boxKeyPairFromSeed(derive("box seed", KEY_BYTES)),
  };
}

/**
 * The key in a key file. Null if there is none.
 * @throws `Misconfigured` if others may read the file, or it holds no key.
 */
export async function readKeyFile(path: string): Promise<VaultKeys | null> {
  try {
    const file = await open(path, "r");
    try {
      const { mode } = await file.stat();
      // Windows has no such bits. The folder's own permissions count there.
      if (process.platform !== "win32" && (mode & 0o077) !== 0) throw readableByOthers(path, mode);
      return vaultKeys(new Secret(await file.readFile("utf8")), path);
    } finally {
      await file.close();
    }
  } catch (error) {
    if (errorCode(error) === "ENOENT") return null;
    if (error instanceof Misconfigured) throw error;
    throw new Misconfigured(`the vault's key file ${path} cannot be read: ${errorCode(error)}`, {
      code: "vault-key-unreadable",
      hint: `You must be its owner. You can also give the key in ${VARIABLE}.`,
      cause: error,
    });
  }
}

/** Makes a key file with a new random key, whole or not at all. It never replaces another. Only for the holder of the vault's lock. */
export async function createKeyFile(path: string): Promise<VaultKeys> {
  const key = new Secret(randomBytes(KEY_BYTES).toString("base64"));
  const staged = await stageFile(path, `${key.reveal()}\n`, 0o600);
  try {
    // Unlike a rename, a link fails if the file exists already.
    await link(staged.temporary, path);
    await syncFolder(dirname(path));
  } catch (error) {
    if (!["EPERM", "ENOTSUP", "ENOSYS", "EOPNOTSUPP"].includes(errorCode(error))) throw error;
    // A file system without hard links has only the lock as protection.
    await placeStaged([staged]);
  } finally {
    await discardStaged([staged]);
  }
  return vaultKeys(key, path);
}

function keyBytes(text: string, source: string): Uint8Array {
  if (HEX.test(text)) return Buffer.from(text, "hex");
  const bytes = Buffer.from(text, "base64");
  if (BASE64.test(text) && bytes.length === KEY_BYTES) return bytes;
  const seen =
    text === ""
      ? "it is empty"
      : `it has ${text.length} characters, or some that are neither base64 nor hex`;
  throw new Misconfigured(`${source} holds no vault key: ${seen}`, {
    code: "vault-key-invalid",
    hint: HOW_TO_MAKE,
  });
}

function readableByOthers(path: string, mode: number): Misconfigured {
  return new Misconfigured(
    `the vault's key file ${path} is open to others (mode ${(mode & 0o777).toString(8).padStart(4, "0")})`,
    {
      code: "vault-key-exposed",
      hint: `Run \`chmod 600 '${path}'\`. If others may have read it, rotate every token in the vault.`,
    },
  );
}
