// The whole page, as text made from the record's overview.
import { inWords } from "../../core/base/instant.ts";
import type { Overview } from "../../core/health/overview.ts";
import type { Home } from "../../core/model/token.ts";
import type { Stale } from "../../core/ports/copies.ts";
import { html, type Markup, markup } from "../markup.ts";
import { confirmation, frame } from "./frame.ts";
import { scheduleSection } from "./schedule.ts";
import { attention, summary } from "./summary.ts";
import { historySection } from "./timeline.ts";
import { tokenSection } from "./tokens.ts";
import type { View } from "./view.ts";
import { command, moment } from "./words.ts";

/** Hidden by the script, since `noscript` would show nothing if a script is refused. */
function withoutScript(home: Home): Markup {
  return html`<p class="note no-script">Rotating from here needs JavaScript. ${command("rotate NAME", home)} does it without.</p>`;
}

/**
 * The page as HTML. It holds no value and no fingerprint, since the parts of the overview that it shows have none.
 * @param stale set if the page was made from a copy of the record, since GitHub gave no answer
 * @param may the changes that the caller may make; the others have no button
 */
export function page(
  overview: Overview,
  view: View,
  may: { readonly rotate: boolean },
  stale: Stale | null = null,
): string {
  const { home, now } = overview;
  const content = html`${summary(overview, view)}${attention(overview, view, may)}${tokenSection(overview, view, may)}${scheduleSection(overview, may)}${historySection(overview, view)}${may.rotate && withoutScript(home)}`;
  const head = html`<p class="quiet">As of ${moment(now.toISOString())} <a href="?" id="again">Refresh</a> <button type="button" id="leave" hidden>Sign out</button></p>${stale !== null && staleNote(stale)}`;
  return markup(
    frame({
      title: writeTitle(overview),
      place: describePlace(home),
      head,
      content,
      after: may.rotate ? confirmation() : html``,
    }),
  );
}

/** Reasons why the record could not be read again. Any other reason means that no answer came. */
const WHY: Readonly<Record<string, string>> = { "rate-limited": "GitHub's limit is used up" };

function staleNote({ as_of, age_seconds, reason }: Stale): Markup {
  const age = age_seconds < 60 ? `${age_seconds} s` : inWords(age_seconds * 1000);
  return html`<p class="note" id="stale">This is a copy of the record from ${moment(as_of)}, ${age} old: ${WHY[reason] ?? "GitHub gives no answer"}. Later events are not shown.</p>`;
}

function writeTitle({ status: { health } }: Overview): string {
  const urgent = health.needs_rotation.length;
  return `${urgent === 0 ? "" : `(${urgent}) `}Tokens`;
}

function describePlace(home: Home): string {
  if (home.kind === "github") return home.repository;
  return home.repository === null ? "on this machine" : `${home.repository}, on this machine`;
}
