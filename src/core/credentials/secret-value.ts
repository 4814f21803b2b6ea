// Judges a value that a person or a service supplied, before it is placed anywhere. Never shows it.

import type { Secret } from "../base/secret.ts";
import type { Complaint } from "../base/showable.ts";
import { MAX_VALUE_BYTES } from "../model/schema-base.ts";

/**
 * Says why a value must not be placed: it is empty or blank, is one line that ends in a line break (nearly always the doing
 * of `echo` or an editor, and consumers then fail to log in; a key in PEM has many lines and ends in one), holds a NUL or half a character, or is larger than GitHub accepts.
 * @returns null where the value is acceptable
 */
export function checkSecretValue(value: Secret): Complaint | null {
  const text = value.reveal();
  if (text === "") {
    return {
      code: "empty-value",
      message: "the value is empty",
      hint: "Give a value; to remove a secret, delete it where it lives.",
    };
  }
  if (text.trim() === "") {
    return {
      code: "blank-value",
      message: "the value holds nothing but blanks",
      hint: "Give a value; to remove a secret, delete it where it lives.",
    };
  }
  if (/^[^\r\n]*[\r\n]+$/.test(text)) {
    return {
      code: "trailing-newline",
      message: "the value ends in a line break, which is rarely part of a secret",
      hint: "Use printf '%s' instead of echo, or save the file without a line break at its end.",
    };
  }
  if (text.includes("\0")) {
    return {
      code: "nul-in-value",
      message: "the value holds a NUL character, which no environment variable can hold",
      hint: "Encode binary values first, for example as base64.",
    };
  }
  if (/\p{Surrogate}/u.test(text)) {
    return {
      code: "malformed-value",
      message: "the value holds half a character (a lone surrogate), which UTF-8 cannot hold",
      hint: "Encode binary values first, for example as base64.",
    };
  }
  const bytes = new TextEncoder().encode(text).length;
  if (bytes <= MAX_VALUE_BYTES) return null;
  return {
    code: "value-too-large",
    message: `the value has ${bytes} bytes; GitHub accepts at most ${MAX_VALUE_BYTES} (48 KB)`,
    hint: "Encrypt the large part, commit it, and keep only its key as the secret.",
  };
}
