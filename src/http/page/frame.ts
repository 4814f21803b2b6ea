// The frame of every page: the head with its only style and script, the landmarks, the headers.
import { documentResponse } from "../document.ts";
import { html, type Markup } from "../markup.ts";
import { SCRIPT, SCRIPT_HASH, STYLE, STYLE_HASH } from "./assets.ts";
import { track } from "./picture.ts";

/** A ring that turns, in the accent's colour. A request for an icon would be a second request. */
const ICON =
  "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16' fill='none' stroke='%23386fb8' stroke-width='2'%3E%3Cpath d='M13.4 8A5.4 5.4 0 1 1 11.6 4M11.8 1V4.4H8.6'/%3E%3C/svg%3E";

/** The policy: this page's own style and script by their digests, and requests to its own origin. Nothing else, whatever its content. */
const ALLOWED = [
  `style-src '${STYLE_HASH}'`,
  `script-src '${SCRIPT_HASH}'`,
  "img-src data:",
  "connect-src 'self'",
  "form-action 'self'",
  // No text becomes markup in the browser: https://www.w3.org/TR/trusted-types/
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
];

type Frame = {
  readonly title: string;
  /** The record's place, or empty if it must stay hidden. */
  readonly place: string;
  readonly head: Markup;
  readonly content: Markup;
  readonly after: Markup;
};

export function frame({ title, place, head, content, after }: Frame): Markup {
  return html`<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><meta name="color-scheme" content="light dark"><meta name="robots" content="noindex"><title>${title} – token-automation</title><link rel="icon" href="${raw(ICON)}"><style>${raw(STYLE)}</style></head><body>${signs()}<a class="skip" href="#main">Skip to the content</a><header><p class="brand"><svg class="sign" viewBox="0 0 16 16" aria-hidden="true"><use href="#turn"/></svg><b>token-automation</b> <span>${place}</span></p>${head}</header><p id="said" role="status"></p><main id="main" tabindex="-1">${content}</main>${after}<footer><p class="quiet">Values are never shown here. <a href="/openapi.json">API</a></p></footer><script>${raw(SCRIPT)}</script></body></html>`;
}

/** Our own text, made when the project was built. It stays unchanged, or its digest would not be the one in the headers. */
function raw(markup: string): Markup {
  return { markup };
}

/** The question before a change. The script fills in its subject. */
export function confirmation(): Markup {
  return html`<dialog id="ask" aria-labelledby="ask-what" aria-describedby="ask-more"><form method="dialog"><h2 id="ask-what"></h2><p id="ask-more"></p><p id="ask-wrong" role="alert"></p><p id="ask-run" role="status"></p><p id="ask-link" hidden><a rel="noreferrer">The run on GitHub</a></p><p class="choices"><button value="no" id="ask-no" autofocus>Cancel</button><button value="yes" id="ask-yes" class="strong"></button></p></form></dialog>`;
}

export function pageResponse(
  body: string,
  status = 200,
  headers: Readonly<Record<string, string>> = {},
): Response {
  return documentResponse({
    type: "text/html",
    body,
    status,
    allow: ALLOWED,
    headers: {
      "cross-origin-opener-policy": "same-origin",
      "cross-origin-resource-policy": "same-origin",
      ...headers,
    },
  });
}

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

/** An invisible drawing to which the others refer. */
function signs(): Markup {
  const symbols = Object.entries(SHAPES).map(
    ([id, shape]) => html`<symbol id="${id}" viewBox="0 0 16 16">${shape}</symbol>`,
  );
  return html`<svg class="defs" aria-hidden="true">${symbols}${track()}</svg>`;
}
