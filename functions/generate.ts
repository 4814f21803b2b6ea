// POST /tokens/generate: makes a new value and shows it. Nothing is recorded or placed.
import * as z from "zod";
import { fingerprint } from "../src/fingerprint.ts";
import { generateValue } from "../src/generate.ts";
import { endpoint, ok } from "../src/http/endpoint.ts";
import { length, prefix, tokenType } from "../src/http/inputs.ts";

export const config = { path: "/tokens/generate" };

export default endpoint({
  method: "POST",
  path: config.path,
  summary: "Make a new value",
  scope: "generate",
  input: z.strictObject({
    type: tokenType.default("api_key"),
    length: length.optional(),
    prefix: prefix.optional(),
    include_special: z.boolean().optional(),
  }),
  async handle({ input, fingerprintKey }) {
    const made = generateValue({
      type: input.type,
      length: input.length ?? null,
      prefix: input.prefix ?? null,
      includeSpecial: input.include_special ?? null,
    });
    return ok({
      token: made.value.reveal(),
      type: input.type,
      length: made.length,
      prefix: made.prefix,
      fingerprint: fingerprint(made.value, { entropyBits: made.entropyBits, key: fingerprintKey }),
      entropy_bits: made.entropyBits,
      issued: false,
      warnings: made.warnings,
    });
  },
});
