// Opens the ways of reminding people: a part of compose.ts.
import { Misconfigured } from "./errors.ts";
import type { GitHubClient } from "./github/client.ts";
import type { WebhookOptions } from "./notifiers/webhook.ts";
import type { RemindBy, Reminders } from "./remind.ts";
import type { Home } from "./token.ts";

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
    if (webhook !== null) return (await import("./notifiers/webhook.ts")).webhookReminders(webhook);
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
  return (await import("./notifiers/reminder-issue.ts")).reminderIssues({
    client,
    repository: home.repository,
  });
}
