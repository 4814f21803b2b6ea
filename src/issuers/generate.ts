// The issuer that makes random values: for secrets that the repository itself defines.
import { generateValue, type RandomBytes } from "../generate.ts";
import type { Issuer } from "../ports.ts";
import { VALUE_FIELD } from "../token.ts";

/** An issuer whose credentials nobody outside knows of: checking always succeeds, and there is nothing to revoke or find. */
export function generateIssuer(options: { readonly random?: RandomBytes } = {}): Issuer {
  return {
    async issue({ type, length, prefix, includeSpecial }) {
      const made = generateValue({ type, length, prefix, includeSpecial }, options.random);
      const { value, entropyBits, warnings } = made;
      return { fields: { [VALUE_FIELD]: value }, ref: null, entropyBits, expiresAt: null, settlesWithinMs: 0, warnings };
    },
    async check() {
      return { verdict: "works", detail: null };
    },
    async revoke() {
      // Nothing on any provider's side: placing the next generation is what ends this one.
    },
    async find() {
      return [];
    },
  };
}
