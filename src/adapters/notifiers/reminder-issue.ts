// Reminders as GitHub issues: one open issue a token, found again by a marker in its text.
import { Unchanged } from "../../core/base/errors.ts";
import type { Reminder, Reminders } from "../../core/ports/notifier.ts";
import type { GitHubClient } from "../github/client.ts";
import { toFailure } from "../github/errors.ts";
import { quoted } from "../github/quoted.ts";
import { parseRepository } from "../github/repository.ts";

/** The label by which the issues are found again. People may add labels of their own. */
const ISSUE_LABEL = "token-automation";
const PERMISSION = "Issues: write";
const PAGE_SIZE = 100;
/** An owner that is one account or one team. Only such an owner is mentioned. */
const MENTION = /^@[A-Za-z0-9-]+(?:\/[A-Za-z0-9_.-]+)?$/;

export type ReminderIssueOptions = {
  readonly client: () => Promise<GitHubClient>;
  readonly repository: string;
};

/** Reminders as issues of one repository. Errors are `Failure`s. A time-out may have opened an issue, which the next run finds. */
export function reminderIssues({ client, repository }: ReminderIssueOptions): Reminders {
  const { owner, name: repo } = parseRepository(repository);
  const at = { owner, repo };

  async function findOpen(github: GitHubClient, tokenName: string): Promise<number | null> {
    for (let page = 1; ; page += 1) {
      const asked = {
        ...at,
        state: "open",
        labels: ISSUE_LABEL,
        per_page: PAGE_SIZE,
        page,
      } as const;
      const { data } = await github.request("GET /repos/{owner}/{repo}/issues", asked);
      const found = data.find(({ body }) => body?.includes(marker(tokenName)));
      if (found !== undefined || data.length < PAGE_SIZE) return found?.number ?? null;
    }
  }

  async function act(
    doing: string,
    change: (github: GitHubClient) => Promise<unknown>,
  ): Promise<void> {
    const github = await client();
    await change(github).catch((error: unknown) => {
      const failure = toFailure(error, `${doing} in ${repository}`, PERMISSION);
      throw new Unchanged(failure.message, { code: failure.code, hint: failure.hint ?? undefined });
    });
  }

  return {
    open: (reminder) =>
      act(`open the issue that reminds of ${reminder.token_name}`, async (github) => {
        const number = await findOpen(github, reminder.token_name);
        const content = { title: titleOf(reminder), body: bodyOf(reminder, repository) };
        // Sent once, since a person would have to find a second issue.
        if (number === null) {
          return github.request("POST /repos/{owner}/{repo}/issues", {
            ...at,
            ...content,
            labels: [ISSUE_LABEL],
            request: { retries: 0 },
          });
        }
        return github.request("PATCH /repos/{owner}/{repo}/issues/{issue_number}", {
          ...at,
          ...content,
          issue_number: number,
        });
      }),
    close: (tokenName) =>
      act(`close the issue that reminds of ${tokenName}`, async (github) => {
        const number = await findOpen(github, tokenName);
        if (number === null) return;
        const closed = { state: "closed", state_reason: "completed" } as const;
        await github.request("PATCH /repos/{owner}/{repo}/issues/{issue_number}", {
          ...at,
          ...closed,
          issue_number: number,
        });
      }),
  };
}

function titleOf({ token_name, due_at, overdue }: Reminder): string {
  return overdue
    ? `${token_name} needs a new value now`
    : `${token_name} needs a new value by ${due_at.slice(0, 10)}`;
}

function bodyOf(
  { token_name, owner, steps, url, due_at, overdue, why }: Reminder,
  repository: string,
): string {
  const who = owner === null ? "A person" : MENTION.test(owner) ? owner : quoted(owner);
  const when = overdue ? `It was due at ${due_at}` : `It is due at ${due_at}`;
  const list = steps.map((step, index) => `${index + 1}. ${quoted(step)}`);
  const where = url === null ? [] : [`Make it at <${url}>.`];
  const done = `The run closes this issue when you hand the value in:\n\n\`\`\`sh\ntoken-automation rotate ${token_name} --value-stdin --repo ${repository}\n\`\`\``;
  return [
    `${who} makes the next value of \`${token_name}\`. ${when}: ${quoted(why)}.`,
    list.join("\n"),
    ...where,
    done,
    marker(token_name),
  ]
    .filter((part) => part !== "")
    .join("\n\n");
}

function marker(tokenName: string): string {
  return `<!-- token-automation waiting: ${tokenName} -->`;
}
