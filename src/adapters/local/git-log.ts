// The commits that made the record what it is, from a clone's git.
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { Misconfigured } from "../../core/base/errors.ts";
import { toInstant } from "../../core/base/instant.ts";
import type { AuditCommit } from "../../core/ports/record-versions.ts";
import { errorCode } from "./atomic-file.ts";
import { type Git, type GitResult, gitSaid } from "./git.ts";

/** `parents` are the commits that it was made from, among those that changed the paths. */
export type ListedCommit = AuditCommit & { readonly parents: readonly string[] };

// Every side of every merge, without the merges that bring nothing. git's usual simplification would hide what a merge dropped
// when it took one side whole. https://git-scm.com/docs/git-log#_history_simplification
const WHOLE = ["--full-history", "--simplify-merges", "--topo-order", "--reverse"];
const FORMAT = "--format=%H%x00%P%x00%an%x00%at%x00%ct";

/** The commits of a head that changed any of the paths, parents before children. @throws `Misconfigured` */
export async function commitsOf(
  git: Git,
  head: string,
  paths: readonly string[],
): Promise<ListedCommit[]> {
  return parseCommits(await git(["rev-list", ...WHOLE, FORMAT, head, "--", ...paths]));
}

/**
 * Commits that changed the paths and that the reflog remembers of the current branch or its upstream, and neither holds now.
 * None if no branch is checked out, since HEAD's own reflog covers every earlier branch. @throws `Misconfigured`
 */
export async function abandonedCommits(
  git: Git,
  paths: readonly string[],
): Promise<ListedCommit[]> {
  const branch = await lineOf(git, ["symbolic-ref", "--quiet", "HEAD"]);
  if (branch === null) return [];
  const upstream = await lineOf(git, [
    "rev-parse",
    "--quiet",
    "--verify",
    "--symbolic-full-name",
    "@{upstream}",
  ]);
  const refs = upstream === null ? [branch] : [branch, upstream];
  const remembered = new Set<string>();
  for (const ref of refs) {
    const log = await git(["rev-list", "--walk-reflogs", ref, "--"]);
    if (log.code === 0) for (const sha of linesOf(log)) remembered.add(sha);
  }
  if (remembered.size === 0) return [];
  const input = [...remembered, ...refs.map((ref) => `^${ref}`)].join("\n");
  return parseCommits(
    await git(
      [
        "rev-list",
        "--full-history",
        "--topo-order",
        "--reverse",
        "--ignore-missing",
        FORMAT,
        "--stdin",
        "--",
        ...paths,
      ],
      {
        input,
      },
    ),
  );
}

/** The commits at which a shallow clone was cut. @throws `Misconfigured` */
export async function shallowCommits(git: Git, directory: string): Promise<ReadonlySet<string>> {
  const file = await lineOf(git, ["rev-parse", "--git-path", "shallow"]);
  if (file === null) return new Set();
  try {
    return new Set(
      (await readFile(resolve(directory, file), "utf8")).split("\n").filter((sha) => sha !== ""),
    );
  } catch (error) {
    if (errorCode(error) === "ENOENT") return new Set();
    throw new Misconfigured(`${file} cannot be read: ${errorCode(error)}`, {
      code: "not-readable",
      hint: "You must be allowed to read it.",
    });
  }
}

function parseCommits(result: GitResult): ListedCommit[] {
  if (result.code !== 0) throw historyUnreadable(result);
  return linesOf(result)
    .filter((line) => line.includes("\0"))
    .map((line) => {
      const [sha = "", parents = "", author = "", authored = "", committed = ""] = line.split("\0");
      const instant = (seconds: string) => toInstant(Number(seconds) * 1000);
      return {
        sha,
        parents: parents.split(" ").filter((parent) => parent !== ""),
        author,
        authored_at: instant(authored),
        committed_at: instant(committed),
      };
    });
}

/** The failure of a git that cannot show its history. */
export function historyUnreadable(result: GitResult): Misconfigured {
  return new Misconfigured(`git could not show the record's history: ${gitSaid(result)}`, {
    code: "git-refused",
    hint: "Run `git fsck` there and follow what it says. In a partial clone, check that the remote can be reached.",
  });
}

async function lineOf(git: Git, args: readonly string[]): Promise<string | null> {
  const result = await git(args);
  return result.code === 0 ? (linesOf(result)[0] ?? null) : null;
}

function linesOf(result: GitResult): string[] {
  return result.stdout
    .toString()
    .split("\n")
    .filter((line) => line !== "");
}
