// Several files replaced as one: all of them new, or, if that fails, all of them as they were.
import { mkdir, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { Failure, Uncertain, Unchanged } from "../../core/base/errors.ts";
import {
  discardStaged,
  errorCode,
  placeStaged,
  removeLeftovers,
  type StagedFile,
  stageFile,
  syncFolder,
} from "./atomic-file.ts";

/** One file: its absolute path, its new content, and its present one (null if there is none). */
export type Replacement = {
  readonly path: string;
  readonly content: string;
  readonly before: Uint8Array | null;
};

/**
 * Writes the files, in order. A crash leaves each of them old or new. They are mixed only between the renames, so
 * name the file last that readers go by. Only for the holder of the files' lock.
 * @param ready called when everything is on disk and nothing is in place; it throws to stop there.
 * @throws `Unchanged` if nothing was written, `Uncertain` if the files could not be put back either.
 */
export async function replaceFiles(
  files: readonly Replacement[],
  ready: () => Promise<void>,
): Promise<void> {
  const staged: StagedFile[] = [];
  try {
    for (const { path, content } of files) {
      await makeFolder(dirname(path));
      await removeLeftovers(path);
      staged.push(await stageFile(path, content));
    }
    await ready();
  } catch (error) {
    await discardStaged(staged);
    throw error instanceof Failure ? error : notWritten(files, error);
  }
  let placed = 0;
  try {
    for (const file of staged) {
      await rename(file.temporary, file.path);
      placed += 1;
    }
    for (const folder of new Set(files.map(({ path }) => dirname(path)))) await syncFolder(folder);
  } catch (error) {
    await discardStaged(staged);
    await putBack(files.slice(0, placed));
    throw notWritten(files, error);
  }
}

async function makeFolder(folder: string): Promise<void> {
  const first = await mkdir(folder, { recursive: true });
  if (first !== undefined) await syncFolder(dirname(first));
}

async function putBack(files: readonly Replacement[]): Promise<void> {
  try {
    for (const { path, before } of files) {
      if (before === null) await rm(path, { force: true });
      else await placeStaged([await stageFile(path, before)]);
    }
  } catch (error) {
    throw new Uncertain(`${namePaths(files)} may be half written: ${errorCode(error)}`, {
      code: "half-written",
      hint: "Compare the files with git, and restore the ones that do not belong together.",
      cause: error,
    });
  }
}

function notWritten(files: readonly Replacement[], cause: unknown): Unchanged {
  return new Unchanged(`${namePaths(files)} cannot be written: ${errorCode(cause)}`, {
    code: "not-written",
    hint: "Check that the disk has room and that you may write there. Nothing was changed.",
    cause,
  });
}

function namePaths(files: readonly Replacement[]): string {
  return files.map(({ path }) => path).join(" and ");
}
