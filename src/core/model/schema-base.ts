// Shared parts of the record's schema: limits, names, and objects that know their keys.
// Code that needs no more imports this file, since building the whole schema takes a quarter of the
// time in which a handler starts.
import * as z from "zod";

/** GitHub's limit on the length of a secret's name, in characters. */
export const MAX_NAME_LENGTH = 255;
/** GitHub's limit on a secret's value, in bytes (48 KB): docs.github.com, "Limits for secrets". */
export const MAX_VALUE_BYTES = 48 * 1024;
/** The floor under a rotation interval, in hours, so that no mistake rotates in a loop. */
export const MIN_INTERVAL_HOURS = 1;
/** The longest rotation interval, in hours: ten years. */
export const MAX_INTERVAL_HOURS = 87_600;

/** Kinds of values. */
export const TOKEN_TYPES = [
  "api_key",
  "github_pat",
  "secret_key",
  "password",
  "hex",
  "base64url",
  "uuid",
  "key_pair",
  "custom",
] as const;
export const KEY_ALGORITHMS = ["ed25519", "rsa", "ecdsa"] as const;
export const KEY_FORMATS = ["pem", "openssh", "jwk"] as const;
/** In bits. NIST SP 800-57 part 1, table 2: 112, 128 and about 152 bits of strength. */
export const RSA_SIZES = [2048, 3072, 4096] as const;

/** What GitHub accepts as a secret's name (its `GITHUB_` prefix rule depends on the destination). */
export const NAME_PATTERN = /^[A-Za-z_][A-Za-z0-9_]*$/;
/** The form of a workflow's or a group's name. */
export const LABEL_PATTERN = /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/;
// Parts of a URL: `.` and `..` would lead elsewhere.
const REPOSITORY_PATTERN = /^[A-Za-z0-9_-]{1,100}\/(?!\.{1,2}$)[A-Za-z0-9._-]{1,100}$/;

/**
 * An object that knows its keys. Keys that begin with `x-` belong to the person who wrote them: the
 * JSON Schema says so with `patternProperties`, and `parseConfig` passes them over, since zod cannot.
 */
export function closed<Shape extends z.core.$ZodLooseShape>(
  shape: Shape,
  meta: { description?: string } = {},
) {
  return z.strictObject(shape).meta({ ...meta, patternProperties: { "^x-": {} } });
}

export const instant = z.iso.datetime({ offset: true });
export const count = z.int().min(0);
export const names = z.array(z.string());
export const secretName = z.string().min(1).max(MAX_NAME_LENGTH).regex(NAME_PATTERN);
export const repository = z
  .string()
  .regex(REPOSITORY_PATTERN)
  .describe("owner/name (default: the record's own repository)");
/** The name of an environment variable that holds a credential: the config never holds one itself. */
export const variableName = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_]*$/)
  .max(MAX_NAME_LENGTH);
