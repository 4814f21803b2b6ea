// Future rotations: those of the next two weeks as a picture, and the workflows with their next runs.
import { DAY_MS, instantMs } from "../../core/base/instant.ts";
import type { Overview } from "../../core/health/overview.ts";
import type { WorkflowOverview } from "../../core/health/shapes.ts";
import { html, type Markup } from "../markup.ts";
import { runButton } from "./buttons.ts";
import { ago, command, formatCount, moment, some, until } from "./words.ts";

const DAYS = 14;
/** Sizes of the picture, in its own units. */
const COLUMN = 24;
const HEIGHT = 56;
/** Workflows that are listed before the others are only counted, and names of one workflow's members. */
const MOST = 50;
const MOST_NAMES = 4;

export function scheduleSection(overview: Overview, may: { readonly rotate: boolean }): Markup {
  const { now, home } = overview;
  const workflows = Object.entries(overview.status.workflows);
  const rows = workflows.slice(0, MOST).map(([name, workflow]) => row(name, workflow, now, may));
  const more = workflows.length - MOST;
  const listed =
    rows.length === 0
      ? html`<p class="note">No workflow is declared. ${command('workflow create NAME --tokens A,B --schedule "17 2 * * *"', home)} makes one.</p>`
      : html`<table class="workflows"><thead><tr><th scope="col">Workflow</th><th scope="col">Tokens</th><th scope="col">Next run</th><th scope="col">Last run</th>${may.rotate && html`<th scope="col"><span class="unseen">Action</span></th>`}</tr></thead><tbody>${rows}</tbody></table>`;
  return html`<section id="schedule" aria-labelledby="ahead"><h2 id="ahead">Ahead</h2>${chart(overview)}<h3>Workflows</h3>${listed}${more > 0 && html`<p class="quiet">… and ${more} more: ${command("workflow list", home)}</p>`}</section>`;
}

function row(
  name: string,
  workflow: WorkflowOverview,
  now: Date,
  may: { readonly rotate: boolean },
): Markup {
  const { schedule, timezone, tokens, resolved_tokens, next_run, last_run_at } = workflow;
  const next =
    next_run === null
      ? html`<span class="quiet">switched off</span>`
      : html`<b>${until(next_run, now)}</b> <small>${moment(next_run)}</small>`;
  const last =
    last_run_at === null
      ? html`<span class="quiet">never</span>`
      : html`${ago(last_run_at, now)} <small>${moment(last_run_at)}</small>`;
  return html`<tr><th scope="row"><code>${name}</code> <small><code>${schedule}</code> ${timezone ?? ""}</small></th><td data-label="Tokens">${resolved_tokens.length} <small>${some(tokens, MOST_NAMES)}</small></td><td data-label="Next run">${next}</td><td data-label="Last run">${last}</td>${may.rotate && html`<td>${runButton(name, resolved_tokens.length)}</td>`}</tr>`;
}

/** How many tokens are due on each day (UTC). Today includes all that are due already. */
function chart({ plan, now }: Overview): Markup {
  const today = Math.floor(now.getTime() / DAY_MS);
  const counts = Array.from({ length: DAYS }, () => 0);
  for (const { at } of plan.upcoming) {
    const day = Math.max(0, Math.floor((instantMs(at) ?? 0) / DAY_MS) - today);
    if (day < DAYS) counts[day] = (counts[day] ?? 0) + 1;
  }
  const within = counts.reduce((sum, count) => sum + count, 0);
  const later = plan.upcoming.length - within;
  const highest = Math.max(1, ...counts);
  const days = counts.map((count, day) => ({ count, date: new Date((today + day) * DAY_MS) }));
  const columns = days.map(({ count, date }, day) =>
    column({
      count,
      x: day * COLUMN,
      height: (count / highest) * HEIGHT,
      date,
      label: day % 2 === 0,
    }),
  );
  const words = days
    .filter(({ count }) => count > 0)
    .map(({ count, date }) => `${dayOf(date)}: ${count}`);
  const label = `Rotations by day. ${words.join(", ")}`;
  const caption = html`<figcaption>${within === 0 ? "No rotation is due" : `${formatCount(within, "token")} ${within === 1 ? "is" : "are"} due`} in the next ${DAYS} days${later > 0 && `, ${later} later`}.</figcaption>`;
  // An empty picture would only look broken.
  if (within === 0) return html`<figure>${caption}</figure>`;
  return html`<figure><svg class="chart" viewBox="-6 0 ${DAYS * COLUMN + 6} ${HEIGHT + 32}" role="img" aria-label="${label}"><path class="base" d="M0 ${HEIGHT + 14.5}h${DAYS * COLUMN}"/>${columns}</svg>${caption}</figure>`;
}

type Column = {
  readonly count: number;
  readonly x: number;
  readonly height: number;
  readonly date: Date;
  readonly label: boolean;
};

function column({ count, x, height, date, label }: Column): Markup {
  const y = HEIGHT + 14 - height;
  const middle = x + COLUMN / 2;
  return html`${count > 0 && html`<path class="bar" d="M${x + 3} ${y.toFixed(1)}h${COLUMN - 6}v${height.toFixed(1)}h-${COLUMN - 6}z"/><text x="${middle}" y="${(y - 3).toFixed(1)}" class="count">${count}</text>`}${label && html`<text x="${middle}" y="${HEIGHT + 27}">${dayOf(date)}</text>`}`;
}

/** `06-01`: a month and a day that need no language. */
function dayOf(date: Date): string {
  return date.toISOString().slice(5, 10);
}
