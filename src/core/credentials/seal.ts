// Sealed boxes, which only GitHub opens, with a scope's private key. libsodium loads with the first box.
import { Misconfigured } from "../base/errors.ts";
import { Secret } from "../base/secret.ts";
import type { PublicKey, SealedBox } from "../ports/destination.ts";

/** X25519 public keys, RFC 7748. */
const KEY_BYTES = 32;
/** `crypto_box_SEEDBYTES`. */
const SEED_BYTES = 32;

type Sodium = typeof import("libsodium-wrappers").default;

/** Both halves in standard base64 with padding. */
export type BoxKeyPair = { readonly publicKey: string; readonly secretKey: Secret };

/**
 * Seals a value with libsodium's `crypto_box_seal` for the one holder of the matching private key.
 * Two boxes of the same value differ.
 * @param scope whose key it is, for messages: `actions:owner/name`.
 * @throws `Misconfigured` for an empty value, one that UTF-8 cannot hold, or a key that is not 32 bytes of base64.
 */
export async function seal(
  value: Secret,
  publicKey: PublicKey,
  scope?: string,
): Promise<SealedBox> {
  const key = keyBytes(publicKey, scope);
  const plaintext = toBytes(value);
  const sodium = await loadSodium();
  try {
    const box = sodium.crypto_box_seal(plaintext, key);
    return {
      keyId: publicKey.keyId,
      key: publicKey.key,
      sealed: sodium.to_base64(box, sodium.base64_variants.ORIGINAL),
    };
  } catch {
    // libsodium refuses points of low order; its message could not say whose key it was.
    throw unusableKey(publicKey, scope, "no value can be sealed with it");
  } finally {
    sodium.memzero(plaintext);
  }
}

/** Begins to load what sealing needs, so that it is there when the keys are. A failure shows when something is sealed. */
export function prepareToSeal(): void {
  loadSodium().catch(() => undefined);
}

/**
 * Opens what `seal` made.
 * @param publicKeyBase64 and secretKeyBase64: 32 bytes each, standard base64 with padding.
 * @throws `Misconfigured` when the box was not sealed for that key, or was altered.
 */
export async function openBox(
  box: SealedBox,
  publicKeyBase64: string,
  secretKeyBase64: Secret | string,
): Promise<Secret> {
  const sodium = await loadSodium();
  const decode = (text: string) => sodium.from_base64(text, sodium.base64_variants.ORIGINAL);
  let plaintext: Uint8Array | null = null;
  try {
    const secretKey = decode(
      typeof secretKeyBase64 === "string" ? secretKeyBase64 : secretKeyBase64.reveal(),
    );
    plaintext = sodium.crypto_box_seal_open(decode(box.sealed), decode(publicKeyBase64), secretKey);
    return new Secret(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(plaintext));
  } catch {
    throw new Misconfigured(
      `the sealed box for key ${shown(box.keyId)} does not open with the key given`,
      {
        code: "box-unreadable",
        hint: "It was sealed for another scope's key, or it was altered: rotate the token, so that it is sealed again.",
      },
    );
  } finally {
    if (plaintext !== null) sodium.memzero(plaintext);
  }
}

/**
 * The key pair that a seed stands for, always the same one (`crypto_box_seed_keypair`).
 * @param seed 32 random bytes.
 * @throws `Misconfigured` when the seed has another length.
 */
export async function boxKeyPairFromSeed(seed: Uint8Array): Promise<BoxKeyPair> {
  if (seed.length !== SEED_BYTES) {
    throw new Misconfigured(
      `a key's seed must be ${SEED_BYTES} bytes long, but this one is ${seed.length}`,
      {
        code: "key-seed-length",
        hint: `Give ${SEED_BYTES} random bytes.`,
      },
    );
  }
  const sodium = await loadSodium();
  const pair = sodium.crypto_box_seed_keypair(seed);
  const encode = (bytes: Uint8Array) => sodium.to_base64(bytes, sodium.base64_variants.ORIGINAL);
  return { publicKey: encode(pair.publicKey), secretKey: new Secret(encode(pair.privateKey)) };
}

// The module system keeps what it loaded, so nothing is kept here, and a failed load can be tried again.
async function loadSodium(): Promise<Sodium> {
  const { default: sodium } = await import("libsodium-wrappers");
  await sodium.ready;
  return sodium;
}

function keyBytes(publicKey: PublicKey, scope: string | undefined): Uint8Array {
  const bytes = Buffer.from(publicKey.key, "base64");
  if (bytes.toString("base64") !== publicKey.key)
    throw unusableKey(publicKey, scope, "it is not standard base64 with padding");
  if (bytes.length !== KEY_BYTES)
    throw unusableKey(publicKey, scope, `it is ${bytes.length} bytes long, not ${KEY_BYTES}`);
  return bytes;
}

function unusableKey(publicKey: PublicKey, scope: string | undefined, seen: string): Misconfigured {
  const whose = scope === undefined ? "" : ` of ${scope}`;
  return new Misconfigured(
    `the public key ${shown(publicKey.keyId)}${whose} cannot be used: ${seen}`,
    {
      code: "public-key-unusable",
      hint: "The server that gave this key answered wrongly: check that the API's address is the right one, then run it again.",
    },
  );
}

function toBytes(value: Secret): Uint8Array {
  const text = value.reveal();
  if (text === "") {
    throw new Misconfigured("an empty value is never sealed", {
      code: "value-empty",
      hint: "Give a value of at least one character.",
    });
  }
  const bytes = new TextEncoder().encode(text);
  // The encoder replaces half a surrogate pair silently, and the consumer would read another value than was recorded.
  if (new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes) === text) return bytes;
  throw new Misconfigured("the value holds half a surrogate pair, which UTF-8 cannot hold", {
    code: "value-not-utf8",
    hint: "Give the value as UTF-8 text; encode binary data as base64.",
  });
}

/** A key's id comes from outside: only its harmless start is shown. */
function shown(keyId: string): string {
  return JSON.stringify(keyId.slice(0, 64));
}
