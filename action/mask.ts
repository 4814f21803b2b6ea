// Makes the runner hide a value in every form in which it could come out in a log.
import { setSecret } from "@actions/core";
import type { Secret } from "../src/core/base/secret.ts";

/** The runner hides any text that equals a mask, so a very short one would black out half the log. */
const MIN_MASK_LENGTH = 4;

/** The forms of a value that a log may show: as it is, each of its lines, base64 (also URL-safe, also with the newline that `echo` adds), URL-encoded, escaped for JSON. */
export function maskedForms(value: string): string[] {
  // What a short value has of longer forms gives the value away less than masking common text gives trouble.
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
