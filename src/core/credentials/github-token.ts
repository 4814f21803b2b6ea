// Classic GitHub tokens: well-formed placeholders with their checksum, which GitHub never issued.
import { Misconfigured } from "../base/errors.ts";
import { Secret } from "../base/secret.ts";
import type { Generated, GenerateRequest } from "./generated.ts";
import { draw, type RandomBytes } from "./random.ts";

/** In the order of GitHub's checksums. */
const BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const GITHUB_PREFIXES: readonly string[] = ["ghp_", "gho_", "ghu_", "ghs_", "ghr_"];
const GITHUB_BODY_LENGTH = 30;
const GITHUB_CHECKSUM_LENGTH = 6;

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
  for (; rest > 0; rest = Math.floor(rest / BASE62.length))
    text = BASE62.charAt(rest % BASE62.length) + text;
  return text.padStart(GITHUB_CHECKSUM_LENGTH, "0");
}

/** What a GitHub token's request cannot ask for, before anything is drawn. */
export function checkGithubRequest(request: GenerateRequest): {
  readonly prefix: string;
  readonly length: number;
} {
  const prefix = request.prefix ?? "ghp_";
  if (!GITHUB_PREFIXES.includes(prefix)) {
    // Not shown: a person who misreads "prefix" here may have given a whole token.
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
    throw refuse(
      "special-not-allowed",
      "a github_pat has letters and digits only",
      "Leave include_special out, or make it false.",
    );
  }
  return { prefix, length };
}

/** Makes one. Throws `Misconfigured` as `checkGithubRequest`. */
export function generateGithubToken(request: GenerateRequest, random: RandomBytes): Generated {
  const { prefix, length } = checkGithubRequest(request);
  const body = draw(BASE62, GITHUB_BODY_LENGTH, random);
  return {
    value: new Secret(prefix + body + githubChecksum(body)),
    length,
    prefix,
    entropyBits: GITHUB_BODY_LENGTH * Math.log2(BASE62.length),
    warnings: [
      "GitHub never issued this value: it is a well-formed placeholder that GitHub will not accept.",
    ],
  };
}
