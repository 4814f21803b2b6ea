// Replies in pages, for callers that can take only so much. The next page is always named.
import type { Advice } from "../../core/advice/advice.ts";
import type { Discovery } from "../../core/discovery/shapes.ts";
import type { HealthReport, Status, Suggestions } from "../../core/health/shapes.ts";
import type { HistoryPart } from "../../core/record/read-history.ts";
import { HttpProblem } from "../problem/problem.ts";
import { REPORT_LISTS, shorten } from "../problem/shorten.ts";

/** The share of a reply that the tokens of a page may take, in characters. The rest is for the text around them. */
const PAGE_CHARACTERS = 60_000;

export type Page = {
  /** The most entries; undefined: all of them, however long the reply. */
  readonly limit?: number | undefined;
  /** The end of the page before. */
  readonly cursor?: string | undefined;
};

/** One page of the health report. Its lists name the tokens on the page. Throws `HttpProblem` 400 for an unknown cursor. */
export function healthPage(
  report: HealthReport,
  page: Page,
): HealthReport & { readonly next_cursor: string | null } {
  const { shown, next } = pageOf(
    report.tokens.map((token) => ({
      key: token.name,
      size: JSON.stringify(token).length + 3 * token.name.length,
    })),
    page,
  );
  return { ...filterHealth(report, shown), next_cursor: next };
}

/** One page of the suggestions. Sentences are about all tokens, actions about the page's. Throws as `healthPage`. */
export function suggestionsPage(
  { suggestions, actions }: Suggestions,
  page: Page,
): Suggestions & { readonly next_cursor: string | null } {
  const entries = actions.map((action, index) => ({
    key: String(index + 1),
    size: JSON.stringify(action).length,
  }));
  const { shown, next } = pageOf(entries, page);
  return {
    suggestions,
    actions: actions.filter((_action, index) => shown.has(String(index + 1))),
    next_cursor: next,
  };
}

/** A page of the suggestions with a model's words beside it, whose lists are at most as long as the page's. */
export function advicePage<Advised extends { readonly ai: Advice }>(
  advised: Advised,
  limit: number | undefined,
): Advised {
  if (limit === undefined) return advised;
  const most = { "ai.order": limit, "ai.refused": limit, "ai.schedules": limit };
  return shorten(advised, Object.keys(most), most);
}

/** The cursors of the next parts. */
type Cursors = { readonly next_cursor: string | null; readonly next_history_cursor: string | null };

/**
 * One page of the overview: tokens, rules, health and workflows' members of the page, with the requested part of the history.
 * Throws as `healthPage`.
 * @param part the entries of `status.history` with their places; null: the cursor leads nowhere
 */
export function statusPage(status: Status, page: Page, part: HistoryPart | null): Status & Cursors {
  if (part === null) throw cursorUnknown("history_cursor");
  const { entries: history, places, older } = part;
  const oldest = older ? (places[0] ?? null) : null;
  const cursors = { next_cursor: null, next_history_cursor: oldest };
  if (page.limit === undefined && page.cursor === undefined)
    return { ...status, history, ...cursors };
  const healthOfToken = new Map(status.health.tokens.map((token) => [token.name, token]));
  const entries = Object.entries(status.tokens).map(([name, token]) => {
    const size =
      JSON.stringify([token, status.rules[name] ?? null, healthOfToken.get(name) ?? null]).length +
      6 * name.length;
    return { key: name, size };
  });
  const { shown, next } = pageOf(entries, page);
  const body = {
    ...status,
    tokens: pick(status.tokens, shown),
    rules: pick(status.rules, shown),
    workflows: Object.fromEntries(
      Object.entries(status.workflows).map(([name, workflow]) => [
        name,
        {
          ...workflow,
          resolved_tokens: workflow.resolved_tokens.filter((token) => shown.has(token)),
        },
      ]),
    ),
    history,
    health: filterHealth(status.health, shown),
    ...cursors,
    next_cursor: next,
  };
  if (page.limit === undefined) return body;
  const short = shorten(body, ["history", "workflows"]);
  // The next part begins with the entries that did not fit.
  return short.history.length === body.history.length
    ? short
    : {
        ...short,
        next_history_cursor: places[history.length - short.history.length] ?? null,
      };
}

