// A person's approval of an agent's plan: a pull request that tells the plan and changes no file, and a review of it, or a comment.

import { Unchanged } from "../errors.ts";
import type { GitHubClient } from "../github/client.ts";
import { statusOf, toFailure } from "../github/errors.ts";
import { parseRepository } from "../github/repository.ts";
import type { Approval, Approvals } from "../ports.ts";
import type { GitHubApprovalsOptions } from "./github-issue.ts";
import { isOurs, whoCommented, whoReviewed } from "./people.ts";
import { marker, wordsOf } from "./words.ts";

const PERMISSION = "Contents: write and Pull requests: write";
const HOW =
  "approve this pull request in a review, or comment with a line that says `/approve`. It changes no file: merging it does nothing";

type Found = { readonly number: number; readonly url: string };

/** @param options.branch where the record lives; null: the repository's default branch */
export type GitHubPullApprovalsOptions = GitHubApprovalsOptions & { readonly branch: string | null };

/** Approvals for a record on GitHub, as `githubApprovals`. */
export function githubPullApprovals({ client, repository, branch }: GitHubPullApprovalsOptions): Approvals {
  const { owner, name: repo } = parseRepository(repository);
  const at = { owner, repo };

  async function findPull(github: GitHubClient, digest: string): Promise<Found | null> {
    const query = { ...at, state: "open", head: `${owner}:${branchOf(digest)}` } as const;
    const { data } = await github.request("GET /repos/{owner}/{repo}/pulls", query);
    for (const { number, body, html_url: url } of data)
      if ((body ?? "").includes(marker(digest)) && (await isOurs(github, at, "pullRequest", number))) return { number, url };
    return null;
  }

  async function approvalOf(github: GitHubClient, { number, url }: Found): Promise<Approval> {
    return { url, approvedBy: (await whoReviewed(github, at, number)) ?? (await whoCommented(github, at, number)) };
  }

  /** GitHub opens a pull request only for a commit that the base does not have: this one holds the same files. */
  async function makeBranch(github: GitHubClient, digest: string, base: string): Promise<void> {
    const { data: head } = await github.request("GET /repos/{owner}/{repo}/commits/{ref}", { ...at, ref: `heads/${base}` });
    const commit = { message: `A plan to approve: ${digest} [skip ci]`, tree: head.commit.tree.sha, parents: [head.sha] };
    const { data: made } = await github.request("POST /repos/{owner}/{repo}/git/commits", { ...at, ...commit });
    const ref = { ref: `refs/heads/${branchOf(digest)}`, sha: made.sha };
    await github.request("POST /repos/{owner}/{repo}/git/refs", { ...at, ...ref }).catch((error: unknown) => {
      // It is there already: of a plan that was asked for before, or by another process just now.
      if (statusOf(error) !== 422) throw error;
    });
  }

  async function baseOf(github: GitHubClient): Promise<string> {
    return branch ?? (await github.request("GET /repos/{owner}/{repo}", at)).data.default_branch;
  }

  async function asked<Result>(doing: string, act: (github: GitHubClient) => Promise<Result>): Promise<Result> {
    try {
      return await act(await client());
    } catch (error) {
      throw toFailure(error, `${doing} in ${repository}`, PERMISSION);
    }
  }

  return {
    find: (digest) =>
      asked("look for the approval of a plan", async (github) => {
        const pull = await findPull(github, digest);
        return pull === null ? null : approvalOf(github, pull);
      }),
    request: (request) =>
      asked("ask for the approval of a plan", async (github): Promise<Approval> => {
        const found = await findPull(github, request.digest);
        if (found !== null) return approvalOf(github, found);
        const base = await baseOf(github);
        await makeBranch(github, request.digest, base);
        const content = { ...wordsOf(request, HOW), head: branchOf(request.digest), base };
        const { data } = await github.request("POST /repos/{owner}/{repo}/pulls", { ...at, ...content });
        return { url: data.html_url, approvedBy: null };
      }),
    close: (digest) =>
      asked("close the pull request of a plan", async (github) => {
        const pull = await findPull(github, digest);
        if (pull === null) throw new Unchanged("the plan's pull request is gone", { code: "plan-missing" });
        const content = { ...at, pull_number: pull.number, state: "closed" } as const;
        await github.request("PATCH /repos/{owner}/{repo}/pulls/{pull_number}", content);
        await github.request("DELETE /repos/{owner}/{repo}/git/refs/{ref}", { ...at, ref: `heads/${branchOf(digest)}` });
      }),
  };
}

function branchOf(digest: string): string {
  return `token-automation/plan-${digest}`;
}
