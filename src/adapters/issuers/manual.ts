// The issuer that makes nothing. A person makes the value and hands it in, and this program cannot end the one before.
import { Misconfigured } from "../../core/base/errors.ts";
import type { ManualDeclaration } from "../../core/model/schema.ts";
import type { Issuer } from "../../core/ports/issuer.ts";

/** An issuer that only says who makes the value. A run never asks it, since a person hands the value in by name. */
export function manualIssuer({ owner, url }: ManualDeclaration): Issuer {
  return {
    async issue({ tokenName }) {
      throw new Misconfigured(
        `no value of ${tokenName} was handed in, and only ${owner ?? "a person"} can make one`,
        {
          code: "issuer-required",
          hint: `Make a new one${url === undefined ? "" : ` at ${url}`}, and hand it in with: token-automation rotate ${tokenName} --value-stdin`,
        },
      );
    },
    async check() {
      return { verdict: "unknown", detail: "only the person who made it knows" };
    },
    async revoke() {
      // There is no ref to end it by. The steps say how the person ends it.
    },
    async find() {
      return [];
    },
  };
}
