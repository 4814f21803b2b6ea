// Fingerprints, which the record keeps instead of values, and comparison with them.
import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import { Misconfigured } from "../base/errors.ts";
import type { Secret } from "../base/secret.ts";

/**
 * Entropy in bits from which a plain hash may stand in a public file: with less, a reader of the file can
 * try values offline until one fits. NIST SP 800-57 part 1, table 4: the strength for 2031 and beyond.
 */
export const MIN_HASHABLE_BITS = 128;

const HASH = "sha256";
const KEYED = "hmac-sha256";
const RECORDED = new RegExp(`^(${HASH}|${KEYED}):([0-9a-f]{64})$`);

/** SHA-256 (FIPS 180-4) of the text's UTF-8 bytes, as 64 lower-case hexadecimal digits. */
export function digest(text: string): string {
  return createHash("sha256").update(text, "utf8").digest("hex");
}

function keyedDigest(text: string, key: Secret): string {
  const revealed = key.reveal();
  if (revealed === "") {
    // An HMAC under an empty key is a plain hash in disguise.
    throw new Misconfigured("the fingerprint key is empty", {
      code: "fingerprint-key-empty",
      hint: "Set it to a long random value, as `token-automation generate secret_key` prints, or leave it out.",
    });
  }
  return createHmac("sha256", revealed).update(text, "utf8").digest("hex");
}

/**
 * A value's fingerprint.
 * @param options.entropyBits how many bits its generator drew at random; null if it is unknown, as for a person's own value.
 * @param options.key the configured fingerprint key, read as UTF-8.
 * @returns `hmac-sha256:<hex>` (RFC 2104, RFC 4231) under the key; without one, `sha256:<hex>` (FIPS 180-4)
 *   from 128 bits of entropy on, else null: then the record keeps none.
 * @throws Misconfigured `fingerprint-key-empty`.
 */
export function fingerprint(
  value: Secret,
  options: { readonly entropyBits: number | null; readonly key: Secret | null },
): string | null {
  if (options.key !== null) return `${KEYED}:${keyedDigest(value.reveal(), options.key)}`;
  if (options.entropyBits === null || !(options.entropyBits >= MIN_HASHABLE_BITS)) return null;
  return `${HASH}:${digest(value.reveal())}`;
}

/** What the key's id is an HMAC of: fixed, so that the same key has the same id everywhere. */
const KEY_ID_TEXT = "token-automation: which fingerprint key";

/**
 * The id by which a record shows the key of a fingerprint: the first 8 hexadecimal digits of an HMAC of a fixed
 * text, too few to find the key by. Null for a fingerprint that needs no key.
 */
export function fingerprintKeyId(fingerprint: string | null, key: Secret | null): string | null {
  if (key === null || !fingerprint?.startsWith(`${KEYED}:`)) return null;
  return keyedDigest(KEY_ID_TEXT, key).slice(0, 8);
}

/**
 * Whether a value is the one that the record fingerprinted. Compares in constant time.
 * @returns `unknown` where it cannot be told: none recorded, a keyed one without the key, an algorithm
 *   of another version. A keyed fingerprint under another key is a `mismatch`: only the key's id, kept beside it, distinguishes the two.
 * @throws Misconfigured `fingerprint-key-empty`.
 */
export function matchesFingerprint(
  value: Secret,
  recorded: string | null,
  key: Secret | null,
): "match" | "mismatch" | "unknown" {
  const [, algorithm, hex] = RECORDED.exec(recorded ?? "") ?? [];
  if (algorithm === undefined || hex === undefined) return "unknown";
  if (algorithm === KEYED && key === null) return "unknown";
  const seen =
    algorithm === KEYED && key !== null ? keyedDigest(value.reveal(), key) : digest(value.reveal());
  return timingSafeEqual(Buffer.from(seen, "hex"), Buffer.from(hex, "hex")) ? "match" : "mismatch";
}
