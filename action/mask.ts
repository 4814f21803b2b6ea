// Makes the runner hide a value in every form in which it could come out in a log.
import { setSecret } from "@actions/core";
import type { Secret } from "../src/secret.ts";

/** The runner hides any text that equals a mask, so a very short one would black out half the log. */
const MIN_MASK_LENGTH = 4;

/** The forms of a value that a log may show: as it is, each of its lines, base64, URL-encoded, escaped for JSON. */
export function maskedForms(value: string): string[] {
  const base64 = Buffer.from(value, "utf8").toString("base64");
  const forms = [
    value,
    ...value.split(/\r?\n/),
    base64,
    base64.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, ""),
    encodeURIComponent(value),
    JSON.stringify(value).slice(1, -1),
  ];
  return [...new Set(forms.map((form) => form.trim()).filter((form) => form.length >= MIN_MASK_LENGTH))];
}

/** Masks every form of a secret for the rest of the job. */
export function mask(secret: Secret): void {
  for (const form of maskedForms(secret.reveal())) setSecret(form);
}
