// The audit of the history, for people.
import type { Audit, AuditFinding } from "../../core/audit/version.ts";
import { type Colors, formatCount, minute, plain } from "./text.ts";

const SIGNS: Readonly<Record<AuditFinding["severity"], string>> = {
  broken: "✖",
  unknown: "?",
  warning: "!",
};

/** A verdict, then a line or two for each finding: the fact, its place, and its author. */
export function auditText(audit: Audit, colors: Colors): string {
  const lines = audit.findings.flatMap((finding) => [
    `  ${paint(finding.severity, SIGNS[finding.severity], colors)} ${plain(finding.message)}`,
    `      ${colors.dim(whereText(finding))}`,
  ]);
  return [headline(audit, colors), ...lines].join("\n");
}

function headline({ verdict, entries, commits, findings }: Audit, colors: Colors): string {
  const seen = `${formatCount(entries, "entry", "entries")}, ${formatCount(commits, "commit")}`;
  const count = (severity: AuditFinding["severity"]) =>
    formatCount(findings.filter((finding) => finding.severity === severity).length, "place");
  switch (verdict) {
    case "ok":
      return `${colors.green("✔")} The history holds, and so do the commits that made it: ${seen}.`;
    case "unknown":
      return `${colors.yellow("?")} Nothing contradicts the history, but not all of it could be checked: ${seen}.`;
    case "broken":
      return `${colors.red("✖")} The history is broken in ${count("broken")}: ${seen}.`;
  }
}

function whereText({ commit, path, line }: AuditFinding): string {
  const place = path === null ? [] : [`${path}${line === null ? "" : `:${line}`}`];
  const by =
    commit === null
      ? "uncommitted, in the work tree"
      : `commit ${commit.sha.slice(0, 10)}, ${minute(commit.authored_at)}${commit.author === "" ? "" : ` by ${commit.author}`}`;
  return plain([...place, by].join(", "));
}

function paint(severity: AuditFinding["severity"], text: string, colors: Colors): string {
  return severity === "broken" ? colors.red(text) : colors.yellow(text);
}
