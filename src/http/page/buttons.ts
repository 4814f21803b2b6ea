// Buttons that change something, hidden until the script is there, which asks for confirmation.

import type { Overview } from "../../core/health/overview.ts";
import { html, type Markup } from "../markup.ts";
import { sign } from "./words.ts";

/** Destinations that are named one by one. The others are only counted. */
const MOST = 3;

/** The button's data holds the facts for the script's question. A value that only a person has cannot be requested here. */
export function rotateButton(name: string, { status, byHand }: Overview): Markup {
  if (byHand.has(name)) return html`<span class="quiet">by hand</span>`;
  const { generation = 0, destinations = [] } = status.tokens[name] ?? {};
  const more = destinations.length - MOST;
  const places = `${destinations.slice(0, MOST).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
  return html`<button type="button" hidden data-rotate="${name}" data-generation="${generation}" data-places="${places}" aria-label="Rotate ${name}">${sign("turn")}Rotate</button>`;
}

export function runButton(name: string, tokens: number): Markup {
  return html`<button type="button" hidden data-run="${name}" data-tokens="${tokens}" aria-label="Run ${name}">${sign("turn")}Run</button>`;
}
