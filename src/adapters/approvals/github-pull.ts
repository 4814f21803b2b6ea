// A person's approval of an agent's plan: a pull request that shows the plan and changes no file, and a review or comment.

import type { Approvals } from "../../core/ports/approvals.ts";
import type { GitHubClient } from "../github/client.ts";
import { statusOf } from "../github/errors.ts";
import { parseRepository } from "../github/repository.ts";
import { approvalsIn, type Found, type GitHubApprovalsOptions } from "./ask.ts";
import { isOurs, whoCommented, whoReviewed } from "./people.ts";
import { marker, wordsOf } from "./words.ts";

const HOW =
  "approve this pull request in a review, or comment with a line that says `/approve`. It changes no file, so merging it does nothing";

/** @param options.branch the branch that holds the record; null means the repository's default branch */
export type GitHubPullApprovalsOptions = GitHubApprovalsOptions & {
  readonly branch: string | null;
};

/** Approvals for a record on GitHub, as `githubApprovals`. */
export function githubPullApprovals({ branch, ...options }: GitHubPullApprovalsOptions): Approvals {
  const { owner, name: repo } = parseRepository(options.repository);
  const at = { owner, repo };

  async function find(github: GitHubClient, digest: string): Promise<Found | null> {
    const query = { ...at, state: "open", head: `${owner}:${branchOf(digest)}` } as const;
    const { data } = await github.request("GET /repos/{owner}/{repo}/pulls", query);
    for (const { number, body, html_url: url } of data)
      if (
        (body ?? "").includes(marker(digest)) &&
        (await isOurs(github, at, "pullRequest", number))
      )
        return { number, url };
    return null;
  }

  /** GitHub opens a pull request only for a commit that the base does not have. This one holds the same files. */
  async function makeBranch(github: GitHubClient, digest: string, base: string): Promise<void> {
    const { data: head } = await github.request("GET /repos/{owner}/{repo}/commits/{ref}", {
      ...at,
      ref: `heads/${base}`,
    });
    const commit = {
      message: `A plan to approve: ${digest} [skip ci]`,
      tree: head.commit.tree.sha,
      parents: [head.sha],
    };
    const { data: made } = await github.request("POST /repos/{owner}/{repo}/git/commits", {
      ...at,
      ...commit,
    });
    const ref = { ref: `refs/heads/${branchOf(digest)}`, sha: made.sha };
    await github
      .request("POST /repos/{owner}/{repo}/git/refs", { ...at, ...ref })
      .catch((error: unknown) => {
        // The branch is there already, from an earlier question about the plan or from another process just now.
        if (statusOf(error) !== 422) throw error;
      });
  }

  async function baseOf(github: GitHubClient): Promise<string> {
    return branch ?? (await github.request("GET /repos/{owner}/{repo}", at)).data.default_branch;
  }

  return approvalsIn(
    {
      what: "pull request",
      permission: "Contents: write and Pull requests: write",
      find,
      whoApproved: async (github, number) =>
        (await whoReviewed(github, at, number)) ?? (await whoCommented(github, at, number)),
      async open(github, request) {
        const base = await baseOf(github);
        await makeBranch(github, request.digest, base);
        const content = { ...wordsOf(request, HOW), head: branchOf(request.digest), base };
        return (await github.request("POST /repos/{owner}/{repo}/pulls", { ...at, ...content }))
          .data.html_url;
      },
      async close(github, pull_number, digest) {
        const content = { ...at, pull_number, state: "closed" } as const;
        await github.request("PATCH /repos/{owner}/{repo}/pulls/{pull_number}", content);
        await github.request("DELETE /repos/{owner}/{repo}/git/refs/{ref}", {
          ...at,
          ref: `heads/${branchOf(digest)}`,
        });
      },
    },
    options,
  );
}

function branchOf(digest: string): string {
  return `token-automation/plan-${digest}`;
}
