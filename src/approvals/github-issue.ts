// A person's approval of an agent's plan: an issue that tells the plan, and a comment on it by somebody who may write.

import { Unchanged } from "../errors.ts";
import type { GitHubClient } from "../github/client.ts";
import { toFailure } from "../github/errors.ts";
import { parseRepository } from "../github/repository.ts";
import type { Approval, Approvals } from "../ports.ts";
import { isOurs, whoCommented } from "./people.ts";
import { marker, wordsOf } from "./words.ts";

/** By which the issues are found again. Only who may triage can set it. */
const ISSUE_LABEL = "token-automation-plan";
const PERMISSION = "Issues: write";

export type GitHubApprovalsOptions = { readonly client: () => Promise<GitHubClient>; readonly repository: string };

type Found = { readonly number: number; readonly url: string };

/** Approvals for a record on GitHub. Throws `Failure` where GitHub cannot be asked: what could not be told is no approval. */
export function githubApprovals({ client, repository }: GitHubApprovalsOptions): Approvals {
  const { owner, name: repo } = parseRepository(repository);
  const at = { owner, repo };

  async function findIssue(github: GitHubClient, digest: string): Promise<Found | null> {
    for (let page = 1; ; page += 1) {
      const query = { ...at, state: "open", labels: ISSUE_LABEL, per_page: 100, page } as const;
      const { data } = await github.request("GET /repos/{owner}/{repo}/issues", query);
      for (const { number, body, html_url: url } of data)
        if ((body ?? "").includes(marker(digest)) && (await isOurs(github, at, "issue", number))) return { number, url };
      if (data.length < 100) return null;
    }
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
      asked("look for the approval of a plan", async (github): Promise<Approval | null> => {
        const issue = await findIssue(github, digest);
        return issue === null ? null : { url: issue.url, approvedBy: await whoCommented(github, at, issue.number) };
      }),
    request: (request) =>
      asked("ask for the approval of a plan", async (github): Promise<Approval> => {
        const found = await findIssue(github, request.digest);
        if (found !== null) return { url: found.url, approvedBy: await whoCommented(github, at, found.number) };
        const content = { ...wordsOf(request), labels: [ISSUE_LABEL] };
        const { data } = await github.request("POST /repos/{owner}/{repo}/issues", { ...at, ...content });
        return { url: data.html_url, approvedBy: null };
      }),
    close: (digest) =>
      asked("close the issue of a plan", async (github) => {
        const issue = await findIssue(github, digest);
        if (issue === null) throw new Unchanged("the plan's issue is gone", { code: "plan-missing" });
        const content = { state: "closed", state_reason: "completed" } as const;
        await github.request("PATCH /repos/{owner}/{repo}/issues/{issue_number}", { ...at, ...content, issue_number: issue.number });
      }),
  };
}
