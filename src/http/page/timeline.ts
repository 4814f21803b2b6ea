// The history as a timeline, the newest first: each event, its token, and who asked for it.
import { instantMs } from "../../core/base/instant.ts";
import type { Overview } from "../../core/health/overview.ts";
import { html, type Markup } from "../markup.ts";
import { pager } from "./pager.ts";
import { pageAt, type View } from "./view.ts";
import { foreign, link, sign } from "./words.ts";

/** Entries on one page of the history. */
export const ENTRIES = 25;

type Entry = Overview["status"]["history"][number];

/** The look of each event. Any other event shows its own name. */
const EVENTS: ReadonlyMap<string, readonly [sign: string, tone: string]> = new Map([
  ["rotated", ["turn", "green"]],
  ["proved", ["check", "green"]],
  ["rule_set", ["pen", "gray"]],
  ["workflow_set", ["pen", "gray"]],
  ["adopted", ["pen", "gray"]],
  ["revoked", ["stop", "gray"]],
  ["failed", ["cross", "red"]],
  ["aborted", ["stop", "orange"]],
  ["drift", ["question", "orange"]],
  ["revoke_failed", ["cross", "red"]],
]);

/** @param overview with as many entries as the page of the view needs, at least */
export function historySection({ status, entries }: Overview, view: View): Markup {
  const { history } = status;
  const { page, pages, first } = pageAt(entries, view.history, ENTRIES);
  const shown = history.toReversed().slice(first, first + ENTRIES);
  const days = byDay(shown).map(
    ([day, entries]) => html`<h3>${day}</h3><ol class="timeline">${entries.map(line)}</ol>`,
  );
  const all = history.length === 0 ? html`<p class="note">Nothing has happened yet.</p>` : days;
  const place = {
    field: "history",
    page,
    pages,
    anchor: "history",
    words: ["Newer", "Older"],
  } as const;
  return html`<section id="history" aria-labelledby="past"><h2 id="past" tabindex="-1">History</h2>${all}${pager("Pages of the history", view, place)}</section>`;
}

function byDay(entries: readonly Entry[]): [string, Entry[]][] {
  const days: [string, Entry[]][] = [];
  for (const entry of entries) {
    const ms = instantMs(entry.at);
    const day = ms === null ? entry.at : new Date(ms).toISOString().slice(0, 10);
    const last = days.at(-1);
    if (last?.[0] === day) last[1].push(entry);
    else days.push([day, [entry]]);
  }
  return days;
}

function line(entry: Entry): Markup {
  const { at, event, token_name, token_names, generation, triggered_by } = entry;
  const [name, tone] = EVENTS.get(event) ?? ["clock", "gray"];
  const { kind, actor, workflow_name: workflow, run_url } = triggered_by;
  const what = token_name ?? token_names?.join(", ") ?? workflow ?? "";
  const isOfToken = token_name !== null || token_names !== undefined;
  const who = [kind.replaceAll("_", " "), actor, isOfToken ? workflow : null].flatMap((part) =>
    part ? [foreign(part)] : [],
  );
  return html`<li class="${tone}">${sign(name)}<p><b>${foreign(event.replaceAll("_", " "))}</b> ${what !== "" && html`<code>${foreign(what)}</code> `}${generation !== null && html`<span>generation ${generation}</span> `}<small>${timeOfDay(at)} by ${link(run_url, html`${who.map((part, index) => html`${index > 0 && ", "}${part}`)}`)}</small></p></li>`;
}

/** The time without its day, which stands above. */
function timeOfDay(at: string): Markup {
  const ms = instantMs(at);
  if (ms === null) return html`${at}`;
  const iso = new Date(ms).toISOString();
  return html`<time datetime="${iso.slice(0, 16)}Z">${iso.slice(11, 16)}Z</time>`;
}
