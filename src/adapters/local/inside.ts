// A path of the record as one on disk, or its refusal: nothing outside the directory is read or written.
import { lstat, stat } from "node:fs/promises";
import { join } from "node:path";
import { Misconfigured } from "../../core/base/errors.ts";
import { errorCode } from "./atomic-file.ts";

/** git's own folder under every spelling that some file system takes for it. */
const GIT_FOLDER = /^(?:\.git|git~\d+)[. ]*$/i;
// Backslashes and colons are separators, drives and streams on Windows. A record committed here may be checked out there.
const UNSAFE_CHARACTERS = /[\p{C}\\:]/u;

/**
 * The absolute path of a file inside `directory`.
 * @param path relative, with forward slashes.
 * @throws `Misconfigured` if the path leads outside, into git's own folder, through a symbolic link, or to something that is not a file.
 */
export async function pathInside(directory: string, path: string): Promise<string> {
  const segments = path.split("/");
  if (UNSAFE_CHARACTERS.test(path))
    throw pathRefused(path, "it holds a backslash, a colon or a control character");
  for (const segment of segments) {
    if (["", ".", ".."].includes(segment))
      throw pathRefused(path, "it is absolute or has an empty, `.` or `..` part");
    if (GIT_FOLDER.test(segment)) throw pathRefused(path, "it lies in git's own folder");
  }
  let current = directory;
  for (const [index, segment] of segments.entries()) {
    current = join(current, segment);
    const kind = await kindOf(current);
    if (kind === "nothing") break;
    const wanted = index === segments.length - 1 ? "file" : "folder";
    // git records a link, not what it points to, and a rename would replace it.
    if (kind === "link") throw pathRefused(path, "a part of it is a symbolic link");
    if (kind !== wanted) throw pathRefused(path, `it is a ${kind} and should be a ${wanted}`);
  }
  return join(directory, ...segments);
}

/** @throws `Misconfigured` if there is no such folder, since a typo must not make one. */
export async function requireFolder(directory: string): Promise<void> {
  const found = await stat(directory).catch(() => null);
  if (found?.isDirectory() === true) return;
  throw new Misconfigured(`there is no folder ${directory}`, {
    code: "no-directory",
    hint: "Make it first, or name another.",
  });
}

async function kindOf(path: string): Promise<"nothing" | "link" | "file" | "folder" | "device"> {
  try {
    const entry = await lstat(path);
    if (entry.isSymbolicLink()) return "link";
    if (entry.isFile()) return "file";
    return entry.isDirectory() ? "folder" : "device";
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes(errorCode(error))) return "nothing";
    throw new Misconfigured(`${JSON.stringify(path)} cannot be read: ${errorCode(error)}`, {
      code: "not-readable",
      hint: "You must be allowed to read the folder.",
      cause: error,
    });
  }
}

function pathRefused(path: string, why: string): Misconfigured {
  return new Misconfigured(`the path ${JSON.stringify(path.slice(0, 200))} is refused: ${why}`, {
    code: "path-refused",
    hint: "Give a path of a plain file inside the record's folder, with forward slashes, like token_config.json.",
  });
}
