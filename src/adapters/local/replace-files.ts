// Several files replaced as one: all of them new, or, if that fails, all of them as they were.
import { mkdir, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { Failure, Uncertain, Unchanged } from "../../core/base/errors.ts";
import {
  discardStaged,
  errorCode,
  placeStaged,
  readIfThere,
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

/** What a crash between two files leaves, for `finishReplacing`. */
type Journal = readonly { readonly path: string; readonly temporary: string }[];

type ReplaceOptions = {
  /** Called when everything is on disk and nothing is in place; it throws to stop there. */
  readonly ready: () => Promise<void>;
  /** Where a note stands, while several files are put in their places, of what is still to be done: an absolute path. */
  readonly journal: string;
};

/**
 * Writes the files, in order. A crash leaves all of them old, or a journal with which `finishReplacing` makes all of them new;
 * until then they are mixed: name last the one whose content readers go by. Only for the holder of the files' lock.
 * @throws `Unchanged` when nothing was written, `Uncertain` when the files could not be put back either.
 */
export async function replaceFiles(
  files: readonly Replacement[],
  { ready, journal }: ReplaceOptions,
): Promise<void> {
  const staged: StagedFile[] = [];
  try {
    for (const { path, content } of files) {
      await makeFolder(dirname(path));
      await removeLeftovers(path);
      staged.push(await stageFile(path, content));
    }
    await ready();
    if (files.length > 1) await placeStaged([await stageFile(journal, JSON.stringify(staged))]);
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
    await syncFolders(files.map(({ path }) => path));
    if (files.length > 1) await rm(journal, { force: true });
  } catch (error) {
    await rm(journal, { force: true });
    await discardStaged(staged);
    await putBack(files.slice(0, placed));
    throw notWritten(files, error);
  }
}

/**
 * Puts in place what a crash left of a replacement. Nothing to do if there is no journal. Only for the holder of the files' lock.
 * @throws `Uncertain` if that fails too
 */
export async function finishReplacing(journal: string): Promise<void> {
  const content = await readIfThere(journal);
  if (content === null) return;
  try {
    const files: Journal = JSON.parse(content.toString());
    for (const { path, temporary } of files) {
      // Of those that were put in place already, no temporary file is left.
      await rename(temporary, path).catch((error: unknown) => {
        if (errorCode(error) !== "ENOENT") throw error;
      });
    }
    await syncFolders(files.map(({ path }) => path));
    await rm(journal, { force: true });
  } catch (error) {
    throw new Uncertain(`${journal} is of a save that did not finish: ${errorCode(error)}`, {
      code: "half-written",
      hint: "Compare the files that it names with git, restore the ones that do not belong together, and delete it.",
      cause: error,
    });
  }
}

async function syncFolders(paths: readonly string[]): Promise<void> {
  for (const folder of new Set(paths.map((path) => dirname(path)))) await syncFolder(folder);
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
