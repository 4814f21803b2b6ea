// The issuers that a token may declare: one shape each.
import * as z from "zod";
import { closed, NAME_PATTERN, variableName } from "./schema-base.ts";
import { http } from "./schema-issuer-http.ts";
import { deployKey, generate, githubApp, manual } from "./schema-issuer-keys.ts";

const AWS_FIELDS: readonly string[] = ["access_key_id", "secret_access_key", "value"];

const awsIam = closed(
  {
    use: z.literal("aws_iam"),
    user: z
      .string()
      .regex(/^[\w+=,.@-]{1,64}$/)
      .describe("The IAM user's name; each user has one token, since AWS allows two keys"),
    access_key_id_variable: variableName
      .optional()
      .describe(
        "The environment variable with the access key id that rotates it (default: AWS_ACCESS_KEY_ID)",
      ),
    secret_access_key_variable: variableName
      .optional()
      .describe("The environment variable with that key's secret (default: AWS_SECRET_ACCESS_KEY)"),
    session_token_variable: variableName
      .optional()
      .describe(
        "The environment variable with its session token (default: AWS_SESSION_TOKEN, if it is set)",
      ),
    partition: z
      .enum(["aws", "aws-cn", "aws-us-gov"])
      .optional()
      .describe("The AWS partition (default: aws)"),
    region: z
      .string()
      .regex(/^[a-z]{2}(?:-[a-z]+)+-\d$/)
      .optional()
      .describe("The region whose STS checks the new key (default: the partition's first)"),
    endpoint: z
      .string()
      .regex(/^https?:\/\/[\w.[\]:-]+$/)
      .optional()
      .describe("The endpoint for IAM and STS in place of AWS's own; https, or this machine"),
  },
  { description: "An access key of an IAM user of AWS" },
);

/** The longest that one call of the program may take, in seconds: a run gives its issuers less than five minutes. */
const MAX_TIMEOUT_SECONDS = 240;

const argument = z
  .string()
  .min(1)
  .max(4096)
  // Control characters are slips, and no argument list can hold a NUL.
  .regex(/^[\P{Cc}\t\n]+$/u);

const command = closed(
  {
    use: z.literal("command"),
    run: z
      .array(argument)
      .min(1)
      .max(64)
      .describe("The program and its arguments, without a shell; never a value"),
    env: z
      .array(variableName)
      .max(64)
      .optional()
      .describe("Names of environment variables that it gets beside PATH, HOME and the like"),
    fields: z
      .array(z.string().regex(NAME_PATTERN).max(64))
      .min(1)
      .max(16)
      .optional()
      .describe("The fields that its credentials have (default: value)"),
    timeout_seconds: z
      .int()
      .min(1)
      .max(MAX_TIMEOUT_SECONDS)
      .optional()
      .describe("How many seconds one call may take (default: 60)"),
  },
  { description: "A program of yours that makes, checks, revokes and finds credentials" },
);

const host = z
  .string()
  .regex(/^[A-Za-z0-9._:-]+$/)
  .max(253)
  .optional()
  .describe("The host at which consumers reach it (default: as in the administrator's URL)");

const port = z
  .int()
  .min(1)
  .max(65_535)
  .optional()
  .describe("The port at which consumers reach it (default: as in the administrator's URL)");

const database = z
  .string()
  .min(1)
  .max(64)
  .optional()
  .describe("The consumers' database (default: as in the administrator's URL)");

const adminUrl = (scheme: string) =>
  variableName.describe(
    `The environment variable that holds an administrator's URL, \`${scheme}://…\``,
  );

const takingTurns = z
  .array(z.string().min(1).max(80))
  .min(1)
  .max(5)
  .describe(
    "The users that take turns; if there is one only, the password in use is replaced at once",
  );

const postgres = closed(
  {
    use: z.literal("postgres"),
    admin_url_variable: adminUrl("postgres"),
    users: takingTurns,
    database,
    host,
    port,
  },
  { description: "The password of a PostgreSQL user" },
);

const mysql = closed(
  {
    use: z.literal("mysql"),
    admin_url_variable: adminUrl("mysql"),
    users: takingTurns,
    account_host: z
      .string()
      .min(1)
      .max(255)
      .regex(/^[^@]+$/)
      .optional()
      .describe("The part of the accounts' names after the @ (default: `%`)"),
    database,
    host,
    port,
  },
  { description: "The password of a MySQL or MariaDB user" },
);

const redis = closed(
  {
    use: z.literal("redis"),
    admin_url_variable: adminUrl("redis"),
    user: z
      .string()
      .min(1)
      .max(256)
      .regex(/^\S+$/)
      .describe("The ACL user, whose old and new password work side by side"),
    database: z
      .int()
      .min(0)
      .optional()
      .describe("The number of the consumers' database (default: as in the administrator's URL)"),
    host,
    port,
    volatile: z
      .boolean()
      .optional()
      .describe(
        "Whether a server without an ACL file is accepted; it forgets passwords when it restarts",
      ),
  },
  { description: "A password of a Redis ACL user" },
);

/** The fields that their credentials have. */
const DATABASE_FIELDS = ["value", "username", "password", "url"] as const;

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

/** The declaration with its options, or null if this version does not know it. */
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
 * The fields that its credentials have; null if only the issuer itself knows.
 * @param type the token's type, if it declares one
 */
export function fieldsOf(declaration: IssuerDeclaration, type?: string): readonly string[] | null {
  switch (declaration.use) {
    case "generate":
      return type === "key_pair" ? KEY_PAIR : VALUE;
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
    default:
      return VALUE;
  }
}
