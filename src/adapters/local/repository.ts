// The repository that a clone calls its origin.
import { type Git, GitMissing, gitIn } from "./git.ts";

/** `scheme://[user@]host[:port]/owner/name[.git]`, of the schemes that reach a server. */
const URL_FORM = /^(?:https?|ssh|git):\/\/(?:[^/@]*@)?[^/@]+\/([^/]+)\/([^/]+?)(?:\.git)?\/?$/i;
/** `[user@]host:owner/name[.git]`, scp's way to write ssh. */
const SCP_FORM = /^(?:[^/@:]+@)?[^/@:]{2,}:\/?([^/:]+)\/([^/]+?)(?:\.git)?\/?$/;
const OWNER = /^[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?$/;
const NAME = /^(?!\.{1,2}$)[A-Za-z0-9._-]+$/;

/** owner/name of the `origin` remote of a folder's repository. Null if there is none, or if its URL has another form. */
export async function localRepository(
  directory: string,
  git: Git = gitIn(directory),
): Promise<string | null> {
  try {
    const result = await git(["remote", "get-url", "origin"]);
    return result.code === 0 ? repositoryOf(result.stdout.toString().trim()) : null;
  } catch (error) {
    if (error instanceof GitMissing) return null;
    throw error;
  }
}

/** owner/name in a remote's URL, on any host; null for a path on this machine or anything deeper. */
export function repositoryOf(url: string): string | null {
  const [, owner = "", name = ""] = URL_FORM.exec(url) ?? SCP_FORM.exec(url) ?? [];
  return OWNER.test(owner) && NAME.test(name) ? `${owner}/${name}` : null;
}
