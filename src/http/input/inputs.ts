// Fields of request bodies, each judged by the same rules as the record.
import * as z from "zod";
import { Secret } from "../../core/base/secret.ts";
import { checkSecretValue } from "../../core/credentials/secret-value.ts";
import {
  KEY_ALGORITHMS,
  KEY_FORMATS,
  LABEL_PATTERN,
  MAX_INTERVAL_HOURS,
  MAX_NAME_LENGTH,
  MAX_VALUE_BYTES,
  MIN_INTERVAL_HOURS,
  NAME_PATTERN,
  RSA_SIZES,
  TOKEN_TYPES,
} from "../../core/model/schema-base.ts";
import { MAX_KEY_LENGTH } from "./idempotency-key.ts";

const MAX_PREFIX_LENGTH = 255;
/** A workflow of more names than a repository may have secrets needs a group. */
const MAX_MEMBERS = 1000;
const MAX_MESSAGE_LENGTH = 2000;
/** A larger page would not fit into the replies that callers with a limit can take. */
const MAX_PAGE = 500;
const MAX_CURSOR_LENGTH = 1000;

export const tokenName = z
  .string()
  .max(MAX_NAME_LENGTH)
  .regex(NAME_PATTERN, "must be letters, digits and underscores, no digit first")
  .describe("The token's name: letters, digits and underscores. A name, never a value");
const label = z
  .string()
  .max(MAX_NAME_LENGTH)
  .regex(LABEL_PATTERN, "must be letters, digits, underscores, dots and dashes");
export const workflowName = label.describe(
  "The workflow's name: letters, digits, underscores, dots and dashes",
);
export const members = z
  .array(label)
  .min(1)
  .max(MAX_MEMBERS)
  .describe("Names of tokens, names of groups, or ALL_TOKENS");
export const schedule = z
  .string()
  .min(1)
  .max(255)
  .describe("Five cron fields, as 0 2 * * *, or @hourly, @daily, @weekly, @monthly, @yearly");
export const timezone = z
  .string()
  .min(1)
  .max(255)
  .describe("An IANA time zone, as Europe/Berlin (default: the record's own)");
export const dryRun = z
  .boolean()
  .default(false)
  .describe("Change nothing, and report what would be done");
export const create = z
  .boolean()
  .describe(
    "Declare names that the record does not have yet. Without it, a record on GitHub refuses them and names the nearest",
  );
export const tokenType = z.enum(TOKEN_TYPES);
export const keyAlgorithm = z.enum(KEY_ALGORITHMS).describe("Of a key_pair (default: ed25519)");
export const keyFormat = z
  .enum(KEY_FORMATS)
  .describe("Of a key_pair's private key, which `token` holds (default: pem)");
export const rsaBits = z.literal(RSA_SIZES).describe("Of an RSA key (default: 3072)");
export const length = z.int().min(1).max(MAX_VALUE_BYTES);
export const prefix = z
  .string()
  .max(MAX_PREFIX_LENGTH)
  .regex(/^[\x21-\x7e]*$/, "must be printable ASCII without spaces");
export const intervalHours = z
  .number()
  .min(MIN_INTERVAL_HOURS)
  .max(MAX_INTERVAL_HOURS)
  .describe("How many hours a value may live before a run replaces it");
export const idempotencyKey = z
  .string()
  .min(1)
  .max(MAX_KEY_LENGTH)
  .regex(/^[\x21-\x7e]*$/, "must be visible ASCII characters")
  .describe(
    "A UUID of this request. A request that is sent again with the same one is carried out once. The header Idempotency-Key does the same",
  );
export const commitMessage = z.string().min(1).max(MAX_MESSAGE_LENGTH);

/** A whole number in a query, in decimal digits. */
export function queryNumber(least: number, most: number) {
  return z
    .string()
    .regex(/^\d{1,4}$/, `must be a whole number from ${least} to ${most}`)
    .transform(Number)
    .pipe(z.int().min(least).max(most));
}

/** A switch in a query. `true` turns it on. */
export function flag(description: string) {
  return z
    .enum(["true", "false"])
    .transform((text) => text === "true")
    .optional()
    .describe(description);
}

/** Fields of every paged GET. */
export const page = {
  limit: queryNumber(1, MAX_PAGE)
    .optional()
    .describe(
      "The most entries in the reply, which stays below 100,000 characters. next_cursor says where the next page begins. 50 is a good choice",
    ),
  cursor: z
    .string()
    .max(MAX_CURSOR_LENGTH)
    .optional()
    .describe("What next_cursor said in the page before"),
};
/** A field of a POST whose reply lists many tokens. */
export const replyLimit = z
  .int()
  .min(1)
  .max(MAX_PAGE)
  .optional()
  .describe(
    "The most tokens in the reply, which stays below 100,000 characters. left_out says how many are missing. It limits the reply, not the work",
  );

/** A value that a person supplies. It is wrapped before any other code sees it. */
export const secretValue = z
  .string()
  .transform((text) => new Secret(text))
  .superRefine((value, context) => {
    const complaint = checkSecretValue(value);
    if (complaint !== null)
      context.addIssue({
        code: "custom",
        message: complaint.message,
        params: { code: complaint.code, hint: complaint.hint },
      });
  });
