// A person's approval of an agent's plan: an issue that tells the plan, and a comment on it by somebody who may write.

import { Unchanged } from "../errors.ts";
import type { GitHubClient } from "../github/client.ts";
import { statusOf, toFailure } from "../github/errors.ts";
import { quoted } from "../github/quoted.ts";
import { parseRepository } from "../github/repository.ts";
import type { Approval, ApprovalRequest, Approvals } from "../ports.ts";

/** By which the issues are found again. Only who may triage can set it. */
const ISSUE_LABEL = "token-automation-plan";
const PERMISSION = "Issues: write";
/** GitHub's limit on a title, in characters. */
const LONGEST_TITLE = 256;
/** What the plan's lines may take of a body, in characters, of which GitHub takes 65,536. */
const LONGEST_LINES = 60_000;
const APPROVE = /^\s*\/approve\s*$/m;
/** Roles that may write to the repository: https://docs.github.com/rest/collaborators/collaborators */
const MAY_APPROVE = ["admin", "maintain", "write"];
/** What REST does not tell: https://docs.github.com/graphql/reference/interfaces#comment */
const ORIGIN = `query ($owner: String!, $repo: String!, $number: Int!) {
  repository(owner: $owner, name: $repo) { issue(number: $number) { viewerDidAuthor lastEditedAt } }
}`;

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
        if ((body ?? "").includes(marker(digest)) && (await isOurs(github, number))) return { number, url };
      if (data.length < 100) return null;
    }
  }

  /** Programs may write and edit issues too: what a person approved counts only where it is what was asked, word for word. */
  async function isOurs(github: GitHubClient, number: number): Promise<boolean> {
    const { viewerDidAuthor, lastEditedAt } = Object(Object(await github.graphql(ORIGIN, { ...at, number })).repository?.issue);
    return viewerDidAuthor === true && lastEditedAt === null;
  }

  async function approver(github: GitHubClient, issue_number: number): Promise<string | null> {
    const refused = new Set<string>();
    for (let page = 1; ; page += 1) {
      const query = { ...at, issue_number, per_page: 100, page };
      const { data } = await github.request("GET /repos/{owner}/{repo}/issues/{issue_number}/comments", query);
      for (const { user, body, performed_via_github_app: app, created_at: written, updated_at: edited } of data) {
        // A program's comment is no person's, whoever's token it has; nor is one that was changed, since programs may edit anybody's.
        if (user?.type !== "User" || app || written !== edited || !APPROVE.test(body ?? "")) continue;
        // On a public repository anybody may comment as often as they like.
        if (refused.has(user.login)) continue;
        if (await mayApprove(github, user.login)) return user.login;
        refused.add(user.login);
      }
      if (data.length < 100) return null;
    }
  }

  async function mayApprove(github: GitHubClient, username: string): Promise<boolean> {
    try {
      const { data } = await github.request("GET /repos/{owner}/{repo}/collaborators/{username}/permission", { ...at, username });
      return MAY_APPROVE.includes(data.permission);
    } catch (error) {
      if (statusOf(error) === 404) return false;
      throw error;
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
        return issue === null ? null : { url: issue.url, approvedBy: await approver(github, issue.number) };
      }),
    request: (request) =>
      asked("ask for the approval of a plan", async (github): Promise<Approval> => {
        const found = await findIssue(github, request.digest);
        if (found !== null) return { url: found.url, approvedBy: await approver(github, found.number) };
        const content = { title: request.title.slice(0, LONGEST_TITLE), body: bodyOf(request), labels: [ISSUE_LABEL] };
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

function marker(digest: string): string {
  return `<!-- token-automation plan: ${digest} -->`;
}

/** As many of the lines as there is room for, and how many there is none for. */
function stepsOf(lines: readonly string[]): string[] {
  const steps: string[] = [];
  let room = LONGEST_LINES;
  for (const line of lines) {
    const step = `- ${quoted(line)}`;
    room -= step.length + 1;
    if (room < 0) return [...steps, `- and ${lines.length - steps.length} more lines, for which there is no room here`];
    steps.push(step);
  }
  return steps;
}

function bodyOf({ digest, lines, askedBy }: ApprovalRequest): string {
  return [
    `An agent (${quoted(askedBy)}) asks to change this repository's secrets:`,
    stepsOf(lines).join("\n"),
    "To approve exactly this, comment with a line that says `/approve`. It counts from people who may write to this repository, and no longer once the record has moved. To refuse, close this issue.",
    marker(digest),
  ].join("\n\n");
}
