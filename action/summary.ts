// The job summary: what a person wants to know of a run, as GitHub-flavoured Markdown. Pure.
import type { HealthReport } from "../src/health.ts";
import type { Report, TokenReport } from "../src/report.ts";

/** GitHub's limit on a step's summary is 1 MiB; rows past this are counted instead of listed. */
export const MAX_ROWS = 500;

const SIGNS: Readonly<Record<TokenReport["status"], string>> = { rotated: "🔄", resumed: "⏩", planned: "📋", skipped: "⏸️", failed: "❌" };
const BANDS: Readonly<Record<string, string>> = {
  recently_rotated: "🟢",
  ok: "🟢",
  should_rotate: "🟡",
  needs_rotation: "🟠",
  high_risk: "🔴",
  never_rotated: "🆕",
  failing: "❌",
  unknown: "❔",
};

/** What happened and why, what to do about failures, the health of every token, and when the next is due. */
export function reportSummary(report: Report, health: HealthReport): string {
  const parts = [`## ${headline(report)}`, table(report.tokens), failures(report), warnings(report), healthSummary(health), footer(report)];
  return `${parts.filter((part) => part !== "").join("\n\n")}\n`;
}

/** The health table, for the command `health` and as a part of every report. */
export function healthSummary(health: HealthReport): string {
  if (health.total_tokens === 0) return "No tokens are declared yet.";
  const attention = health.tokens.filter((token) => token.status !== "ok" && token.status !== "recently_rotated");
  const counts = `**Health:** ${health.total_tokens} tokens, ${attention.length === 0 ? "all well ✅" : `${attention.length} to look at`}`;
  if (attention.length === 0) return counts;
  const rows = attention
    .slice(0, MAX_ROWS)
    .map(
      (token) =>
        `| ${BANDS[token.status] ?? ""} ${token.status.replaceAll("_", " ")} | \`${code(token.name)}\` | ${text(token.reason)} | ${time(token.next_due)} |`,
    );
  return [counts, "", "| Health | Token | Why | Next due |", "| --- | --- | --- | --- |", ...rows, ...more(attention.length)].join("\n");
}

function headline(report: Report): string {
  const { rotated, failed } = report;
  if (report.dry_run) {
    const planned = report.tokens.filter((token) => token.status === "planned").length;
    return planned === 0 ? "Nothing is due" : `${count(planned, "token")} would be rotated`;
  }
  if (rotated.length + failed.length === 0) return "Nothing was due";
  return [rotated.length > 0 ? `${count(rotated.length, "token")} rotated` : "", failed.length > 0 ? `${failed.length} failed` : ""]
    .filter(Boolean)
    .join(", ");
}

function table(tokens: readonly TokenReport[]): string {
  if (tokens.length === 0) return "";
  const rows = tokens.slice(0, MAX_ROWS).map((token) => {
    const placed = token.destinations
      .map((destination) => `${destination.status === "failed" ? "❌ " : ""}\`${code(destination.id)}\``)
      .join("<br>");
    return `| ${SIGNS[token.status]} ${token.status} | \`${code(token.token_name)}\` | ${text(token.reason)} | ${token.generation} | ${placed} |`;
  });
  return ["| | Token | Why | Generation | Where |", "| --- | --- | --- | --- | --- |", ...rows, ...more(tokens.length)].join("\n");
}

function failures(report: Report): string {
  const failed = report.tokens.filter((token) => token.error !== null).slice(0, MAX_ROWS);
  if (failed.length === 0) return "";
  const items = failed.map(
    ({ token_name, error }) =>
      `- \`${code(token_name)}\`: ${text(error?.message ?? "")}${error?.hint ? `<br>**What to do:** ${text(error.hint)}` : ""}`,
  );
  return ["### What failed", "", ...items].join("\n");
}

function warnings(report: Report): string {
  const all = [...report.warnings, ...report.tokens.flatMap((token) => token.warnings.map((warning) => `${token.token_name}: ${warning}`))];
  return all.length === 0 ? "" : ["### Worth knowing", "", ...all.slice(0, MAX_ROWS).map((warning) => `- ${text(warning)}`)].join("\n");
}

function footer({ commit, next_due }: Report): string {
  const sha = commit?.sha?.slice(0, 7);
  const recorded = sha === undefined ? "" : commit?.url ? `Recorded in [\`${sha}\`](${commit.url}).` : `Recorded in \`${sha}\`.`;
  const due =
    next_due === null
      ? "Nothing is due next: no rule and no workflow asks for it."
      : `Next due: \`${code(next_due.token_name)}\`, ${time(next_due.at)}.`;
  return [recorded, due].filter(Boolean).join(" ");
}

function more(total: number): string[] {
  return total > MAX_ROWS ? ["", `… and ${total - MAX_ROWS} more.`] : [];
}

function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? "" : "s"}`;
}

function time(iso: string | null): string {
  return iso === null ? "—" : iso.replace("T", " ").replace(/:\d\d(\.\d+)?Z$/, " UTC");
}

/** Names and messages are data: nothing in them may become markup, a link, a mention or a new cell. */
function text(value: string): string {
  return value
    .replace(/\s+/g, " ")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replace(/[\\`*_{}[\]()#|~!]/g, "\\$&")
    .replaceAll("@", "@&#8203;");
}

function code(value: string): string {
  return value.replace(/[`|\s]+/g, " ");
}
