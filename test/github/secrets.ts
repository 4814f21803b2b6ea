// One scope's secrets: its key pair, GitHub's rules for names and sizes, and boxes opened with the private key.
import sodium from "libsodium-wrappers";
import { validationFailed } from "./replies.ts";

/** docs.github.com, "Limits for secrets": the value's size in bytes. */
const MAX_SECRET_BYTES = 48 * 1024;

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
const NAME_REFUSED =
  "Secret names can only contain alphanumeric characters ([a-z], [A-Z], [0-9]) or underscores (_). Spaces are not allowed. " +
  "Must start with a letter ([a-z], [A-Z]) or underscores (_).";
const STANDARD_BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** A secret as the scope keeps it. `value` is null where the box did not open: GitHub accepts such a box and stores garbage. */
export type StoredSecret = {
  readonly name: string;
  readonly value: string | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly keyId: string;
};

/** What a PUT carries, not yet looked at. */
export type SecretPut = { readonly encrypted_value?: unknown; readonly key_id?: unknown };

/** One scope of secrets with its own key pair. */
export type SecretScope = Awaited<ReturnType<typeof createSecretScope>>;

function checkName(name: string): string {
  if (!NAME.test(name)) throw validationFailed(NAME_REFUSED);
  const upper = name.toUpperCase();
  if (upper.startsWith("GITHUB_"))
    throw validationFailed("Secret names must not start with GITHUB_.");
  if (name.length > 255) throw validationFailed("Secret names must be at most 255 characters.");
  return upper;
}

function required(body: SecretPut, field: "encrypted_value" | "key_id"): string {
  const value = body[field];
  if (value === undefined || value === null)
    throw validationFailed(`Invalid request.\n\n"${field}" wasn't supplied.`);
  if (typeof value !== "string")
    throw validationFailed(
      `Invalid request.\n\nFor 'properties/${field}', ${JSON.stringify(value)} is not a string.`,
    );
  return value;
}

/** The ids of all keys in use on one server. GitHub takes a box with any of them, and stores what does not open as garbage. */
export type KeyRegistry = Set<string>;

export type SecretScopeSetup = {
  /** Numbers its keys: GitHub's ids are strings of digits. */
  readonly firstKeyId: number;
  readonly registry: KeyRegistry;
  readonly limit: number;
  /** For the refusal of one too many. */
  readonly holder: "repository" | "environment" | "organization";
};

/** A new scope with a new key pair. */
export async function createSecretScope({ firstKeyId, registry, limit, holder }: SecretScopeSetup) {
  await sodium.ready;
  registry.add(String(firstKeyId));
  const stored = new Map<string, StoredSecret>();
  let pair = sodium.crypto_box_keypair();
  let keyNumber = firstKeyId;

  function open(box: Uint8Array): string | null {
    try {
      return new TextDecoder("utf-8", { fatal: true }).decode(
        sodium.crypto_box_seal_open(box, pair.publicKey, pair.privateKey),
      );
    } catch {
      return null;
    }
  }

  /** Stores one secret under GitHub's rules, and returns whether it is new. Throws the reply that refuses it. */
  function put(name: string, body: SecretPut, now: Date): "created" | "updated" {
    const upper = checkName(name);
    const encrypted = required(body, "encrypted_value");
    const keyId = required(body, "key_id");
    if (!STANDARD_BASE64.test(encrypted) || encrypted === "")
      throw validationFailed("Bad request - unable to decode encrypted_value");
    const box = Buffer.from(encrypted, "base64");
    if (box.length - sodium.crypto_box_SEALBYTES > MAX_SECRET_BYTES)
      throw validationFailed("Secret values must be at most 48 KB.");
    if (!registry.has(keyId))
      throw validationFailed("Bad request - key_id does not match the public key of this scope");
    const before = stored.get(upper);
    if (before === undefined && stored.size >= limit)
      throw validationFailed(`This ${holder} has reached its limit of ${limit} secrets.`);
    stored.set(upper, {
      name: upper,
      value: open(box),
      createdAt: before?.createdAt ?? now,
      updatedAt: now,
      keyId,
    });
    return before === undefined ? "created" : "updated";
  }

  return {
    put,
    publicKey: () => ({
      keyId: String(keyNumber),
      key: Buffer.from(pair.publicKey).toString("base64"),
    }),
    get: (name: string): StoredSecret | null => stored.get(name.toUpperCase()) ?? null,
    list: (): StoredSecret[] => [...stored.values()].sort((a, b) => (a.name < b.name ? -1 : 1)),
    remove: (name: string): boolean => stored.delete(name.toUpperCase()),
    /** A new key pair, or the one given: boxes sealed with the old key no longer open. */
    rotateKey(given?: { publicKey: Uint8Array; privateKey: Uint8Array }) {
      pair = { ...(given ?? sodium.crypto_box_keypair()), keyType: "x25519" };
      registry.delete(String(keyNumber));
      keyNumber += 1;
      registry.add(String(keyNumber));
    },
  };
}
