// Opens the ways of reminding people: a part of compose.ts.

import type { GitHubClient } from "../adapters/github/client.ts";
import type { WebhookOptions } from "../adapters/notifiers/webhook.ts";
import { Misconfigured } from "../core/base/errors.ts";
import type { Home } from "../core/model/token.ts";
import type { RemindBy, Reminders } from "../core/ports/notifier.ts";

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
    throw new Misconfigured("a reminder is to go to a webhook, and none is set", {
      code: "webhook-missing",
      hint,
    });
  }
  if (home.repository === null) {
    const hint =
      'Give the work tree an origin on GitHub, or let the issuer say "remind": "notification".';
    throw new Misconfigured("a reminder is to be an issue, and nothing says of which repository", {
      code: "no-repository",
      hint,
    });
  }
  return (await import("../adapters/notifiers/reminder-issue.ts")).reminderIssues({
    client,
    repository: home.repository,
  });
}
