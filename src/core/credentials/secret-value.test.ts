import { expect, test } from "vitest";
import { Secret } from "../base/secret.ts";
import { MAX_VALUE_BYTES } from "../model/schema.ts";
import { checkSecretValue } from "./secret-value.ts";

const canary = "canary-9f8e7d";

test.each([
  ["an ordinary value", canary, null],
  ["a key of several lines", `-----BEGIN\n${canary}\n-----END`, null],
  ["exactly 48 KB", "é".repeat(MAX_VALUE_BYTES / 2), null],
  ["nothing", "", "empty-value"],
  ["a trailing newline", `${canary}\n`, "trailing-newline"],
  ["a trailing Windows line break", `${canary}\r\n`, "trailing-newline"],
  ["a trailing carriage return", `${canary}\r`, "trailing-newline"],
  [
    "a key of several lines that ends in one, as PEM does",
    `-----BEGIN\n${canary}\n-----END\n`,
    null,
  ],
  ["only a newline", "\n", "blank-value"],
  ["only blanks", " \t ", "blank-value"],
  ["a NUL", `${canary}\0x`, "nul-in-value"],
  ["half a character", `${canary}\ud800`, "malformed-value"],
  [
    "over 48 KB in UTF-8, under it in characters",
    "é".repeat(MAX_VALUE_BYTES / 2 + 1),
    "value-too-large",
  ],
])("%s", (_, value, code) => {
  const complaint = checkSecretValue(new Secret(value));
  expect(complaint?.code ?? null).toBe(code);
  expect(JSON.stringify(complaint)).not.toContain(canary);
});
