// A run's report for people.
import type { ReportedError } from "../../core/base/reported-error.ts";
import type { DestinationReport, NextDue, Report, TokenReport } from "../../core/ports/report.ts";
import type { Commit } from "../../core/ports/store.ts";
import { table } from "./table.ts";
import { type Colors, dueAt, formatCount, plain } from "./text.ts";

// Never colour alone: each status has a sign and its word.
const SIGNS: Readonly<Record<TokenReport["status"], string>> = {
  rotated: "✔ rotated",
  resumed: "✔ resumed",
  planned: "→ planned",
  skipped: "- skipped",
  failed: "✖ failed",
};

function statusPainter(colors: Colors): (cell: string) => string {
  return (cell) => {
    if (cell.startsWith("✔")) return colors.green(cell);
    if (cell.startsWith("✖")) return colors.red(cell);
    return cell.startsWith("→") ? colors.cyan(cell) : colors.dim(cell);
  };
}

function destinationCell(destinations: readonly DestinationReport[]): string {
  if (destinations.length === 0) return "-";
  return destinations
    .map(({ id, status }) => (["placed", "planned"].includes(status) ? id : `${id} (${status})`))
    .join(", ");
}

function errorLines(subject: string, error: ReportedError, colors: Colors): string[] {
  const hint = error.hint === null ? [] : [`  ${colors.cyan("hint:")} ${plain(error.hint)}`];
  return [`${colors.red("error:")} ${plain(subject)}: ${plain(error.message)}`, ...hint];
}

function tokenDetails(token: TokenReport, colors: Colors): string[] {
  const own = token.error === null ? [] : errorLines(token.token_name, token.error, colors);
  const placed = token.destinations.flatMap(({ id, error }) =>
    error === null || error.message === token.error?.message
      ? []
      : errorLines(`${token.token_name} in ${id}`, error, colors),
  );
  const warnings = token.warnings.map(
    (warning) => `${colors.yellow("warning:")} ${plain(token.token_name)}: ${plain(warning)}`,
  );
  return [...own, ...placed, ...warnings];
}

/** The place in which a change is recorded. */
export function commitText(commit: Commit | null, path: string): string {
  if (commit === null) return "Nothing was committed.";
  if (commit.sha === null) return `Recorded in ${plain(path)}, without a commit.`;
  return `Recorded in commit ${plain(commit.sha.slice(0, 10))}${commit.url === null ? "" : `: ${plain(commit.url)}`}.`;
}

export function nextDueText(next: NextDue | null, now: Date): string {
  return next === null
    ? "No token has a next time, since no rule and no workflow makes one due."
    : `Next due: ${plain(next.token_name)}, ${dueAt(next.at, now)}`;
}

function countsText(report: Report): string {
  const planned = report.tokens.filter((token) => token.status === "planned").length;
  const counts = [
    ...(planned > 0 ? [`${formatCount(planned, "token")} would be rotated`] : []),
    ...(report.rotated.length > 0 ? [`${report.rotated.length} rotated`] : []),
    ...(report.failed.length > 0 ? [`${report.failed.length} failed`] : []),
    ...(report.skipped.length > 0 ? [`${report.skipped.length} skipped`] : []),
  ];
  return counts.length === 0 ? "Nothing is due." : `${counts.join(", ")}.`;
}

/** Changes of credentials besides rotations, also in a run that had no token to rotate. */
function otherChanges({ proved, revoked }: Report): string[] {
  const named = (what: string, names: readonly string[]) =>
    names.length === 0 ? [] : [`${what}: ${names.map(plain).join(", ")}.`];
  return [
    ...named("Proved by what this process sees", proved),
    ...named("Previous credentials revoked", revoked),
  ];
}

/** @param path the record's path, for a report without a commit */
export function reportText(
  report: Report,
  { colors, now, path }: { colors: Colors; now: Date; path: string },
): string {
  const rows = report.tokens.map((token) => [
    SIGNS[token.status],
    token.token_name,
    String(token.generation),
    token.reason,
    destinationCell(token.destinations),
  ]);
  const listed =
    rows.length === 0
      ? []
      : [
          table(colors, ["STATUS", "TOKEN", "GENERATION", "WHY", "WHERE"], rows, {
            0: statusPainter(colors),
          }),
          "",
        ];
  const details = report.tokens.flatMap((token) => tokenDetails(token, colors));
  const warnings = report.warnings.map(
    (warning) => `${colors.yellow("warning:")} ${plain(warning)}`,
  );
  const said = [...details, ...warnings];
  const dry = report.dry_run ? " Nothing was changed." : "";
  const recorded =
    report.dry_run || report.commit === null ? [] : [commitText(report.commit, path)];
  return [
    ...listed,
    ...said,
    ...(said.length > 0 ? [""] : []),
    `${countsText(report)}${dry}`,
    ...otherChanges(report),
    ...recorded,
    nextDueText(report.next_due, now),
  ].join("\n");
}
