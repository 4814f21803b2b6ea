// The record in a folder, committed with git if that folder is a work tree.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { Failure, Uncertain } from "../../core/base/errors.ts";
import type { RecordChange, SaveResult, Store } from "../../core/ports/store.ts";
import { commitFiles, type Identity } from "../local/commit-files.ts";
import { recordLock, type StillHeld, withFileLock } from "../local/file-lock.ts";
import { gitIn, gitState, headCommit, headOrNone } from "../local/git.ts";
import { requireFolder } from "../local/inside.ts";
import { listFiles } from "../local/list-files.ts";
import { finishReplacing, replaceFiles } from "../local/replace-files.ts";
import { decodeFiles, type Files, filesAt, readFiles } from "./local-files.ts";
import { digestOf, formatVersion, type LocalVersion, parseVersion } from "./local-version.ts";

export type LocalStoreOptions = {
  /** The folder that the record's paths start from. It exists, in a git work tree or not. */
  readonly directory: string;
  /** The author of commits (default: git's configuration, or token-automation if that names no author). */
  readonly identity?: Identity;
  /** Called when the files are saved but git refused the commit. `save` then returns a null `sha`. Without it `save` throws. */
  readonly onUncommitted?: (failure: Failure) => void;
  /** The environment that git inherits (default: `process.env`). */
  readonly environment?: NodeJS.ProcessEnv;
  /** Waits between tries while another git is at work. */
  readonly sleep?: (milliseconds: number) => Promise<unknown>;
};

/**
 * A store in a local folder. A version covers the files that were loaded with it: `save` conflicts if one of
 * those has other content now, committed or not. Other changes in the repository do not matter.
 * `load` of an older version answers from git. If git does not hold it (no repository, never committed), `load`
 * returns the newest instead, whose version then differs from the one asked for.
 * Errors: `Misconfigured` for paths that lead outside and folders that do not exist. `Unchanged` if the files cannot be
 * read or written. `Uncertain` with code `record-not-committed` if they are written and git refused to commit them.
 */
export function localStore(options: LocalStoreOptions): Store {
  const { directory } = options;
  const git = gitIn(directory, options.environment);
  return {
    async load(paths, version) {
      await finishSave(directory);
      const asked = version === undefined ? null : parseVersion(version);
      const current = await readFiles(directory, paths);
      const head = await headOrNone(git);
      const old = asked === null ? null : await filesAt(git, asked, current, head);
      if (version !== undefined && old !== null)
        return { version, files: decodeFiles(old), visibility: "unknown" };
      return {
        version: versionOf(head, current),
        files: decodeFiles(current),
        visibility: "unknown",
      };
    },

    list: (folder) => listFiles(directory, folder),

    async save(change) {
      await requireFolder(directory);
      return withFileLock(recordLock(directory), async (stillHeld) => {
        await finishReplacing(journalOf(directory));
        const expected = expectedVersion(change);
        if (expected === null || !(await write(directory, change, expected, stillHeld)))
          return { kind: "conflict" };
        const sha = await commitSaved(options, [...change.files.keys()], change.message);
        return savedOutcome(expected, change, sha ?? (await headOrNone(git)), sha);
      });
    },
  };
}

/** What a save is in the middle of: there only while its files are put in their places. */
function journalOf(directory: string): string {
  return join(directory, ".token-automation.saving");
}

/** A save that died between two files would leave a record and a history that do not fit: it is finished first. */
async function finishSave(directory: string): Promise<void> {
  if (!existsSync(journalOf(directory))) return;
  // The one that is at work finishes it itself; its lock is waited for.
  await withFileLock(recordLock(directory), () => finishReplacing(journalOf(directory)));
}

/** Compares with what is expected and writes. Returns false if another process has written since. */
async function write(
  directory: string,
  change: RecordChange,
  expected: LocalVersion,
  stillHeld: StillHeld,
): Promise<boolean> {
  const paths = new Set([...change.files.keys(), ...expected.digests.keys()]);
  const current = await readFiles(directory, [...paths]);
  for (const [path, digest] of expected.digests) {
    if (digestOf(current.get(path) ?? null) !== digest) return false;
  }
  // The file that the version covers goes last. Until then a reader after a crash still finds the old state.
  const order = [...change.files].sort(
    ([a], [b]) => Number(expected.digests.has(a)) - Number(expected.digests.has(b)),
  );
  const replacements = order.map(([path, content]) => ({
    path: join(directory, path),
    content,
    before: current.get(path) ?? null,
  }));
  await replaceFiles(replacements, { ready: stillHeld, journal: journalOf(directory) });
  return true;
}

/** If the version says that nothing was there, no file may be there now. Null for a version that this store never gave. */
function expectedVersion(change: RecordChange): LocalVersion | null {
  if (change.expected !== null) return parseVersion(change.expected);
  return { head: null, digests: new Map([...change.files.keys()].map((path) => [path, null])) };
}

function versionOf(head: string | null, files: Files): string | null {
  if ([...files.values()].every((content) => content === null)) return null;
  return formatVersion({
    head,
    digests: new Map([...files].map(([path, content]) => [path, digestOf(content)])),
  });
}

function savedOutcome(
  expected: LocalVersion,
  change: RecordChange,
  head: string | null,
  sha: string | null,
): SaveResult {
  const digests = new Map(expected.digests);
  for (const [path, content] of change.files) digests.set(path, digestOf(content));
  return { kind: "saved", version: formatVersion({ head, digests }), sha, url: null };
}

async function commitSaved(
  options: LocalStoreOptions,
  paths: readonly string[],
  message: string,
): Promise<string | null> {
  try {
    const git = gitIn(options.directory, options.environment);
    if ((await gitState(options.directory, git)) !== "work-tree") return null;
    const sha = await commitFiles({
      ...options,
      paths,
      message,
      identity: options.identity ?? null,
    });
    // Null means that the files are as HEAD holds them already, so HEAD is the commit that they are in.
    return sha === null ? await headCommit(git) : sha;
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    const failure = new Uncertain(
      `${paths.join(" and ")} was saved in ${options.directory}, but not committed: ${error.message}`,
      {
        code: "record-not-committed",
        hint: `${error.hint ?? ""} The next commit of the record includes it.`.trim(),
        cause: error,
      },
    );
    if (options.onUncommitted === undefined) throw failure;
    options.onUncommitted(failure);
    return null;
  }
}
