// A commit of some files of a work tree and nothing else. Other staged or changed files stay as they are.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleepFor } from "node:timers/promises";
import { Misconfigured } from "../../core/base/errors.ts";
import { type Git, type GitResult, gitIn, gitSaid, headCommit } from "./git.ts";

export type Identity = { readonly name: string; readonly email: string };

/** The author on a machine whose git has none configured. */
const FALLBACK_IDENTITY: Identity = {
  name: "token-automation",
  email: "token-automation@users.noreply.github.com",
};
/** Waits before another try while another git holds its lock, in milliseconds. They add up to 6.3 s. */
const LOCK_WAITS_MS = [100, 200, 400, 800, 1600, 3200] as const;
const GIT_LOCKED = /Unable to create '[^']*\.lock'|cannot lock ref|index\.lock/;
const NOTHING_TO_COMMIT = /nothing to commit|nothing added to commit|no changes added to commit/;

export type CommitOptions = {
  readonly directory: string;
  /** Relative to `directory`, already known to be safe. Missing files are skipped. */
  readonly paths: readonly string[];
  readonly message: string;
  /** Overrides git's configuration. Null means git's own, or the fallback. */
  readonly identity: Identity | null;
  readonly environment?: NodeJS.ProcessEnv;
  /** Waits that many milliseconds. */
  readonly sleep?: (milliseconds: number) => Promise<unknown>;
};

/**
 * Commits the current content of the files on the current branch, hooks and signing included.
 * @returns the commit's id, or null if HEAD holds them all already.
 * @throws `Misconfigured` if git refuses. The files stay as they are, for the next commit to take.
 */
export async function commitFiles(options: CommitOptions): Promise<string | null> {
  const environment = options.environment ?? process.env;
  const git = gitIn(options.directory, environment);
  const paths = options.paths.filter((path) => existsSync(join(options.directory, path)));
  if (paths.length === 0) return null;
  const changes = await changesOf(git, paths);
  if (changes.length === 0) return null;
  if (changes.includes("!!")) throw recordIgnored(paths);
  await refuseDetached(git);
  const retrying = retryingWhileLocked(git, options.sleep ?? sleepFor);
  if (changes.includes("??")) succeed(await retrying(["add", "--intent-to-add", "--", ...paths]));
  const env = await identityVariables(git, options.identity, environment);
  const result = await retrying(["commit", "--quiet", "--only", "--file=-", "--", ...paths], {
    input: options.message,
    env,
  });
  if (result.code === 1 && NOTHING_TO_COMMIT.test(result.stdout.toString())) return null;
  succeed(result);
  return headCommit(git);
}

/** The two-letter codes of `git status` for each path that is not as in HEAD. */
async function changesOf(git: Git, paths: readonly string[]): Promise<string[]> {
  const flags = [
    "--porcelain=v1",
    "-z",
    "--no-renames",
    "--untracked-files=all",
    "--ignored=matching",
  ];
  const result = succeed(await git(["status", ...flags, "--", ...paths]));
  const entries = result.stdout.toString().split("\0");
  return entries.filter((entry) => entry !== "").map((entry) => entry.slice(0, 2));
}

// The next switch would leave a commit on no branch behind, and the record's newest state with it. It does not leave a changed file.
async function refuseDetached(git: Git): Promise<void> {
  const result = await git(["symbolic-ref", "--quiet", "HEAD"]);
  if (result.code === 0) return;
  throw new Misconfigured("no branch is checked out (HEAD is detached, perhaps by a rebase)", {
    code: "head-detached",
    hint: "Finish the rebase, or switch to a branch with `git switch NAME`. Then commit the file.",
  });
}

async function identityVariables(
  git: Git,
  identity: Identity | null,
  environment: NodeJS.ProcessEnv,
): Promise<Record<string, string>> {
  const { name, email } = identity ?? FALLBACK_IDENTITY;
  const all = {
    GIT_AUTHOR_NAME: name,
    GIT_AUTHOR_EMAIL: email,
    GIT_COMMITTER_NAME: name,
    GIT_COMMITTER_EMAIL: email,
  };
  if (identity !== null) return all;
  const configured = await git(["config", "--get", "user.email"]);
  if (configured.code === 0 && configured.stdout.toString().trim() !== "") return {};
  return Object.fromEntries(
    Object.entries(all).filter(([variable]) => (environment[variable] ?? "") === ""),
  );
}

function retryingWhileLocked(git: Git, sleep: (milliseconds: number) => Promise<unknown>): Git {
  return async (args, options) => {
    let result = await git(args, options);
    for (const wait of LOCK_WAITS_MS) {
      if (result.code === 0 || !GIT_LOCKED.test(result.stderr)) break;
      await sleep(wait);
      result = await git(args, options);
    }
    return result;
  };
}

function succeed(result: GitResult): GitResult {
  if (result.code === 0) return result;
  throw new Misconfigured(`git refused the commit (exit code ${result.code}): ${gitSaid(result)}`, {
    code: "commit-refused",
    hint: hintFor(`${result.stderr}\n${result.stdout.toString()}`),
  });
}

function hintFor(said: string): string {
  if (GIT_LOCKED.test(said))
    return "Another git program is at work, or one crashed and left its lock. Check that none runs, then remove the lock.";
  if (/during a (merge|cherry-pick|revert)|unmerged|Merge conflict/i.test(said))
    return "Finish or abort the merge. Then commit the file.";
  if (/gpg|sign/i.test(said))
    return "Signing failed. Unlock the key, or switch commit.gpgsign off for this repository. Then commit the file.";
  return "Run `git commit` there by hand to see what a hook or git objects to. Then commit the file.";
}

function recordIgnored(paths: readonly string[]): Misconfigured {
  return new Misconfigured(
    `git ignores ${paths.map((path) => JSON.stringify(path)).join(" or ")}`,
    {
      code: "record-ignored",
      hint: "Remove it from .gitignore, or add it once with `git add --force`.",
    },
  );
}
