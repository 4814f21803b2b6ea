// A person's approval of an agent's plan: an issue that shows the plan, and a comment by a person who may write.

import type { Approvals } from "../../core/ports/approvals.ts";
import type { GitHubClient } from "../github/client.ts";
import { parseRepository } from "../github/repository.ts";
import { approvalsIn, type Found, type GitHubApprovalsOptions } from "./ask.ts";
import { isOurs, whoCommented } from "./people.ts";
import { marker, wordsOf } from "./words.ts";

/** The label by which the issues are found again. Only people who may triage can set it. */
const ISSUE_LABEL = "token-automation-plan";

/** Approvals for a record on GitHub. Throws `Failure` if GitHub cannot be asked, since no answer is no approval. */
export function githubApprovals(options: GitHubApprovalsOptions): Approvals {
  const { owner, name: repo } = parseRepository(options.repository);
  const at = { owner, repo };

  async function find(github: GitHubClient, digest: string): Promise<Found | null> {
    for (let page = 1; ; page += 1) {
      const query = { ...at, state: "open", labels: ISSUE_LABEL, per_page: 100, page } as const;
      const { data } = await github.request("GET /repos/{owner}/{repo}/issues", query);
      for (const { number, body, html_url: url } of data)
        if ((body ?? "").includes(marker(digest)) && (await isOurs(github, at, "issue", number)))
          return { number, url };
      if (data.length < 100) return null;
    }
  }

  return approvalsIn(
    {
      what: "issue",
      permission: "Issues: write",
      find,
      whoApproved: (github, number) => whoCommented(github, at, number),
      async open(github, request) {
        // Sent once, since only one of two issues would be closed.
        const content = { ...wordsOf(request), labels: [ISSUE_LABEL], request: { retries: 0 } };
        return (await github.request("POST /repos/{owner}/{repo}/issues", { ...at, ...content }))
          .data.html_url;
      },
      close: (github, issue_number) => {
        const content = { state: "closed", state_reason: "completed" } as const;
        return github.request("PATCH /repos/{owner}/{repo}/issues/{issue_number}", {
          ...at,
          ...content,
          issue_number,
        });
      },
    },
    options,
  );
}
