// POST /tokens/generate: a new value, made and shown. Nothing is recorded or placed.
import * as z from "zod";
import { fingerprint } from "../src/core/credentials/fingerprint.ts";
import { makeValue } from "../src/core/credentials/generate.ts";
import { endpoint, ok } from "../src/http/endpoint.ts";
import {
  keyAlgorithm,
  keyFormat,
  length,
  prefix,
  rsaBits,
  tokenType,
} from "../src/http/input/inputs.ts";

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
    algorithm: keyAlgorithm.optional(),
    bits: rsaBits.optional(),
    format: keyFormat.optional(),
  }),
  async handle({ input, fingerprintKey }) {
    const {
      type,
      length = null,
      prefix = null,
      include_special: includeSpecial = null,
      algorithm = null,
      bits = null,
      format = null,
    } = input;
    const made = await makeValue(
      { type, length, prefix, includeSpecial },
      { algorithm, bits, format },
    );
    return ok({
      token: made.value.reveal(),
      type,
      length: made.length,
      prefix: made.prefix,
      fingerprint: fingerprint(made.value, { entropyBits: made.entropyBits, key: fingerprintKey }),
      entropy_bits: made.entropyBits,
      issued: false,
      ...(made.publicKey === null ? {} : { public_key: made.publicKey }),
      warnings: made.warnings,
    });
  },
});
