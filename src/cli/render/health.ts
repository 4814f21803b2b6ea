// Health, suggestions and the plan for people.
import type { HealthReport, Suggestions } from "../../core/health/shapes.ts";
import type { HealthStatus } from "../../core/health/status.ts";
import type { Plan } from "../../core/plan/plan.ts";
import { nextDueText } from "./report.ts";
import { table } from "./table.ts";
import { type Colors, dueAt, formatCount, minute, plain } from "./text.ts";

// The signs of the four bands are the product's own. Every other state is white. The word stands beside each.
const SIGNS: Readonly<Record<HealthStatus, string>> = {
  recently_rotated: "🟢 recently rotated",
  ok: "🟢 ok",
  should_rotate: "🟡 should rotate",
  needs_rotation: "🟠 needs rotation",
  high_risk: "🔴 HIGH RISK",
  failing: "🔴 failing",
  never_rotated: "⚪ never rotated",
  unknown: "⚪ unknown",
};

function age(hours: number | null): string {
  if (hours === null) return "-";
  return hours < 48 ? `${Math.floor(hours)} h` : `${Math.floor(hours / 24)} d`;
}

/** One line per token, and the counts of the lists. */
export function healthText(report: HealthReport, colors: Colors, now: Date): string {
  if (report.total_tokens === 0)
    return "No tokens are declared. `token-automation rotate NAME` declares one and makes its first value.";
  const rows = report.tokens.map((token) => [
    SIGNS[token.status],
    token.name,
    age(token.age_hours),
    token.next_due === null ? "-" : dueAt(token.next_due, now),
    token.reason,
  ]);
  const lists = [
    `${formatCount(report.total_tokens, "token")}`,
    `${report.recently_rotated.length} recently rotated`,
    `${report.needs_rotation.length} to rotate now`,
    `${report.never_rotated.length} never rotated`,
    `${report.high_risk.length} at high risk`,
  ];
  return `${table(colors, ["HEALTH", "TOKEN", "AGE", "NEXT DUE", "WHY"], rows)}\n\n${lists.join(", ")}.`;
}

/** The sentences, and under them the commands that can be run at once. */
export function suggestionsText({ suggestions, actions }: Suggestions, colors: Colors): string {
  if (suggestions.length === 0) return "Nothing to suggest.";
  const rows = actions.map((action) => [
    action.priority,
    action.token_name,
    action.reason,
    commandFor(action),
  ]);
  const listed =
    rows.length === 0 ? "" : `\n\n${table(colors, ["PRIORITY", "TOKEN", "WHY", "COMMAND"], rows)}`;
  return `${suggestions.map(plain).join("\n")}${listed}`;
}

function commandFor({ token_name: name, request }: Suggestions["actions"][number]): string {
  if (request === null) return "-";
  if (request.path === "/tokens/rotate") return `token-automation rotate ${name}`;
  return `token-automation setup-rule ${name} ${request.body.interval_hours}`;
}

/** @param at the time that the plan is for */
export function planText(plan: Plan, colors: Colors, at: Date): string {
  const due = plan.due.map((token) => ["→ due", token.token_name, token.reason]);
  const held = plan.skipped.map((token) => [
    "- held back",
    token.token_name,
    token.blocked_until === null
      ? token.reason
      : `${token.reason}, until ${minute(token.blocked_until)}`,
  ]);
  const rows = [...due, ...held];
  const now =
    rows.length === 0
      ? "Nothing is due."
      : table(colors, ["NOW", "TOKEN", "WHY"], rows, {
          0: (cell) => (cell.startsWith("→") ? colors.cyan(cell) : colors.dim(cell)),
        });
  const waiting = new Set(plan.due.map((token) => token.token_name));
  const upcoming = plan.upcoming
    .filter((token) => !waiting.has(token.token_name))
    .map((token) => [dueAt(token.at, at), token.token_name, token.reason]);
  const later =
    upcoming.length > 0
      ? [table(colors, ["NEXT", "TOKEN", "WHY"], upcoming)]
      : plan.next_due === null
        ? [nextDueText(null, at)]
        : [];
  return [`${colors.bold(`At ${minute(at)}`)}\n${now}`, ...later].join("\n\n");
}
