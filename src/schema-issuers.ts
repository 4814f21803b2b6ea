// The issuers that a token may declare: one shape each.
import * as z from "zod";
import { AWS_FIELDS, awsIam } from "./schema-issuer-aws.ts";
import { command } from "./schema-issuer-command.ts";
import { DATABASE_FIELDS, mysql, postgres, redis } from "./schema-issuer-databases.ts";
import { http } from "./schema-issuer-http.ts";
import { deployKey, generate, githubApp, manual } from "./schema-issuer-keys.ts";

export const issuer = z
  .discriminatedUnion("use", [
    generate,
    manual,
    deployKey,
    githubApp,
    command,
    http,
    awsIam,
    postgres,
    mysql,
    redis,
  ])
  .describe("Who makes the credential");

/** An issuer with its options, as declared. */
export type IssuerDeclaration = z.infer<typeof issuer>;

/** The names of all issuers. */
export const ISSUERS: readonly IssuerDeclaration["use"][] = issuer.options.map(
  (option) => option.shape.use.value,
);

/** The declaration with its options, or null where it is none that this version knows. */
export function parseIssuer(declared: unknown): IssuerDeclaration | null {
  const parsed = issuer.safeParse(withoutNotes(declared));
  return parsed.success ? parsed.data : null;
}

/** Keys that begin with `x-` are a person's own notes, at any depth. */
function withoutNotes(declared: unknown): unknown {
  if (Array.isArray(declared)) return declared.map(withoutNotes);
  if (typeof declared !== "object" || declared === null) return declared;
  const kept = Object.entries(declared).filter(([key]) => !key.startsWith("x-"));
  return Object.fromEntries(kept.map(([key, value]) => [key, withoutNotes(value)]));
}

const VALUE = ["value"] as const;
/** `value` is the private key. */
const KEY_PAIR = ["value", "private_key", "public_key"] as const;

/**
 * The fields that its credentials have; null where only the issuer itself knows.
 * @param type the token's type, where it declares one
 */
export function fieldsOf(declaration: IssuerDeclaration, type?: string): readonly string[] | null {
  switch (declaration.use) {
    case "generate":
      return type === "key_pair" ? KEY_PAIR : VALUE;
    case "manual":
    case "github_app":
      return VALUE;
    case "deploy_key":
      return KEY_PAIR;
    case "command":
      return declaration.fields ?? VALUE;
    case "http":
      return Object.keys(declaration.issue.fields);
    case "aws_iam":
      return AWS_FIELDS;
    case "postgres":
    case "mysql":
    case "redis":
      return DATABASE_FIELDS;
  }
}
