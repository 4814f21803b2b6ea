// The local store's version: the commit that the work tree stood on, and the digest of each file that was read.
import { createHash } from "node:crypto";

export type LocalVersion = {
  /** HEAD's commit when the files were read. Null outside git and before the first commit. */
  readonly head: string | null;
  /** Path to SHA-256 in hex of the file's bytes. Null if there was no file. */
  readonly digests: ReadonlyMap<string, string | null>;
};

// A path has no empty part, so no path begins with a slash and none can be mistaken for this.
const HEAD_KEY = "/";
const NO_HEAD = "none";
const NO_FILE = "absent";

/** SHA-256 (FIPS 180-4) in hex; null for no file. */
export function digestOf(content: Uint8Array | string | null): string | null {
  return content === null ? null : createHash("sha256").update(content).digest("hex");
}

/** The version as one line of text. The order of the files does not change it. */
export function formatVersion(version: LocalVersion): string {
  const files = [...version.digests].sort(([a], [b]) => (a < b ? -1 : 1));
  const fields = files.map(([path, digest]): [string, string] => [path, digest ?? NO_FILE]);
  return new URLSearchParams([[HEAD_KEY, version.head ?? NO_HEAD], ...fields]).toString();
}

/** Reads what `formatVersion` wrote. Returns null for anything else. */
export function parseVersion(text: string): LocalVersion | null {
  const [first, ...fields] = [...new URLSearchParams(text)];
  if (first === undefined || first[0] !== HEAD_KEY || !/^(?:none|[0-9a-f]{40,64})$/.test(first[1]))
    return null;
  if (fields.some(([, digest]) => digest !== NO_FILE && !/^[0-9a-f]{64}$/.test(digest)))
    return null;
  return {
    head: first[1] === NO_HEAD ? null : first[1],
    digests: new Map(fields.map(([path, digest]) => [path, digest === NO_FILE ? null : digest])),
  };
}
