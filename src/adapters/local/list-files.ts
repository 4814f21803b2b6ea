// The files in a folder of the work tree.
import { readdir } from "node:fs/promises";
import { dirname, join, relative, sep } from "node:path";
import { Misconfigured } from "../../core/base/errors.ts";
import { errorCode } from "./atomic-file.ts";
import { pathInside } from "./inside.ts";

/**
 * Paths of the files in a folder and in the folders in it; empty if there is no such folder.
 * @throws `Misconfigured` for refused paths and unreadable folders
 */
export async function listFiles(directory: string, folder: string): Promise<string[]> {
  const absolute = dirname(await pathInside(directory, `${folder}/0`));
  try {
    const found = await readdir(absolute, { withFileTypes: true, recursive: true });
    return found
      .filter((entry) => entry.isFile())
      .map((entry) => relative(absolute, join(entry.parentPath, entry.name)))
      .map((path) => `${folder}/${path.split(sep).join("/")}`);
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes(errorCode(error))) return [];
    throw new Misconfigured(`${folder} cannot be read: ${errorCode(error)}`, {
      code: "not-readable",
      hint: "You must be allowed to read the folder.",
      cause: error,
    });
  }
}
