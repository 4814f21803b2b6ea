// The ways to notify and to remind people.

import type { GitHubClient } from "../adapters/github/client.ts";
import type { WebhookOptions } from "../adapters/notifiers/webhook.ts";
import { Misconfigured } from "../core/base/errors.ts";
import type { TokenConfig } from "../core/model/schema.ts";
import type { Home } from "../core/model/token.ts";
import type { Notifier, RemindBy, Reminders } from "../core/ports/notifier.ts";

/** Throws `Misconfigured`: `webhook-missing`, `no-repository`. */
export async function openReminders(
  by: RemindBy,
  {
    home,
    client,
    webhook,
  }: { home: Home; client: () => Promise<GitHubClient>; webhook: WebhookOptions | null },
): Promise<Reminders> {
  if (by === "notification") {
    if (webhook !== null)
      return (await import("../adapters/notifiers/webhook.ts")).webhookReminders(webhook);
    const hint = 'Set notify-webhook, or let the issuer say "remind": "issue".';
    throw new Misconfigured("the reminder cannot go to a webhook, because none is set", {
      code: "webhook-missing",
      hint,
    });
  }
  if (home.repository === null) {
    const hint =
      'Give the work tree an origin on GitHub, or let the issuer say "remind": "notification".';
    throw new Misconfigured(
      "the reminder cannot be an issue, because its repository is not known",
      {
        code: "no-repository",
        hint,
      },
    );
  }
  return (await import("../adapters/notifiers/reminder-issue.ts")).reminderIssues({
    client,
    repository: home.repository,
  });
}

/** The notifiers given, and the issue of a failed run if the config asks for it and the repository is known. */
export async function notifiersOf(asked: {
  readonly given: readonly (Notifier | null | undefined)[];
  readonly config: TokenConfig;
  readonly home: Home;
  readonly client: () => Promise<GitHubClient>;
}): Promise<Notifier[]> {
  const { given, config, home, client } = asked;
  const notifiers = given.filter((notifier) => notifier !== null && notifier !== undefined);
  if (config.settings?.failure_issue && home.repository !== null) {
    const { failureIssueNotifier } = await import("../adapters/notifiers/failure-issue.ts");
    notifiers.push(failureIssueNotifier({ client, repository: home.repository }));
  }
  return notifiers;
}
