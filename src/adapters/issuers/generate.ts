// The issuer that makes random values and key pairs, for secrets that the repository itself defines.
import { Unchanged } from "../../core/base/errors.ts";
import { Secret } from "../../core/base/secret.ts";
import { generateValue, type RandomBytes } from "../../core/credentials/generate.ts";
import type { KeyPairRequest } from "../../core/credentials/key-pair.ts";
import { VALUE_FIELD } from "../../core/model/token.ts";
import type { Credential, IssueRequest, Issuer } from "../../core/ports/issuer.ts";
import type { Publication } from "./publication.ts";

export type GenerateOptions = {
  readonly random?: RandomBytes;
  /** The form of key pairs. */
  readonly pair?: KeyPairRequest;
  /** The place that publishes their public halves. Null means none. */
  readonly publication?: Publication | null;
};

const DEFAULT_PAIR: KeyPairRequest = { algorithm: null, bits: null, format: null };
const PUBLIC_FIELD = "public_key";

/**
 * An issuer whose credentials no service knows, except for the public keys that it publishes. There a ref is the key's id
 * (RFC 7638), revoking withdraws the public key, and a check looks whether it is published.
 */
export function generateIssuer({
  random,
  pair = DEFAULT_PAIR,
  publication = null,
}: GenerateOptions = {}): Issuer {
  async function issuePair({ label, signal }: IssueRequest): Promise<Credential> {
    const { generateKeyPair } = await import("../../core/credentials/key-pair.ts");
    const { privateKey, publicKey, publicText, strengthBits, warnings } = await generateKeyPair(
      pair,
      label,
    );
    if (signal.aborted) throw publicationCancelled();
    // Published before a consumer has the private key, so that its signatures can be verified from the first moment on.
    await publication?.add(publicKey, label);
    return {
      fields: {
        [VALUE_FIELD]: privateKey,
        private_key: privateKey,
        [PUBLIC_FIELD]: new Secret(publicText),
      },
      ref: publication === null ? null : publicKey.kid,
      entropyBits: strengthBits,
      expiresAt: null,
      settlesWithinMs: 0,
      warnings,
    };
  }

  return {
    async issue(request) {
      const { type, length, prefix, includeSpecial } = request;
      if (type === "key_pair") return issuePair(request);
      const { value, entropyBits, warnings } = generateValue(
        { type, length, prefix, includeSpecial },
        random,
      );
      return {
        fields: { [VALUE_FIELD]: value },
        ref: null,
        entropyBits,
        expiresAt: null,
        settlesWithinMs: 0,
        warnings,
      };
    },

    async check({ ref, fields }, signal) {
      if (publication === null) return { verdict: "works", detail: null };
      if (signal.aborted) return { verdict: "unknown", detail: "it was cancelled" };
      const { keyIdOf } = await import("../../core/credentials/key-pair.ts");
      const published = (await publication.keys()).find(({ kid }) => kid === ref);
      if (published === undefined)
        return { verdict: "refused", detail: "its public key is not published" };
      const [own, there] = [
        await keyIdOf(fields[PUBLIC_FIELD]?.reveal() ?? ""),
        await keyIdOf(published.text),
      ];
      return own !== null && own === ref && there === ref
        ? { verdict: "works", detail: null }
        : { verdict: "refused", detail: "another public key is published under its id" };
    },

    async revoke(ref) {
      // If nothing is published, placing the next generation is what ends this one.
      await publication?.remove(ref);
    },

    async find(label) {
      if (publication === null) return [];
      return (await publication.keys()).filter((key) => key.label === label).map(({ kid }) => kid);
    },
  };
}

function publicationCancelled(): Unchanged {
  return new Unchanged("the key pair was made, but the run had no time left to publish it", {
    code: "cancelled",
    hint: "Nothing was published. The next run makes another one.",
  });
}
