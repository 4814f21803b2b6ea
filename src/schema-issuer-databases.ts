// The options of the issuers of database passwords.
import * as z from "zod";
import { closed, variableName } from "./schema-base.ts";

const host = z
  .string()
  .regex(/^[A-Za-z0-9._:-]+$/)
  .max(253)
  .optional()
  .describe("Where consumers reach it; as in the administrator's URL unless given");
const port = z
  .int()
  .min(1)
  .max(65_535)
  .optional()
  .describe("As in the administrator's URL unless given");
const database = z
  .string()
  .min(1)
  .max(64)
  .optional()
  .describe("The consumers' database; as in the administrator's URL unless given");
const adminUrl = (scheme: string) =>
  variableName.describe(
    `The environment variable that holds an administrator's URL, \`${scheme}://…\``,
  );
const takingTurns = z
  .array(z.string().min(1).max(80))
  .min(1)
  .max(5)
  .describe("The users that take turns; with one only, the password in use is replaced at once");

export const postgres = closed(
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

export const mysql = closed(
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
      .describe("The part of the accounts' names after the @; `%` unless given"),
    database,
    host,
    port,
  },
  { description: "The password of a MySQL or MariaDB user" },
);

export const redis = closed(
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
      .describe(
        "The number of the consumers' database; as in the administrator's URL unless given",
      ),
    host,
    port,
    volatile: z
      .boolean()
      .optional()
      .describe(
        "Whether a server without an ACL file will do, which forgets passwords when it restarts",
      ),
  },
  { description: "A password of a Redis ACL user" },
);

/** The fields that their credentials have. */
export const DATABASE_FIELDS = ["value", "username", "password", "url"] as const;
