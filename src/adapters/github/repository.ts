// The two halves of a repository's full name.
import { Misconfigured } from "../../core/base/errors.ts";

/** An owner has letters, digits and hyphens (an Enterprise's managed users also underscores). A name may also have dots. */
const FULL_NAME = /^([A-Za-z0-9_-]{1,100})\/([A-Za-z0-9._-]{1,100})$/;

/**
 * Splits `owner/name`.
 * @throws `Misconfigured` for anything else, including `.` and `..`, since both halves become parts of a URL.
 */
export function parseRepository(fullName: string): {
  readonly owner: string;
  readonly name: string;
} {
  const [, owner, name] = FULL_NAME.exec(fullName) ?? [];
  if (owner !== undefined && name !== undefined && name !== "." && name !== "..")
    return { owner, name };
  throw new Misconfigured(
    `${JSON.stringify(fullName.slice(0, 200))} is not the full name of a repository`,
    {
      code: "repository-malformed",
      hint: "Write it as owner/name.",
    },
  );
}
