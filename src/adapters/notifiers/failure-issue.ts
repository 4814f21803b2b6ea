// The GitHub issue about failed rotations: opened at the first failure, kept up to date, closed on recovery.
import { Unchanged } from "../../core/base/errors.ts";
import type { Notifier } from "../../core/ports/notifier.ts";
import type { Report } from "../../core/ports/report.ts";
import type { GitHubClient } from "../github/client.ts";
import { toFailure } from "../github/errors.ts";
import { quoted } from "../github/quoted.ts";
import { parseRepository } from "../github/repository.ts";

/** The label by which the issue is found again. People may add labels of their own. */
const ISSUE_LABEL = "token-automation";
const MARKER = /<!-- token-automation failing: .*? -->/;
const PERMISSION = "Issues: write";

export type FailureIssueOptions = {
  readonly client: () => Promise<GitHubClient>;
  readonly repository: string;
};

/** A notifier for repositories that say `"failure_issue": true`. One request if nothing failed and nothing recovered. */
export function failureIssueNotifier({ client, repository }: FailureIssueOptions): Notifier {
  const { owner, name: repo } = parseRepository(repository);
  const at = { owner, repo };

  async function findOpen(github: GitHubClient): Promise<{ readonly number: number } | null> {
    const { data } = await github.request("GET /repos/{owner}/{repo}/issues", {
      ...at,
      state: "open",
      labels: ISSUE_LABEL,
      per_page: 100,
    });
    return data.find(({ body }) => MARKER.test(body ?? "")) ?? null;
  }

  return {
    async notify(report) {
      const github = await client();
      try {
        const open = await findOpen(github);
        const { failing } = report;
        if (failing.length > 0) {
          const content = { title: titleOf(failing), body: bodyOf(failing, report) };
          // Sent once, since only one of two issues would be found again and closed.
          if (open === null)
            await github.request("POST /repos/{owner}/{repo}/issues", {
              ...at,
              ...content,
              labels: [ISSUE_LABEL],
              request: { retries: 0 },
            });
          else
            await github.request("PATCH /repos/{owner}/{repo}/issues/{issue_number}", {
              ...at,
              ...content,
              issue_number: open.number,
            });
        } else if (open !== null) {
          const content = {
            state: "closed",
            state_reason: "completed",
            body: `Every token that failed has been rotated since, or is no longer declared.\n\n${marker([])}`,
          } as const;
          await github.request("PATCH /repos/{owner}/{repo}/issues/{issue_number}", {
            ...at,
            ...content,
            issue_number: open.number,
          });
        }
      } catch (error) {
        const failure = toFailure(
          error,
          `keep the issue about failures in ${repository} up to date`,
          PERMISSION,
        );
        throw new Unchanged(failure.message, {
          code: failure.code,
          hint: failure.hint ?? undefined,
        });
      }
    },
  };
}

function titleOf(failing: readonly string[]): string {
  return failing.length === 1
    ? `${failing[0]} could not be rotated`
    : `${failing.length} tokens could not be rotated`;
}

function bodyOf(failing: readonly string[], report: Report): string {
  const lines = failing.map((name) => {
    const error = report.tokens.find((token) => token.token_name === name)?.error;
    if (!error) return `- \`${name}\`: failed in an earlier run.`;
    return `- \`${name}\`: ${quoted(error.message)}${error.hint === null ? "" : ` **What to do:** ${quoted(error.hint)}`}`;
  });
  const run = report.triggered_by.run_url
    ? `\n\nSeen in [this run](${report.triggered_by.run_url}).`
    : "";
  const again =
    "What failed is tried again by itself, later each time, until it has failed too often (`stuck_after`). ";
  const stuck =
    "`token-automation health` shows which token then waits for a person, and `token-automation resume NAME` tries it again. ";
  const end = `The values in use still stand. ${again}${stuck}This issue is closed when nothing fails any more.`;
  return `${lines.join("\n")}${run}\n\n${end}\n\n${marker(failing)}`;
}

function marker(failing: readonly string[]): string {
  return `<!-- token-automation failing: ${failing.join(",")} -->`;
}
