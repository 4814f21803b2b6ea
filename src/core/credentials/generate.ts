// Random values of every token type: without bias, with the entropy known, impossible requests refused.

import { Misconfigured } from "../base/errors.ts";
import { Secret } from "../base/secret.ts";
import type { TokenType } from "../model/schema.ts";
import { MAX_VALUE_BYTES } from "../model/schema-base.ts";
import { checkEncoded, type EncodedType, encode, encodedLength, isEncoded } from "./encoded.ts";
import type { Generated, GenerateRequest } from "./generated.ts";
import { checkGithubRequest, generateGithubToken } from "./github-token.ts";
import type { KeyPairRequest } from "./key-pair.ts";
import { bitsWithEvery, draw, drawWithEvery, type RandomBytes, systemRandom } from "./random.ts";

export { githubChecksum } from "./github-token.ts";
export type { RandomBytes } from "./random.ts";

const DIGITS = "0123456789";
const UPPER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const LOWER = "abcdefghijklmnopqrstuvwxyz";
// What a POSIX shell takes literally in an unquoted word, less "/" and "%", which change paths, URLs and
// Windows command lines. In a URL's user part ":", "@", "+", "," and "=" still need percent-encoding (RFC 3986, section 2.2).
const SPECIAL = "-._+=:,@";

const TYPES: Readonly<
  Record<
    Exclude<TokenType, "github_pat" | "key_pair" | EncodedType>,
    { length: number; special: boolean; everyClass: boolean }
  >
> = {
  api_key: { length: 32, special: false, everyClass: false },
  secret_key: { length: 64, special: false, everyClass: false },
  password: { length: 24, special: true, everyClass: true },
  custom: { length: 32, special: false, everyClass: false },
};

/** GitHub's runner masks nothing shorter than this, in characters; it is also the number of a password's classes. */
const MIN_RANDOM_LENGTH = 4;
/** Below this, in bits, an attacker may one day guess it offline: NIST SP 800-57 part 1, table 4, "2031 and beyond". */
const STRONG_BITS = 128;
const PRINTABLE = /^[\x21-\x7e]*$/;

function refuse(code: string, message: string, hint: string): Misconfigured {
  return new Misconfigured(message, { code, hint });
}

/** What is wrong with a length or a prefix, before anything is drawn. */
function checkSizes(length: number, prefix: string): void {
  if (!Number.isInteger(length) || length < 1 || length > MAX_VALUE_BYTES) {
    throw refuse(
      "length-out-of-range",
      `the length ${length} is not a whole number from 1 to ${MAX_VALUE_BYTES}`,
      "GitHub takes secrets of up to 48 KB; 32 characters suffice for most.",
    );
  }
  if (!PRINTABLE.test(prefix)) {
    throw refuse(
      "prefix-invalid",
      "the prefix has a character that is not printable ASCII, or a space",
      "Use letters, digits and punctuation of ASCII only.",
    );
  }
  if (prefix.length >= length) {
    throw refuse(
      "prefix-too-long",
      `the prefix has ${prefix.length} characters, and the whole value was to have ${length}`,
      `The length counts the prefix: make it at least ${prefix.length + MIN_RANDOM_LENGTH}, better ${prefix.length + 32}.`,
    );
  }
  const random = length - prefix.length;
  if (random < MIN_RANDOM_LENGTH) {
    throw refuse(
      "length-too-short",
      `only ${random} of the ${length} characters would be random`,
      `Make the length at least ${prefix.length + MIN_RANDOM_LENGTH}, better ${prefix.length + 32}: shorter values cannot be masked in logs.`,
    );
  }
}

/** Refuses what `generateValue` would refuse, without drawing anything. @throws Misconfigured as `generateValue`. */
export function checkRequest(request: GenerateRequest): void {
  const { type, length, prefix } = request;
  if (type === "github_pat") checkGithubRequest(request);
  else if (type === "key_pair") checkPairRequest(request);
  else if (isEncoded(type)) checkEncodedRequest({ ...request, type });
  else checkSizes(length ?? TYPES[type].length, prefix ?? "");
}

/** How many characters of what kind are random. */
function checkEncodedRequest(request: GenerateRequest<EncodedType>): {
  readonly prefix: string;
  readonly length: number;
} {
  const { type } = request;
  const prefix = request.prefix ?? "";
  const length = request.length ?? encodedLength(type, prefix);
  checkSizes(length, prefix);
  checkEncoded(type, length - prefix.length, prefix);
  if (request.includeSpecial === true) {
    throw refuse(
      "special-not-allowed",
      `a value of type ${type} has no punctuation to choose`,
      "Leave include_special out, or make it false.",
    );
  }
  return { prefix, length };
}

