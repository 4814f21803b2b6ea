// The overview, the workflows and the history for people.

import type { Status, WorkflowOverview } from "../../core/health/shapes.ts";
import { healthText } from "./health.ts";
import { table } from "./table.ts";
import { type Colors, dueAt, minute, plain, short, yesNo } from "./text.ts";

function tokensText(status: Status, colors: Colors): string {
  const rows = Object.values(status.tokens).map((token) => {
    const rule = Object.hasOwn(status.rules, token.name) ? status.rules[token.name] : undefined;
    const manual = rule?.auto_rotate === false ? ", by hand" : "";
    return [
      token.name,
      token.type,
      String(token.generation),
      minute(token.rotated_at),
      rule === undefined ? "-" : `${rule.interval_hours} h${manual}`,
      token.destinations.join(", "),
      short(token.fingerprint),
      token.pending ? "unfinished" : token.failures > 0 ? `failed ${token.failures}×` : "",
    ];
  });
  return table(
    colors,
    ["TOKEN", "TYPE", "GENERATION", "ROTATED", "EVERY", "WHERE", "FINGERPRINT", ""],
    rows,
  );
}

export function workflowsText(
  workflows: Readonly<Record<string, WorkflowOverview>>,
  colors: Colors,
  now: Date,
): string {
  const rows = Object.entries(workflows).map(([name, workflow]) => [
    name,
    workflow.schedule,
    workflow.timezone ?? "default",
    yesNo(workflow.enabled !== false),
    workflow.next_run === null ? "-" : dueAt(workflow.next_run, now),
    minute(workflow.last_run_at),
    workflow.tokens.join(", "),
  ]);
  if (rows.length === 0)
    return "No workflows are declared. `token-automation workflow create NAME --tokens A,B --schedule CRON` declares one.";
  return table(
    colors,
    ["WORKFLOW", "SCHEDULE", "ZONE", "ENABLED", "NEXT RUN", "LAST RUN", "TOKENS"],
    rows,
  );
}

export function historyText(entries: Status["history"], colors: Colors): string {
  if (entries.length === 0) return "The history is empty.";
  const rows = entries.map((entry) => {
    const by = entry.triggered_by;
    return [
      minute(entry.at),
      entry.event.replaceAll("_", " "),
      entry.token_name ?? entry.token_names?.join(", ") ?? by.workflow_name ?? "-",
      entry.generation === null ? "-" : String(entry.generation),
      [by.kind, by.actor, by.workflow_name]
        .filter((part) => part !== null && part !== undefined)
        .join(" "),
      short(entry.new_hash),
    ];
  });
  return table(colors, ["WHEN", "EVENT", "TOKEN", "GENERATION", "BY", "FINGERPRINT"], rows);
}

/** Everything at a glance. */
export function statusText(status: Status, colors: Colors, now: Date): string {
  const title = (text: string) => colors.bold(colors.underline(text));
  const sections = [
    [title("Tokens"), Object.keys(status.tokens).length === 0 ? "" : tokensText(status, colors)],
    [title("Health"), healthText(status.health, colors, now)],
    [title("Workflows"), workflowsText(status.workflows, colors, now)],
    [title("History"), historyText(status.history, colors)],
    [
      title("Suggestions"),
      status.suggestions.length === 0
        ? "Nothing to suggest."
        : status.suggestions.map(plain).join("\n"),
    ],
  ];
  return sections
    .filter(([, text]) => text !== "")
    .map((section) => section.join("\n"))
    .join("\n\n");
}
