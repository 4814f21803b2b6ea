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
    const request = {
      type: input.type,
      length: input.length ?? null,
      prefix: input.prefix ?? null,
      includeSpecial: input.include_special ?? null,
    };
    const { value, entropyBits, warnings } = generateValue(request);
    const text = value.reveal();
    return ok({
      token: text,
      type: input.type,
      length: text.length,
      prefix: input.prefix ?? "",
      fingerprint: fingerprint(value, { entropyBits, key: fingerprintKey }),
      entropy_bits: entropyBits,
      issued: false,
      warnings,
    });
  },
});
