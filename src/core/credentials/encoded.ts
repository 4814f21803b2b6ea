// Random bytes written down as text: hexadecimal, base64url, and UUIDs of version 7.
import { v7 } from "uuid";
import { Misconfigured } from "../base/errors.ts";
import type { RandomBytes } from "./random.ts";

export type EncodedType = "hex" | "base64url" | "uuid";

export type Encoded = { readonly text: string; readonly entropyBits: number };

/** 32 bytes: 256 bits. */
const DEFAULT_LENGTHS = { hex: 64, base64url: 43 } as const;
/** As random as the shortest values of the other types. */
const MIN_BYTES = 3;
const UUID_LENGTH = 36;
/** RFC 9562, 5.7: 74 bits beside the time, of which the package leaves the first one zero, so that it can count up. */
const UUID_ENTROPY_BITS = 73;

export function isEncoded(type: string): type is EncodedType {
  return type === "hex" || type === "base64url" || type === "uuid";
}

/** The length of the whole value that the type has unless one is asked for. */
export function encodedLength(type: EncodedType, prefix: string): number {
  return type === "uuid" ? UUID_LENGTH : prefix.length + DEFAULT_LENGTHS[type];
}

/**
 * Says why no bytes could be written in that many characters.
 * @param count the characters after the prefix
 */
export function checkEncoded(type: EncodedType, count: number, prefix: string): void {
  if (type === "uuid") {
    if (count === UUID_LENGTH && prefix === "") return;
    throw refuse(
      "length-fixed",
      `a uuid has ${UUID_LENGTH} characters and no prefix`,
      "Leave the length and the prefix out.",
    );
  }
  const size = byteCount(type, count);
  if (size < MIN_BYTES) {
    const message = `${count} characters after the prefix are fewer than ${MIN_BYTES} random bytes in ${type}`;
    throw refuse(
      "length-too-short",
      message,
      `Leave the length out, or make it ${encodedLength(type, prefix)}.`,
    );
  }
  const isWhole = type === "hex" ? count % 2 === 0 : count % 4 !== 1;
  if (isWhole) return;
  const message = `${count} characters after the prefix are no whole number of bytes in ${type}`;
  throw refuse("length-incomplete", message, `Make it one longer: ${prefix.length + count + 1}.`);
}

/** The number of whole bytes that this many characters hold. */
function byteCount(type: "hex" | "base64url", count: number): number {
  return type === "hex" ? Math.floor(count / 2) : Math.floor((count * 3) / 4);
}

/**
 * Random bytes as text of this many characters: lower-case hexadecimal (RFC 4648, section 8), base64url without padding
 * (section 5), or a UUID of version 7 (RFC 9562).
 * @param now the time that a UUID begins with (default: the machine's)
 */
export function encode(
  type: EncodedType,
  count: number,
  { random, now }: { random: RandomBytes; now?: Date | undefined },
): Encoded {
  if (type === "uuid") {
    const text = v7({ random: random(16), ...(now === undefined ? {} : { msecs: now.getTime() }) });
    return { text, entropyBits: UUID_ENTROPY_BITS };
  }
  const size = byteCount(type, count);
  return { text: Buffer.from(random(size)).toString(type), entropyBits: size * 8 };
}

function refuse(code: string, message: string, hint: string): Misconfigured {
  return new Misconfigured(message, { code, hint });
}
