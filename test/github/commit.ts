// A commit made through the API: authorship by the caller, and the branch's protection.
import type { Token } from "./auth.ts";
import type { FileChanges, GitCommit } from "./git.ts";
import type { Protection, Repository } from "./repository.ts";

/** What GitHub says of a branch that takes no direct commit. */
export const PROTECTED: Readonly<Record<Protection, string>> = {
  classic: "At least 1 approving review is required by reviewers with write access.",
  ruleset: "Repository rule violations found\n\nChanges must be made through a pull request.\n\n",
};

/** The protection that refuses a commit to this branch, or null. */
export function protectionOf(repository: Repository, branch: string): Protection | null {
  return repository.protectedBranches.get(branch) ?? null;
}

/** Appends a commit as the token's owner. The caller has checked permission, protection and the expected head. */
export function commitAs(
  token: Token,
  repository: Repository,
  branch: string,
  changes: FileChanges,
  message: string,
  now: Date,
): GitCommit {
  const author = { name: token.login, email: `${token.login}@users.noreply.github.example` };
  return repository.history.commit(branch, changes, { message, author, date: now });
}
