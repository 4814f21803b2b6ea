// The list of tokens: filter, order, one row a token with its picture, and the link to the next page.

import type { Overview } from "../../core/health/overview.ts";
import type { TokenHealth, TokenOverview } from "../../core/health/shapes.ts";
import { HEALTH_STATUSES } from "../../core/health/status.ts";
import { html, type Markup } from "../markup.ts";
import { rotateButton } from "./buttons.ts";
import { pager } from "./pager.ts";
import { bandWords, picture, scale } from "./picture.ts";
import { WORST_FIRST } from "./summary.ts";
import { ORDERS, type Order, selectPage, type View } from "./view.ts";
import {
  breakable,
  chip,
  FACES,
  formatCount,
  moment,
  reasonInWords,
  until,
  wantsAttention,
} from "./words.ts";

/** Rows of one page. With every other part of it they stay below 100 KB. */
const ROWS = 50;

const ORDER_WORDS: Readonly<Record<Order, string>> = {
  worst: "worst first",
  name: "name",
  oldest: "oldest first",
  next: "next rotation",
};

type Listed = TokenHealth & { readonly overview: TokenOverview | undefined };
type May = { readonly rotate: boolean };

export function tokenSection(overview: Overview, view: View, may: May): Markup {
  const { status, bands, now } = overview;
  const all = status.health.tokens.map(
    (token): Listed => ({ ...token, overview: status.tokens[token.name] }),
  );
  if (all.length === 0) return html``;
  const found = sort(
    all.filter((token) => matches(token, view)),
    view.sort,
  );
  const { shown, page, pages, first } = selectPage(found, view.page, ROWS);
  const rows = shown.map((token) =>
    row(token, { bands, now, button: may.rotate && rotateButton(token.name, overview) }),
  );
  const range = pages > 1 ? `, ${first + 1}–${first + shown.length} shown` : "";
  const count = `${found.length === all.length ? formatCount(all.length, "token") : `${found.length} of ${formatCount(all.length, "token")}`}${range}`;
  return html`<section id="tokens" aria-labelledby="all"><h2 id="all" tabindex="-1">Tokens</h2>${filter(view)}<div id="found"><p id="count" class="quiet">${count}</p>${rows.length === 0 ? html`<p class="note">No token fits. <a href="?#tokens">Show all of them</a></p>` : table(rows, overview, may)}${pager("Pages of tokens", view, { field: "page", page, pages, anchor: "tokens" })}</div></section>`;
}

function matches({ name, status, overview }: Listed, { q, health }: View): boolean {
  if (health !== null && (health === "attention" ? !wantsAttention(status) : status !== health))
    return false;
  const text = [
    name,
    overview?.type,
    ...(overview?.groups ?? []),
    ...(overview?.destinations ?? []),
  ]
    .join(" ")
    .toLowerCase();
  return q
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}

function sort(tokens: readonly Listed[], order: Order): readonly Listed[] {
  switch (order) {
    case "worst":
      return tokens.toSorted(
        (a, b) => WORST_FIRST.indexOf(a.status) - WORST_FIRST.indexOf(b.status),
      );
    case "name":
      return tokens.toSorted((a, b) => (a.name < b.name ? -1 : 1));
    case "oldest":
      return tokens.toSorted((a, b) => (b.age_hours ?? -1) - (a.age_hours ?? -1));
    case "next":
      return tokens.toSorted((a, b) => dueMs(a) - dueMs(b));
  }
}

/** A token without a plan comes last. The number is finite, since a difference of infinities is no order. */
function dueMs({ next_due }: TokenHealth): number {
  return next_due === null ? Number.MAX_SAFE_INTEGER : Date.parse(next_due);
}

function filter({ q, health, sort }: View): Markup {
  const option = (value: string, words: string, chosen: boolean) =>
    html`<option value="${value}"${chosen && html` selected`}>${words}</option>`;
  const healths = HEALTH_STATUSES.map((status) =>
    option(status, FACES[status].words, status === health),
  );
  const orders = ORDERS.map((order) => option(order, ORDER_WORDS[order], order === sort));
  return html`<form id="filter" role="search" action="/"><label>Find <input type="search" name="q" value="${q}" placeholder="name, type, group, place" autocomplete="off" spellcheck="false"></label><label>Health <select name="health">${option("", "any", health === null)}${option("attention", "needs attention", health === "attention")}${healths}</select></label><label>Order <select name="sort">${orders}</select></label><button>Apply</button></form>`;
}

function table(rows: readonly Markup[], { bands }: Overview, may: May): Markup {
  return html`<table class="tokens" aria-describedby="count key"><thead><tr><th scope="col">Token</th><th scope="col">Health</th><th scope="col">Age${scale(bands)}</th><th scope="col">Next rotation</th>${may.rotate && html`<th scope="col"><span class="unseen">Action</span></th>`}</tr></thead><tbody>${rows}</tbody></table><p id="key" class="quiet key"><svg viewBox="0 0 14 18" aria-hidden="true"><circle cx="7" cy="9" r="5"/></svg> age <svg viewBox="0 0 14 18" aria-hidden="true"><path class="next" d="M7 2.5l4.5 6.5l-4.5 6.5l-4.5-6.5z"/></svg> age at the next rotation <svg viewBox="0 0 14 18" aria-hidden="true"><path class="next due" d="M7 2.5l4.5 6.5l-4.5 6.5l-4.5-6.5z"/></svg> due now. Bands, each drawn equally wide: ${bandWords(bands)}.</p>`;
}

type RowContext = Pick<Overview, "bands" | "now"> & { readonly button: Markup | false };

function row(
  { name, status, reason, age_hours, next_due, overview }: Listed,
  { bands, now, button }: RowContext,
): Markup {
  const kind =
    overview === undefined
      ? []
      : [overview.type, `generation ${overview.generation}`, ...overview.groups];
  const next =
    next_due === null
      ? html`<span class="quiet">none planned</span>`
      : html`<b>${until(next_due, now)}</b> <small>${moment(next_due)}</small>`;
  return html`<tr class="${FACES[status].tone}"><th scope="row"><code>${breakable(name)}</code> <small>${kind.join(" · ")}</small></th><td>${chip(status)} <small>${reasonInWords(reason)}</small></td><td>${picture({ ageHours: age_hours, nextDue: next_due }, bands, now)}</td><td data-label="Next rotation">${next}</td>${button !== false && html`<td>${button}</td>`}</tr>`;
}
