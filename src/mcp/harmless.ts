// Harmless copies of the record's text for a model. It may be written to deceive one, so no text in the copy is invisible or endless.

/** Longer texts are cut. Names have at most 255 characters, and no reason needs more than this. */
const MAX_TEXT = 1_000;
/** Control and format characters, private use and lone surrogates. People do not see them, and models read them (Unicode tags, UTS 55). */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}]/gu;

/** A copy of JSON data in which every text, keys too, shows all that it holds. */
export function harmless(value: unknown): unknown {
  if (typeof value === "string") return harmlessText(value);
  if (Array.isArray(value)) return value.map(harmless);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [harmlessText(key), harmless(inner)]),
  );
}

function harmlessText(text: string): string {
  const seen = text.replace(UNSEEN, "\uFFFD");
  return seen.length > MAX_TEXT ? `${seen.slice(0, MAX_TEXT)}…` : seen;
}
