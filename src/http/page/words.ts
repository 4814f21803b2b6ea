// Wording that all parts of the page share: a health's look, points in time, counts, links.

import { instantMs, inWords } from "../../core/base/instant.ts";
import type { HealthStatus } from "../../core/health/status.ts";
import type { Home } from "../../core/model/token.ts";
import { html, type Markup } from "../markup.ts";

/** The look of a health: its words, its sign (a symbol of `signs.ts`), and the tone that the style sheet gives it. */
type Face = {
  readonly words: string;
  readonly sign: string;
  readonly tone: "green" | "yellow" | "orange" | "red" | "gray";
};

export const FACES: Readonly<Record<HealthStatus, Face>> = {
  recently_rotated: { words: "recently rotated", sign: "check", tone: "green" },
  ok: { words: "ok", sign: "check", tone: "green" },
  should_rotate: { words: "should rotate", sign: "clock", tone: "yellow" },
  never_rotated: { words: "never rotated", sign: "none", tone: "gray" },
  unknown: { words: "unclear", sign: "question", tone: "gray" },
  needs_rotation: { words: "needs rotation", sign: "triangle", tone: "orange" },
  failing: { words: "failing", sign: "cross", tone: "red" },
  high_risk: { words: "high risk", sign: "alarm", tone: "red" },
};

/** Whether a person should look at it, as in the Action's summary. */
export function wantsAttention(status: HealthStatus): boolean {
  return status !== "ok" && status !== "recently_rotated";
}

export function sign(name: string): Markup {
  return html`<svg class="sign" viewBox="0 0 16 16" aria-hidden="true"><use href="#${name}"/></svg>`;
}

export function chip(status: HealthStatus): Markup {
  const { words, sign: name, tone } = FACES[status];
  return html`<span class="chip ${tone}">${sign(name)}${words}</span>`;
}

/** A point in time to the minute, in UTC. A text that is no instant is shown as it is. */
export function moment(instant: string | null): Markup {
  const ms = instantMs(instant);
  if (ms === null) return html`${instant ?? "–"}`;
  const iso = new Date(ms).toISOString();
  return html`<time datetime="${iso.slice(0, 16)}Z">${iso.slice(0, 10)} ${iso.slice(11, 16)}Z</time>`;
}

/** `in 3 h`, `now`. */
export function until(instant: string, now: Date): string {
  const left = (instantMs(instant) ?? now.getTime()) - now.getTime();
  return left <= 0 ? "now" : `in ${inWords(left)}`;
}

/** `3 h ago`, `just now`. */
export function ago(instant: string, now: Date): string {
  const passed = now.getTime() - (instantMs(instant) ?? now.getTime());
  return passed < 60_000 ? "just now" : `${inWords(passed)} ago`;
}

/** A command for this record, for a person to type. */
export function command(words: string, home: Home): Markup {
  return html`<code>token-automation ${words}${home.kind === "github" && ` --repo ${home.repository}`}</code>`;
}

export function formatCount(count: number, noun: string, plural = `${noun}s`): string {
  return `${count} ${count === 1 ? noun : plural}`;
}

/** The first few, and how many more there are. */
export function some(names: readonly string[], most: number): Markup {
  const shown = names
    .slice(0, most)
    .map((name, index) => html`${index > 0 && ", "}<code>${name}</code>`);
  return html`${shown}${names.length > most && ` and ${names.length - most} more`}`;
}

/** A link to another site, only if it is a web address. Many people write the record, and `javascript:` is an address too. */
export function link(url: string | null | undefined, words: Markup): Markup {
  if (!url || !URL.canParse(url) || new URL(url).protocol !== "https:") return words;
  return html`<a href="${url}" rel="noreferrer">${words}</a>`;
}

/** A name that may be broken after its underscores, if the line is too short for it. */
export function breakable(name: string): Markup {
  return html`${name.split(/(?<=_)(?=[^_])/).map((part, index) => html`${index > 0 && html`<wbr>`}${part}`)}`;
}

/** The longest text of other people that is shown whole, in characters. A page must stay small and readable, whatever a record holds. */
const MOST_CHARACTERS = 240;

/** Text that other people may have written, cut to a length that fits. Its direction does not change the text around it. */
export function foreign(text: string): Markup {
  return html`<bdi>${shorten(text)}</bdi>`;
}

const INSTANT = /(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z)/;

/** As `foreign`, with points in time in the page's own form, which no line breaks. */
export function reasonInWords(text: string): Markup {
  const parts = shorten(text).split(INSTANT);
  return html`<bdi>${parts.map((part, index) => (index % 2 === 1 ? moment(part) : part))}</bdi>`;
}

function shorten(text: string): string {
  const characters = text.length > MOST_CHARACTERS ? [...text] : [];
  return characters.length > MOST_CHARACTERS
    ? `${characters.slice(0, MOST_CHARACTERS).join("")}…`
    : text;
}
