// Commits what is left of the record: changes that were saved when git could not take them.
import { Misconfigured } from "../../core/base/errors.ts";
import type { Commit } from "../../core/ports/store.ts";
import { dayFiles, historyFolder } from "../../core/record/history.ts";
import { type CommitOptions, commitFiles } from "./commit-files.ts";
import { recordLock, withFileLock } from "./file-lock.ts";
import { gitIn, gitState } from "./git.ts";
import { pathInside, requireFolder } from "./inside.ts";
import { listFiles } from "./list-files.ts";

/**
 * Commits the changes in the record's files that are not committed yet, and nothing else.
 * @param paths relative to `directory`; missing files are skipped.
 * @returns null if nothing is left. `url` is null, since a clone does not know its pages on the web.
 * @throws `Misconfigured` without git or a repository, and if git refuses.
 */
export async function commitPending(
  directory: string,
  paths: readonly string[],
  message: string,
  options: Partial<Pick<CommitOptions, "identity" | "environment" | "sleep">> = {},
): Promise<Commit | null> {
  await requireFolder(directory);
  for (const path of paths) await pathInside(directory, path);
  const state = await gitState(directory, gitIn(directory, options.environment));
  if (state !== "work-tree") throw nothingToCommitTo(directory, state);
  const sha = await withFileLock(recordLock(directory), () =>
    commitFiles({ identity: null, ...options, directory, paths, message }),
  );
  return sha === null ? null : { sha, url: null };
}

/** The record's own file and the history's, as they lie in the folder. */
export async function recordFiles(directory: string, configPath: string): Promise<string[]> {
  const listed = await listFiles(directory, historyFolder(configPath));
  return [configPath, ...dayFiles(configPath, listed)];
}

function nothingToCommitTo(directory: string, state: "no-git" | "no-repository"): Misconfigured {
  const [why, hint] =
    state === "no-git"
      ? ["git was not found", "Install git, and check that it is on the PATH."]
      : [
          `${directory} is in no git work tree`,
          "Run `git init` there if you want the record committed.",
        ];
  return new Misconfigured(`there is nothing to commit to: ${why}`, { code: state, hint });
}
