// Replies in pages, for callers that can take only so much: the next page is always named.
import type { Advice } from "../../core/advice/advice.ts";
import type { Discovery } from "../../core/discovery/shapes.ts";
import type { HealthReport, Status, Suggestions } from "../../core/health/shapes.ts";
import type { HistoryPart } from "../../core/record/read-history.ts";
import { HttpProblem } from "../problem/problem.ts";
import { REPORT_LISTS, shorten } from "../problem/shorten.ts";

/** What the tokens of a page may take of a reply, in characters; the rest is for what surrounds them. */
const PAGE_CHARACTERS = 60_000;

export type Page = {
  /** At most so many entries; undefined: all of them, however long the reply. */
  readonly limit?: number | undefined;
  /** Where the page before ended. */
  readonly cursor?: string | undefined;
};

/** One page of the health report: its lists name the tokens on the page. Throws `HttpProblem` 400 for a cursor that leads nowhere. */
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
  return { ...healthOf(report, shown), next_cursor: next };
}

/** One page of the suggestions: sentences are about everything, actions are the page's. Throws as `healthPage`. */
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

/** A page of the suggestions with a model's words beside it, whose lists are as long as the page's at most. */
export function advicePage<Advised extends { readonly ai: Advice }>(
  advised: Advised,
  limit: number | undefined,
): Advised {
  if (limit === undefined) return advised;
  const most = { "ai.order": limit, "ai.refused": limit, "ai.schedules": limit };
  return shorten(advised, Object.keys(most), most);
}

/** Where to go on reading. */
type Cursors = { readonly next_cursor: string | null; readonly next_history_cursor: string | null };

/**
 * One page of the overview: tokens, rules, health and workflows' members of the page, with the history asked for.
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
  const told = {
    ...status,
    tokens: only(status.tokens, shown),
    rules: only(status.rules, shown),
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
    health: healthOf(status.health, shown),
    ...cursors,
    next_cursor: next,
  };
  if (page.limit === undefined) return told;
  const short = shorten(told, ["history", "workflows"]);
  // Entries that did not fit are where the next part begins.
  return short.history.length === told.history.length
    ? short
    : {
        ...short,
        next_history_cursor: places[history.length - short.history.length] ?? null,
      };
}

/** The report of many tokens, of which at most `limit` are told. */
export function shortReport<Report extends { readonly tokens: readonly unknown[] }>(
  report: Report,
  limit: number | undefined,
): Report {
  if (limit === undefined) return report;
  return shorten(report, REPORT_LISTS, { tokens: limit });
}

/** What was done as planned, of whose tokens at most `limit` are told. */
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

function healthOf(report: HealthReport, shown: ReadonlySet<string>): HealthReport {
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

function only<Value>(
  all: Readonly<Record<string, Value>>,
  shown: ReadonlySet<string>,
): Record<string, Value> {
  return Object.fromEntries(Object.entries(all).filter(([name]) => shown.has(name)));
}

/** The keys that one page holds, at least one where any is left, and where the next begins. */
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
    `the ${field} leads nowhere: the record has changed, or it was never given out`,
    {
      code: "cursor-unknown",
      hint: `Begin again without ${field}.`,
    },
  );
}

/** Findings about everything, which stand on each page, in the order in which they are cut. */
const FINDINGS = ["invisible_to_dependabot", "shadowed", "missing", "not_listed"] as const;

/**
 * One page of the secrets that were found, with those of `undeclared` that are among them; the other findings are about all.
 * A scope without secrets stands on the first. Throws `HttpProblem` 400 for a cursor that leads nowhere.
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
  const told = {
    ...discovery,
    scopes,
    undeclared: discovery.undeclared.filter((id) => shown.has(id)),
    next_cursor: next,
  };
  return page.limit === undefined ? told : shorten(told, FINDINGS);
}
