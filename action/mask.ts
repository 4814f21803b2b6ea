// Masks of a value, in every form that a log could show.
import { setSecret } from "@actions/core";
import type { Secret } from "../src/core/base/secret.ts";

/** The runner hides any text that equals a mask, so a very short one would black out half the log. */
const MIN_MASK_LENGTH = 4;

/** The forms of a value that a log may show: as it is, each of its lines, base64 (also URL-safe, also with the newline that `echo` adds), URL-encoded, escaped for JSON. */
export function maskedForms(value: string): string[] {
  // A short value's longer forms reveal little. Masking such common text would do more harm.
  if (value.trim().length < MIN_MASK_LENGTH) return [];
  const bytes = Buffer.from(value);
  const base64 = [bytes, Buffer.from(`${value}\n`)].map((each) => each.toString("base64"));
  const forms = [
    value,
    ...value.split(/\r\n|[\r\n]/),
    ...base64,
    ...base64.map((text) => text.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "")),
    encodeURIComponent(bytes.toString()),
    JSON.stringify(value).slice(1, -1),
  ];
  return [
    ...new Set(forms.map((form) => form.trim()).filter((form) => form.length >= MIN_MASK_LENGTH)),
  ];
}

/** Masks every form of a secret for the rest of the job. */
export function mask(secret: Secret): void {
  for (const form of maskedForms(secret.reveal())) setSecret(form);
}
