// The issuer that makes nothing: a person makes the value and hands it in, and nobody here can end the one before.
import { Misconfigured } from "../../core/base/errors.ts";
import type { ManualDeclaration } from "../../core/model/schema.ts";
import type { Issuer } from "../../core/ports/issuer.ts";

/** An issuer that only says who makes the value. A run never asks it: what it would make is handed in by name. */
export function manualIssuer({ owner, url }: ManualDeclaration): Issuer {
  return {
    async issue({ tokenName }) {
      throw new Misconfigured(
        `the value of ${tokenName} is made by ${owner ?? "a person"}, and none was handed in`,
        {
          code: "issuer-required",
          hint: `Make a new one${url === undefined ? "" : ` at ${url}`}, and hand it in: token-automation rotate ${tokenName} --value-stdin`,
        },
      );
    },
    async check() {
      return { verdict: "unknown", detail: "only the person who made it can tell" };
    },
    async revoke() {
      // Nothing by which it could be ended: the steps tell the person to.
    },
    async find() {
      return [];
    },
  };
}
