// Markup from templates, in which every inserted text is escaped, unless it is markup itself.
// hono/html escapes five characters, and lets controls and marks through that hide or reorder text.
// It may also return a promise.

/** HTML or SVG that is safe to send as it is. Only `html` makes it. */
export type Markup = { readonly markup: string };
type Part = Markup | string | number | false | null | readonly Part[];

/**
 * Characters that a browser or an editor would act on instead of showing: controls (XML 1.0 forbids most), marks that reorder
 * or hide text (https://trojansource.codes), lone surrogates.
 */
const UNSAFE =
  /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]/gu;
const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&#34;",
  "'": "&#39;",
};

/** Text as it may stand between tags and in quoted attributes. */
function escapeText(text: string): string {
  return text
    .replace(UNSAFE, "\u{fffd}")
    .replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
}

/** A template of markup. Text and numbers are escaped, lists are joined, false and null are nothing. Attributes must be quoted. */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Markup {
  let text = strings[0] ?? "";
  for (const [index, part] of parts.entries()) text += partText(part) + (strings[index + 1] ?? "");
  return { markup: text };
}

/** The text of a document's whole markup. */
export function markup({ markup: text }: Markup): string {
  return text;
}

function partText(part: Part): string {
  if (part === null || part === false) return "";
  if (typeof part === "string") return escapeText(part);
  if (typeof part === "number") return String(part);
  return "markup" in part ? part.markup : part.map(partText).join("");
}
