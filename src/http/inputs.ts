// The pieces that request bodies are made of, each judged by the same rules as the record.
import * as z from "zod";
import {
  LABEL_PATTERN,
  MAX_INTERVAL_HOURS,
  MAX_NAME_LENGTH,
  MAX_VALUE_BYTES,
  MIN_INTERVAL_HOURS,
  NAME_PATTERN,
  TOKEN_TYPES,
} from "../schema.ts";
import { Secret } from "../secret.ts";
import { checkSecretValue } from "../secret-value.ts";

const MAX_PREFIX_LENGTH = 255;
/** Workflows of more names than a repository may have secrets mean a group. */
const MAX_MEMBERS = 1000;
const MAX_MESSAGE_LENGTH = 2000;

export const tokenName = z.string().max(MAX_NAME_LENGTH).regex(NAME_PATTERN, "must be letters, digits and underscores, no digit first");
export const label = z.string().max(MAX_NAME_LENGTH).regex(LABEL_PATTERN, "must be letters, digits, underscores, dots and dashes");
export const members = z.array(label).min(1).max(MAX_MEMBERS);
export const tokenType = z.enum(TOKEN_TYPES);
export const length = z.int().min(1).max(MAX_VALUE_BYTES);
export const prefix = z
  .string()
  .max(MAX_PREFIX_LENGTH)
  .regex(/^[\x21-\x7e]*$/, "must be printable ASCII without spaces");
export const intervalHours = z.number().min(MIN_INTERVAL_HOURS).max(MAX_INTERVAL_HOURS);
export const commitMessage = z.string().min(1).max(MAX_MESSAGE_LENGTH);

/** A value that a person hands in: wrapped before anything else sees it. */
export const secretValue = z
  .string()
  .transform((text) => new Secret(text))
  .superRefine((value, context) => {
    const complaint = checkSecretValue(value);
    if (complaint !== null)
      context.addIssue({ code: "custom", message: complaint.message, params: { code: complaint.code, hint: complaint.hint } });
  });
