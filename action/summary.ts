// The job summary, for people who want to see what a run did. Pure.
import { describeError } from "../src/core/base/errors.ts";
import type { HealthReport } from "../src/core/health/shapes.ts";
import type { HealthStatus } from "../src/core/health/status.ts";
import type { DestinationReport, Report, TokenReport } from "../src/core/ports/report.ts";
import type { ProofVerdict, Verification } from "../src/core/proof/verify.ts";
import { problemsOf } from "./annotations.ts";
import { code, link, list, page, table, text, time } from "./markdown.ts";

/** Further destinations of one token are counted instead of listed. */
const MAX_DESTINATIONS = 10;
/** Names in one sentence. */
const MAX_NAMES = 20;

const SIGNS: Readonly<Record<TokenReport["status"], string>> = {
  rotated: "🔄",
  resumed: "⏩",
  planned: "📋",
  skipped: "⏸️",
  failed: "❌",
};
const BANDS: Readonly<Record<HealthStatus, string>> = {
  recently_rotated: "🟢",
  ok: "🟢",
  should_rotate: "🟡",
  needs_rotation: "🟠",
  high_risk: "🔴",
  never_rotated: "🆕",
  failing: "❌",
  unknown: "❔",
};
const VERDICTS: Readonly<Record<ProofVerdict, string>> = {
  match: "✅",
  previous: "⏳",
  mismatch: "❌",
  gone: "❌",
  changed_later: "⚠️",
  unknown: "❔",
  not_seen: "➖",
};

/** What happened and why, the cure of each failure, the health of every token, and the next due time. */
export function reportSummary(report: Report, health: HealthReport): string {
  return page([
    `## ${headline(report)}`,
    tokens(report),
    failures(report),
    warnings(report),
    healthParts(health),
    footer(report),
  ]);
}

/** The command `health`. */
export function healthSummary(health: HealthReport): string {
  return page(["## Health of the tokens", healthParts(health)]);
}

/** Whether the secret is not the one that was placed. */
export function isWrong(verdict: ProofVerdict): boolean {
  return verdict === "mismatch" || verdict === "gone";
}

/** What this job sees of the declared secrets, and whether the history is whole. */
export function verificationSummary({ tokens, history }: Verification): string {
  const wrong = tokens.filter(({ verdict }) => isWrong(verdict)).length;
  const headings = [
    history.ok ? "" : "The history was changed",
    wrong > 0 ? `${count(wrong, "token")} not as recorded` : "",
  ];
  const chain = history.ok
    ? `**History:** ${count(history.entries, "entry", "entries")}, each with the right digest of the one before ✅`
    : `### Errors in the history\n\n${list(history.breaks, ({ entry, message }) => `${code(entry)}: ${text(message)}`)}`;
  const rows = table(
    ["", "Token", "What this job sees"],
    tokens,
    ({ token_name, verdict, detail }) => [
      `${VERDICTS[verdict]} ${verdict.replaceAll("_", " ")}`,
      code(token_name),
      text(detail),
    ],
  );
  return page([
    `## ${headings.filter(Boolean).join(", ") || "Nothing contradicts the record"}`,
    tokens.length === 0 ? "" : rows,
    chain,
  ]);
}

/** A failure before the run could begin, with every known problem. */
export function failureSummary(error: unknown): string {
  const { kind, message } = describeError(error);
  const problems = problemsOf(error);
  const heading =
    kind === "uncertain" ? "Failed, and the outcome is not known" : "Nothing was done";
  const items = list(problems, (problem) => {
    const place =
      problem.position === null
        ? ""
        : `line ${problem.position.line}, column ${problem.position.column}: `;
    return `${place}${whatToDo(problem)}`;
  });
  return page([
    `## ${heading}`,
    problems.length > 1 || problems[0]?.message !== message ? `${text(message)}:` : "",
    items,
  ]);
}

