// The head of the page: the state of all tokens in one sentence and one bar, and those that need a person first.

import type { Overview } from "../../core/health/overview.ts";
import type { TokenHealth } from "../../core/health/shapes.ts";
import { HEALTH_STATUSES, type HealthStatus } from "../../core/health/status.ts";
import type { Home } from "../../core/model/token.ts";
import { html, type Markup } from "../markup.ts";
import { rotateButton } from "./buttons.ts";
import { addressOf, type View } from "./view.ts";
import { chip, command, FACES, formatCount, reasonInWords, some, wantsAttention } from "./words.ts";

/** Tokens that are listed before the others are only counted. */
const MOST = 10;
const MOST_NAMES = 12;

/** The worst first, otherwise in declaration order. */
export const WORST_FIRST = HEALTH_STATUSES.toReversed();

export function summary({ status: { health } }: Overview, view: View): Markup {
  const counts = WORST_FIRST.map(
    (status) => [status, health.tokens.filter((token) => token.status === status).length] as const,
  );
  const present = counts.filter(([, count]) => count > 0);
  const words = present.map(([status, count]) => `${count} ${FACES[status].words}`).join(", ");
  const legend = present.map(
    ([status, count]) =>
      html`<li><a href="${addressOf(view, { health: status, page: 1 }, "tokens")}">${chip(status)} <b>${count}</b></a></li>`,
  );
  return html`<section class="summary" aria-labelledby="stand"><h1 id="stand">${headline(health.tokens)}</h1>${present.length > 0 && html`<svg class="bar" viewBox="0 0 ${health.total_tokens} 1" preserveAspectRatio="none" role="img" aria-label="${words}">${shares(present)}</svg><ul class="legend">${legend}</ul>`}</section>`;
}

function headline(tokens: readonly TokenHealth[]): string {
  const wanting = tokens.filter(({ status }) => wantsAttention(status)).length;
  if (tokens.length === 0) return "No token is declared yet";
  if (wanting === 0)
    return tokens.length === 1 ? "The token is well" : `All ${tokens.length} tokens are well`;
  return `${wanting} of ${formatCount(tokens.length, "token")} ${wanting === 1 ? "needs" : "need"} attention`;
}

function shares(present: readonly (readonly [HealthStatus, number])[]): Markup[] {
  let x = 0;
  return present.map(([status, count]) => {
    const share = html`<rect class="${FACES[status].tone} ${status}" x="${x}" width="${count}" height="1"/>`;
    x += count;
    return share;
  });
}

/** Tokens that a person should act on, the worst first, each with the reason why it is held back. */
export function attention(
  overview: Overview,
  view: View,
  may: { readonly rotate: boolean },
): Markup {
  const { health } = overview.status;
  if (health.total_tokens === 0) return firstSteps(overview.home);
  const wanting = WORST_FIRST.flatMap((status) =>
    wantsAttention(status) ? health.tokens.filter((token) => token.status === status) : [],
  );
  const uncovered = overview.actions.flatMap(({ request, token_name }) =>
    request?.path === "/tokens/setup-rotation" ? [token_name] : [],
  );
  if (wanting.length + uncovered.length === 0) return html``;
  const items = wanting.slice(0, MOST).map((token) => item(token, overview, may));
  const more = wanting.length - MOST;
  return html`<section id="attention" aria-labelledby="first"><h2 id="first">Needs attention first</h2><ul class="cards">${items}</ul>${more > 0 && html`<p><a href="${addressOf(view, { health: "attention", page: 1 }, "tokens")}">… and ${more} more</a></p>`}${uncovered.length > 0 && html`<p class="note">No rule and no workflow rotates ${some(uncovered, MOST_NAMES)}. ${command("setup-rule NAME HOURS", overview.home)} gives a token a rule.</p>`}</section>`;
}

function item(token: TokenHealth, overview: Overview, may: { readonly rotate: boolean }): Markup {
  const { plan, actions } = overview;
  const { name, reason } = token;
  const hold = plan.skipped.find(({ token_name }) => token_name === name);
  const due = plan.due.some(({ token_name }) => token_name === name);
  const advice = actions.find((action) => action.token_name === name && action.request === null);
  const note =
    hold !== undefined && hold.code !== "backoff"
      ? `Held back: ${hold.reason}`
      : due
        ? "The next run rotates it."
        : null;
  return html`<li class="${FACES[token.status].tone}"><div><h3><code>${name}</code> ${chip(token.status)}</h3><p>${reasonInWords(reason)}</p>${note !== null && html`<p class="quiet">${reasonInWords(note)}</p>`}${advice !== undefined && hold === undefined && html`<p class="quiet">${advice.reason}</p>`}</div>${may.rotate && rotateButton(name, overview)}</li>`;
}

/** A record on GitHub declares no new name without --create. */
function firstSteps(home: Home): Markup {
  const first = command(home.kind === "github" ? "rotate NAME --create" : "rotate NAME", home);
  return html`<section aria-labelledby="begin"><h2 id="begin">Begin</h2><p>Declare tokens in <code>token_config.json</code>, or let ${first} declare one and make its first value.</p></section>`;
}
