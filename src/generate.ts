// Random values of every token type: without bias, with the entropy known, impossible requests refused.
import { Misconfigured } from "./errors.ts";
import { bitsWithEvery, draw, drawWithEvery, type RandomBytes, systemRandom } from "./random.ts";
import { MAX_VALUE_BYTES, type TokenType } from "./schema.ts";
import { Secret } from "./secret.ts";

export type { RandomBytes } from "./random.ts";

export type GenerateRequest = {
  readonly type: TokenType;
  /** Characters in all, prefix included; null: the type's default. */
  readonly length: number | null;
  /** What the value begins with; null: the type's default. */
  readonly prefix: string | null;
  /** Whether punctuation is used beside letters and digits; null: the type's default. */
  readonly includeSpecial: boolean | null;
};

export type Generated = {
  readonly value: Secret;
  /** Characters in all; as many bytes, since all are ASCII. */
  readonly length: number;
  readonly prefix: string;
  /** log2 of the number of values that could have come out, each as likely as the others. Not rounded. */
  readonly entropyBits: number;
  /** What a person should know. Never a value. */
  readonly warnings: readonly string[];
};

const DIGITS = "0123456789";
const UPPER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const LOWER = "abcdefghijklmnopqrstuvwxyz";
/** In the order of GitHub's checksums. */
const BASE62 = DIGITS + UPPER + LOWER;
// What a POSIX shell takes literally in an unquoted word, less "/" and "%", which change paths, URLs and
// Windows command lines. In a URL's user part ":", "@", "+", "," and "=" still need percent-encoding (RFC 3986, section 2.2).
const SPECIAL = "-._+=:,@";

const TYPES: Readonly<Record<Exclude<TokenType, "github_pat">, { length: number; special: boolean; everyClass: boolean }>> = {
  api_key: { length: 32, special: false, everyClass: false },
  secret_key: { length: 64, special: false, everyClass: false },
  password: { length: 24, special: true, everyClass: true },
  custom: { length: 32, special: false, everyClass: false },
};

const GITHUB_PREFIXES: readonly string[] = ["ghp_", "gho_", "ghu_", "ghs_", "ghr_"];
const GITHUB_BODY_LENGTH = 30;
const GITHUB_CHECKSUM_LENGTH = 6;

/** GitHub's runner masks nothing shorter than this, in characters; it is also the number of a password's classes. */
const MIN_RANDOM_LENGTH = 4;
/** Below this, in bits, guessing offline is within reach of somebody, some day: NIST SP 800-57 part 1, table 4, "2031 and beyond". */
const STRONG_BITS = 128;
const PRINTABLE = /^[\x21-\x7e]*$/;

function refuse(code: string, message: string, hint: string): Misconfigured {
  return new Misconfigured(message, { code, hint });
}

function crc32(text: string): number {
  let crc = 0xffffffff;
  for (const byte of new TextEncoder().encode(text)) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return ~crc >>> 0;
}

/**
 * The six characters that end a classic GitHub token: the CRC-32 (ISO 3309, as in zlib) of the 30
 * before them, in base62 (`0-9A-Za-z`), padded on the left with 0.
 */
export function githubChecksum(body30: string): string {
  let rest = crc32(body30);
  let text = "";
  for (; rest > 0; rest = Math.floor(rest / BASE62.length)) text = BASE62.charAt(rest % BASE62.length) + text;
  return text.padStart(GITHUB_CHECKSUM_LENGTH, "0");
}

/** What a GitHub token's request cannot ask for, before anything is drawn. */
function checkGithubRequest(request: GenerateRequest): { readonly prefix: string; readonly length: number } {
  const prefix = request.prefix ?? "ghp_";
  if (!GITHUB_PREFIXES.includes(prefix)) {
    // Not shown: whoever misreads "prefix" here may have given a whole token.
    throw refuse(
      "prefix-invalid",
      `a github_pat does not begin with the given prefix of ${prefix.length} characters`,
      `Use one of ${GITHUB_PREFIXES.join(", ")}, or leave it out.`,
    );
  }
  const length = prefix.length + GITHUB_BODY_LENGTH + GITHUB_CHECKSUM_LENGTH;
  if (request.length !== null && request.length !== length) {
    throw refuse(
      "length-fixed",
      `a github_pat has ${length} characters, not ${request.length}`,
      `Leave the length out, or make it ${length}.`,
    );
  }
  if (request.includeSpecial === true) {
    throw refuse("special-not-allowed", "a github_pat has letters and digits only", "Leave include_special out, or make it false.");
  }
  return { prefix, length };
}

function generateGithubToken(request: GenerateRequest, random: RandomBytes): Generated {
  const { prefix, length } = checkGithubRequest(request);
  const body = draw(BASE62, GITHUB_BODY_LENGTH, random);
  return {
    value: new Secret(prefix + body + githubChecksum(body)),
    length,
    prefix,
    entropyBits: GITHUB_BODY_LENGTH * Math.log2(BASE62.length),
    warnings: ["GitHub never issued this value: it is a well-formed placeholder that GitHub will not accept."],
  };
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
  if (request.type === "github_pat") checkGithubRequest(request);
  else checkSizes(request.length ?? TYPES[request.type].length, request.prefix ?? "");
}

/**
 * Makes one random value.
 * - `github_pat`: prefix, 30 characters of base62, checksum; 40 in all. A placeholder: GitHub issued nothing.
 * - `password`: at least one lower-case letter, capital, digit and (unless `includeSpecial` is false)
 *   special character after the prefix.
 * - the others: base62, with special characters among them if `includeSpecial`.
 *
 * Under 128 bits of entropy it warns.
 * @param random where bytes come from; the system's generator unless given.
 * @throws Misconfigured `length-out-of-range`, `length-too-short`, `length-fixed`, `prefix-too-long`,
 *   `prefix-invalid`, `special-not-allowed`; Unchanged `random-source-broken`.
 */
export function generateValue(request: GenerateRequest, random: RandomBytes = systemRandom): Generated {
  if (request.type === "github_pat") return generateGithubToken(request, random);
  const defaults = TYPES[request.type];
  const length = request.length ?? defaults.length;
  const prefix = request.prefix ?? "";
  checkSizes(length, prefix);
  const count = length - prefix.length;
  const classes = [DIGITS, UPPER, LOWER, ...((request.includeSpecial ?? defaults.special) ? [SPECIAL] : [])];
  const alphabet = classes.join("");
  const drawn = defaults.everyClass ? drawWithEvery(classes, count, random) : draw(alphabet, count, random);
  const entropyBits = defaults.everyClass ? bitsWithEvery(classes, count) : count * Math.log2(alphabet.length);
  return {
    value: new Secret(prefix + drawn),
    length,
    prefix,
    entropyBits,
    warnings: weakness(entropyBits, alphabet.length, prefix.length),
  };
}

function weakness(entropyBits: number, alphabetSize: number, prefixLength: number): string[] {
  if (entropyBits >= STRONG_BITS) return [];
  const enough = prefixLength + Math.ceil(STRONG_BITS / Math.log2(alphabetSize));
  return [`It has ${Math.floor(entropyBits)} bits of entropy, under ${STRONG_BITS}: a length of ${enough} would have enough.`];
}