function headline({ dry_run, rotated, failed, tokens }: Report): string {
  if (dry_run) {
    const planned = tokens.filter(({ status }) => status === "planned").length;
    return planned === 0 ? "Nothing is due" : `${count(planned, "token")} would be rotated`;
  }
  const parts = [
    rotated.length > 0 ? `${count(rotated.length, "token")} rotated` : "",
    failed.length > 0 ? `${failed.length} failed` : "",
  ];
  return parts.filter(Boolean).join(", ") || "Nothing was due";
}

function tokens({ tokens: reported }: Report): string {
  if (reported.length === 0) return "";
  return table(
    ["", "Token", "Why", "Generation", "Where"],
    reported,
    ({ status, token_name, reason, generation, destinations }) => [
      `${SIGNS[status]} ${status}`,
      code(token_name),
      text(reason),
      String(generation),
      placed(destinations),
    ],
  );
}

function placed(destinations: readonly DestinationReport[]): string {
  const shown = destinations
    .slice(0, MAX_DESTINATIONS)
    .map(({ id, status }) => `${status === "failed" ? "❌ " : ""}${code(id)}`);
  const rest = destinations.length - shown.length;
  return [...shown, ...(rest > 0 ? [`… and ${rest} more`] : [])].join("<br>");
}

function failures(report: Report): string {
  const failed = report.tokens.flatMap(({ token_name, error }) =>
    error === null ? [] : [{ token_name, error }],
  );
  if (failed.length === 0) return "";
  return `### What failed\n\n${list(failed, ({ token_name, error }) => `${code(token_name)}: ${whatToDo(error)}`)}`;
}

function warnings({ warnings: general, tokens }: Report): string {
  const all = [
    ...general,
    ...tokens.flatMap((token) =>
      token.warnings.map((warning) => `${token.token_name}: ${warning}`),
    ),
  ];
  return all.length === 0 ? "" : `### Worth knowing\n\n${list(all, text)}`;
}

/** A count if all is well, else the tokens to look at. */
function healthParts(health: HealthReport): string {
  if (health.total_tokens === 0) return "No tokens are declared yet.";
  const attention = health.tokens.filter(
    ({ status }) => status !== "ok" && status !== "recently_rotated",
  );
  const total = `**Health:** ${count(health.total_tokens, "token")}`;
  if (attention.length === 0) return `${total}, all well 🟢`;
  const rows = table(
    ["Health", "Token", "Why", "Next due"],
    attention,
    ({ name, status, reason, next_due }) => [
      `${BANDS[status]} ${status.replaceAll("_", " ")}`,
      code(name),
      text(reason),
      time(next_due),
    ],
  );
  return `${total}, ${attention.length} to look at\n\n${rows}`;
}

function footer({ commit, next_due, proved, revoked }: Report): string {
  const sha = commit?.sha ?? null;
  const recorded =
    sha === null ? "" : `Recorded in ${link(code(sha.slice(0, 7)), commit?.url ?? null)}.`;
  const due =
    next_due === null
      ? "Nothing is due next, because there is no rule and no workflow."
      : `Next due: ${code(next_due.token_name)}, ${time(next_due.at)}.`;
  const names = (list: readonly string[]) =>
    list.slice(0, MAX_NAMES).map(code).join(", ") + (list.length > MAX_NAMES ? ", …" : "");
  const seen = proved.length === 0 ? "" : `Proved by what this job sees: ${names(proved)}.`;
  const ended = revoked.length === 0 ? "" : `Previous credentials revoked: ${names(revoked)}.`;
  return [seen, ended, recorded, due].filter(Boolean).join(" ");
}

function whatToDo({
  message,
  hint,
}: {
  readonly message: string;
  readonly hint: string | null;
}): string {
  return `${text(message)}${hint === null ? "" : `<br>**What to do:** ${text(hint)}`}`;
}

function count(n: number, noun: string, plural = `${noun}s`): string {
  return `${n} ${n === 1 ? noun : plural}`;
}
