// The buttons that change something: hidden until the script, which asks for confirmation, is there.
import type { Status } from "../../app.ts";
import { html, type Markup } from "../markup.ts";
import { sign } from "./words.ts";

/** What the script tells in its question stands in the button's data. */
export function rotateButton(name: string, { tokens }: Status): Markup {
  const { generation = 0, destinations = [] } = tokens[name] ?? {};
  return html`<button type="button" hidden data-rotate="${name}" data-generation="${generation}" data-places="${destinations.length}" aria-label="Rotate ${name}">${sign("turn")}Rotate</button>`;
}

export function runButton(name: string, tokens: number): Markup {
  return html`<button type="button" hidden data-run="${name}" data-tokens="${tokens}" aria-label="Run ${name}">${sign("turn")}Run</button>`;
}