/** The report of many tokens, of which at most `limit` are shown. */
export function shortReport<Report extends { readonly tokens: readonly unknown[] }>(
  report: Report,
  limit: number | undefined,
): Report {
  if (limit === undefined) return report;
  return shorten(report, REPORT_LISTS, { tokens: limit });
}

/** The result of a planned change, of whose tokens at most `limit` are shown. */
export function shortApplied<Applied extends object>(
  done: Applied,
  limit: number | undefined,
): Applied {
  if (limit === undefined) return done;
  const lists = [
    ...REPORT_LISTS.map((list) => `report.${list}`),
    "workflow.resolved_tokens",
    "workflow.tokens",
  ];
  return shorten(done, lists, { "report.tokens": limit, "workflow.resolved_tokens": limit });
}

function filterHealth(report: HealthReport, shown: ReadonlySet<string>): HealthReport {
  const on = (list: readonly string[]) => list.filter((name) => shown.has(name));
  return {
    ...report,
    needs_rotation: on(report.needs_rotation),
    recently_rotated: on(report.recently_rotated),
    never_rotated: on(report.never_rotated),
    high_risk: on(report.high_risk),
    tokens: report.tokens.filter((token) => shown.has(token.name)),
  };
}

function pick<Value>(
  all: Readonly<Record<string, Value>>,
  shown: ReadonlySet<string>,
): Record<string, Value> {
  return Object.fromEntries(Object.entries(all).filter(([name]) => shown.has(name)));
}

/** The keys on one page, at least one if any is left, and the start of the next page. */
function pageOf(
  entries: readonly { readonly key: string; readonly size: number }[],
  { limit, cursor }: Page,
) {
  const start = cursor === undefined ? 0 : entries.findIndex(({ key }) => key === cursor) + 1;
  if (start === 0 && cursor !== undefined) throw cursorUnknown("cursor");
  const shown = new Set<string>();
  let room = limit === undefined ? Number.POSITIVE_INFINITY : PAGE_CHARACTERS;
  let last: string | null = null;
  for (const { key, size } of entries.slice(start)) {
    room -= size;
    if (shown.size > 0 && (shown.size >= (limit ?? Number.POSITIVE_INFINITY) || room < 0))
      return { shown, next: last };
    shown.add(key);
    last = key;
  }
  return { shown, next: null };
}

function cursorUnknown(field: string): HttpProblem {
  return new HttpProblem(
    400,
    `the ${field} is unknown: the record has changed, or the cursor was never issued`,
    {
      code: "cursor-unknown",
      hint: `Begin again without ${field}.`,
    },
  );
}

/** Findings about the whole repository, which each page has, in the order in which they are cut. */
const FINDINGS = ["invisible_to_dependabot", "shadowed", "missing", "not_listed"] as const;

/**
 * One page of the secrets that were found, with the `undeclared` ones among them. The other findings are about all secrets.
 * A scope without secrets is on the first page. Throws `HttpProblem` 400 for an unknown cursor.
 */
export function discoveryPage(
  discovery: Discovery,
  page: Page,
): Discovery & { readonly next_cursor: string | null } {
  const entries = discovery.scopes.flatMap(({ secrets }) =>
    secrets.map((secret) => ({
      key: secret.id,
      size: JSON.stringify(secret).length + secret.id.length,
    })),
  );
  const { shown, next } = pageOf(entries, page);
  const isFirst = page.cursor === undefined;
  const scopes = discovery.scopes.flatMap(({ scope, secrets }) => {
    const here = secrets.filter(({ id }) => shown.has(id));
    return here.length > 0 || (isFirst && secrets.length === 0) ? [{ scope, secrets: here }] : [];
  });
  const body = {
    ...discovery,
    scopes,
    undeclared: discovery.undeclared.filter((id) => shown.has(id)),
    next_cursor: next,
  };
  return page.limit === undefined ? body : shorten(body, FINDINGS);
}
