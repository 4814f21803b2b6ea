// Links from one page of a list to the others.
import { html, type Markup } from "../markup.ts";
import { addressOf, type View } from "./view.ts";

type Place = {
  readonly field: "page" | "history";
  readonly page: number;
  readonly pages: number;
  readonly anchor: string;
  readonly words?: readonly [before: string, after: string];
};

/** Nothing if one page holds all. */
export function pager(
  label: string,
  view: View,
  { field, page, pages, anchor, words = ["Previous", "Next"] }: Place,
): Markup {
  if (pages === 1) return html``;
  const link = (to: number, text: string) =>
    to >= 1 &&
    to <= pages &&
    html`<a href="${addressOf(view, { [field]: to }, anchor)}">${text}</a>`;
  return html`<nav class="pager" aria-label="${label}">${link(page - 1, `← ${words[0]}`)}<span>Page ${page} of ${pages}</span>${link(page + 1, `${words[1]} →`)}</nav>`;
}
