// What the schema cannot say about issuers: options that go with a type of token, or with one another.
import { type Mistake, partName } from "./config-mistake.ts";
import type { TokenDeclaration } from "./schema.ts";

const PAIR_OPTIONS = ["algorithm", "bits", "format", "publish"] as const;

/** Everything that is wrong between a token's type and the options of its issuer. */
export function checkIssuer(name: string, { type, issuer }: TokenDeclaration): Mistake[] {
  if (issuer?.use !== "generate") return [];
  const mistakes: Mistake[] = [];
  const at = (option: string) => ["tokens", name, "issuer", option];
  if (type !== "key_pair") {
    for (const option of PAIR_OPTIONS.filter((each) => issuer[each] !== undefined)) {
      const message = `${partName(at(option))} belongs to key pairs, and this token is none`;
      mistakes.push({
        path: at(option),
        on: "key",
        code: "not-a-key-pair",
        message,
        hint: 'Add "type": "key_pair", or remove it.',
      });
    }
  } else if (issuer.bits !== undefined && issuer.algorithm !== "rsa") {
    const message = `${partName(at("bits"))} belongs to RSA keys, and this one is ${issuer.algorithm ?? "ed25519"}`;
    mistakes.push({
      path: at("bits"),
      on: "key",
      code: "not-rsa",
      message,
      hint: 'Add "algorithm": "rsa", or remove it.',
    });
  }
  return mistakes;
}