function checkPairRequest({ length, prefix, includeSpecial }: GenerateRequest): void {
  if (length === null && prefix === null && includeSpecial === null) return;
  const message = "a key_pair has no length, prefix or punctuation to choose";
  throw refuse("key-pair-fixed", message, "Leave them out; its algorithm says how long it is.");
}

function generateEncoded(request: GenerateRequest<EncodedType>, random: RandomBytes): Generated {
  const { prefix, length } = checkEncodedRequest(request);
  const { text, entropyBits } = encode(request.type, length - prefix.length, { random });
  const few = `It has ${Math.floor(entropyBits)} bits of entropy, under ${STRONG_BITS}`;
  const better =
    request.type === "uuid"
      ? "a uuid is a name more than a secret; hex has 256."
      : "a longer one would have enough.";
  const warnings = entropyBits >= STRONG_BITS ? [] : [`${few}: ${better}`];
  return { value: new Secret(prefix + text), length, prefix, entropyBits, warnings };
}

/**
 * Makes one random value.
 * - `github_pat`: prefix, 30 characters of base62, checksum; 40 in all. A placeholder: GitHub issued nothing.
 * - `password`: at least one lower-case letter, capital, digit and (unless `includeSpecial` is false)
 *   special character after the prefix.
 * - `hex`, `base64url`: whole bytes; `uuid`: version 7, of which only a part is random.
 * - the others: base62, with special characters among them if `includeSpecial`.
 *
 * Under 128 bits of entropy it warns.
 * @param random where bytes come from (default: the system's generator).
 * @throws Misconfigured `length-out-of-range`, `length-too-short`, `length-fixed`, `length-incomplete`, `not-a-value`, `prefix-too-long`,
 *   `prefix-invalid`, `special-not-allowed`; Unchanged `random-source-broken`.
 */
export function generateValue(
  request: GenerateRequest,
  random: RandomBytes = systemRandom,
): Generated {
  const { type } = request;
  if (type === "key_pair") {
    throw refuse(
      "not-a-value",
      "a key_pair is made by the issuer generate alone",
      'Give the token another type, or "issuer": {"use": "generate"}.',
    );
  }
  if (type === "github_pat") return generateGithubToken(request, random);
  if (isEncoded(type)) return generateEncoded({ ...request, type }, random);
  const defaults = TYPES[type];
  const length = request.length ?? defaults.length;
  const prefix = request.prefix ?? "";
  checkSizes(length, prefix);
  const count = length - prefix.length;
  const classes = [
    DIGITS,
    UPPER,
    LOWER,
    ...((request.includeSpecial ?? defaults.special) ? [SPECIAL] : []),
  ];
  const alphabet = classes.join("");
  const drawn = defaults.everyClass
    ? drawWithEvery(classes, count, random)
    : draw(alphabet, count, random);
  const entropyBits = defaults.everyClass
    ? bitsWithEvery(classes, count)
    : count * Math.log2(alphabet.length);
  return {
    value: new Secret(prefix + drawn),
    length,
    prefix,
    entropyBits,
    warnings: weakness(entropyBits, alphabet.length, prefix.length),
  };
}

/** A value of any type; `publicKey` is null for all but key pairs, whose `value` is the private key. */
export type Made = Generated & { readonly publicKey: string | null };

/**
 * Makes a value of any type with the system's generator. The entropy of a key pair is the strength of its algorithm.
 * @throws Misconfigured as `generateValue`, and `key-pair-fixed`, `not-a-key-pair`
 */
export async function makeValue(request: GenerateRequest, pair: KeyPairRequest): Promise<Made> {
  const { type } = request;
  if (type !== "key_pair") {
    checkNoPair(type, pair);
    return { ...generateValue({ ...request, type }), publicKey: null };
  }
  checkPairRequest(request);
  const { generateKeyPair } = await import("./key-pair.ts");
  const { privateKey, publicText, strengthBits, warnings } = await generateKeyPair(pair);
  return {
    value: privateKey,
    length: privateKey.reveal().length,
    prefix: "",
    entropyBits: strengthBits,
    warnings,
    publicKey: publicText,
  };
}

function checkNoPair(type: TokenType, { algorithm, bits, format }: KeyPairRequest): void {
  if (algorithm === null && bits === null && format === null) return;
  throw refuse(
    "not-a-key-pair",
    `a value of type ${type} has no algorithm or format to choose`,
    "They belong to the type key_pair.",
  );
}

function weakness(entropyBits: number, alphabetSize: number, prefixLength: number): string[] {
  if (entropyBits >= STRONG_BITS) return [];
  const enough = prefixLength + Math.ceil(STRONG_BITS / Math.log2(alphabetSize));
  return [
    `It has ${Math.floor(entropyBits)} bits of entropy, under ${STRONG_BITS}: a length of ${enough} would have enough.`,
  ];
}
