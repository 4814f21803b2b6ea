// The issuers that a token may declare: one shape each.
import * as z from "zod";
import { closed } from "./schema-base.ts";

const generate = closed({ use: z.literal("generate") }, { description: "Makes random values; this is the default" });

export const issuer = z.discriminatedUnion("use", [generate]).describe("Who makes the credential");

/** An issuer with its options, as declared. */
export type IssuerDeclaration = z.infer<typeof issuer>;

/** The names of all issuers. */
export const ISSUERS: readonly IssuerDeclaration["use"][] = issuer.options.map((option) => option.shape.use.value);

/** The declaration with its options, or null where it is none that this version knows. */
export function parseIssuer(declared: unknown): IssuerDeclaration | null {
  const parsed = issuer.safeParse(declared);
  return parsed.success ? parsed.data : null;
}

/** The fields that its credentials have; null where only the issuer itself knows. */
export function fieldsOf(declaration: IssuerDeclaration): readonly string[] | null {
  switch (declaration.use) {
    case "generate":
      return ["value"];
  }
}
