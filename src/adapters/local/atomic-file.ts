// Files that are whole at every moment: a reader, or the next run after a crash, finds the old content or the new one.
// Our own, since write-file-atomic and atomically rename at once. They cannot stage several files before the first rename,
// they sync no folder, and they leave the temporary file of a killed writer behind.
import { randomBytes } from "node:crypto";
import { open, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

/** A file written beside its place, waiting for its rename. */
export type StagedFile = { readonly path: string; readonly temporary: string };

/** The system's code of an error (`ENOENT`), or its class's name if it has none. Holds no value, so it may be shown. */
export function errorCode(error: unknown): string {
  if (error instanceof Error && "code" in error && typeof error.code === "string")
    return error.code;
  return error instanceof Error ? error.name : typeof error;
}

/** The file's bytes, or null if there is no such file. */
export async function readIfThere(path: string): Promise<Buffer | null> {
  try {
    return await readFile(path);
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes(errorCode(error))) return null;
    throw error;
  }
}

/**
 * Writes the content to a temporary file beside `path`, down to the disk.
 * @param mode the file's permissions (default: those of the file that it will replace, or the process's usual ones).
 */
export async function stageFile(
  path: string,
  content: string | Uint8Array,
  mode?: number,
): Promise<StagedFile> {
  const temporary = join(
    dirname(path),
    `${temporaryPrefix(path)}${randomBytes(6).toString("hex")}.tmp`,
  );
  const wanted = mode ?? (await modeOf(path));
  const file = await open(temporary, "wx", wanted ?? 0o666);
  try {
    // The umask narrows the mode that open() gets.
    if (wanted !== null) await file.chmod(wanted);
    await file.writeFile(content);
    await file.sync();
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  } finally {
    await file.close();
  }
  return { path, temporary };
}

async function modeOf(path: string): Promise<number | null> {
  const previous = await stat(path).catch(() => null);
  return previous === null ? null : previous.mode & 0o777;
}

/** Renames staged files into their places, in order, and syncs the folders' entries to the disk. */
export async function placeStaged(files: readonly StagedFile[]): Promise<void> {
  for (const file of files) await rename(file.temporary, file.path);
  for (const folder of new Set(files.map((file) => dirname(file.path)))) await syncFolder(folder);
}

/** Removes staged files that will not be placed. */
export async function discardStaged(files: readonly StagedFile[]): Promise<void> {
  for (const file of files) await rm(file.temporary, { force: true });
}

/** Removes the files that killed writers of `path` left beside it. Only for the holder of the file's lock. */
export async function removeLeftovers(path: string): Promise<void> {
  const folder = dirname(path);
  const names = await readdir(folder);
  for (const name of names) {
    if (name.startsWith(temporaryPrefix(path)) && name.endsWith(".tmp"))
      await rm(join(folder, name), { force: true });
  }
}

function temporaryPrefix(path: string): string {
  return `.${basename(path)}.`;
}

/** A power cut may undo a rename without this. Windows has no such call for folders. */
export async function syncFolder(folder: string): Promise<void> {
  if (process.platform === "win32") return;
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
