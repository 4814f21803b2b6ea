// The signs of the page, drawn once each: shapes that differ, so that no colour has to be seen.
import { html, type Markup } from "../markup.ts";
import { track } from "./picture.ts";

const RING = html`<circle cx="8" cy="8" r="6.2"/>`;

const SHAPES: Readonly<Record<string, Markup>> = {
  check: html`${RING}<path d="M5.2 8.2l2 2l3.6-4.2"/>`,
  clock: html`${RING}<path d="M8 4.6V8l2.2 1.6"/>`,
  triangle: html`<path d="M8 2.2l6.2 11.3H1.8zM8 6.4v3.4M8 11.6v.3"/>`,
  alarm: html`<path d="M5.4 1.8h5.2l3.6 3.6v5.2l-3.6 3.6H5.4l-3.6-3.6V5.4zM8 4.6v4.2M8 11v.3"/>`,
  cross: html`${RING}<path d="M5.8 5.8l4.4 4.4M10.2 5.8l-4.4 4.4"/>`,
  none: html`<circle cx="8" cy="8" r="6.2" stroke-dasharray="2.6 2.2"/>`,
  question: html`${RING}<path d="M6.2 6.3q.2-1.7 1.9-1.7t1.8 1.6q0 1-1 1.6T8 9.1M8 11.2v.3"/>`,
  turn: html`<path d="M13.4 8A5.4 5.4 0 1 1 11.6 4M11.8 1.4V4.2H9"/>`,
  pen: html`<path d="M2.6 13.4l.7-3L10.6 3l2.4 2.4l-7.4 7.3z"/>`,
  stop: html`${RING}<path d="M3.8 3.8l8.4 8.4"/>`,
};

/** An invisible drawing that the others refer to. */
export function signs(): Markup {
  const symbols = Object.entries(SHAPES).map(
    ([id, shape]) => html`<symbol id="${id}" viewBox="0 0 16 16">${shape}</symbol>`,
  );
  return html`<svg class="defs" aria-hidden="true">${symbols}${track()}</svg>`;
}
