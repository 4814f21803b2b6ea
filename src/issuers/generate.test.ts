// The issuer of random values against the contract of issuers: nobody outside knows of them.
import { issuerContract } from "../testing/issuer-contract.ts";
import { generateIssuer } from "./generate.ts";

issuerContract(
  "generate",
  async () => ({
    issuer: generateIssuer(),
    accepts: async (credential) => credential.fields.value !== undefined,
    close: async () => undefined,
  }),
  { fields: ["value"], live: "none" },
);
