// Replies below a length, for callers that can take only so much. A cut is always reported.

/** GPT Actions refuse replies of 100,000 characters and more: developers.openai.com, "Production notes on GPT Actions". */
const MAX_REPLY_CHARACTERS = 99_000;
/** The lists of a report, in the order in which they are cut. */
export const REPORT_LISTS = [
  "tokens",
  "skipped",
  "rotated",
  "failed",
  "failing",
  "drifted",
  "proved",
  "revoked",
  "warnings",
] as const;

/**
 * Cuts lists (from their end; the history from its beginning) and maps until the whole is short enough, and reports it in `left_out`.
 * @param fields the fields that may be cut, dots between the names of nested ones; the first is cut first
 * @param most the longest that a field may be, whatever the length of the whole
 */
export function shorten<Body extends object>(
  body: Body,
  fields: readonly string[],
  most: Readonly<Record<string, number>> = {},
): Body {
  const copy = structuredClone(body);
  const leftOut: { field: string; told: number; of: number }[] = [];
  for (const field of fields) {
    const path = field.split(".");
    const last = path.pop() ?? "";
    const holder = path.reduce<unknown>((value, name) => Reflect.get(Object(value), name), copy);
    const whole: unknown = Reflect.get(Object(holder), last);
    if (typeof whole !== "object" || whole === null) continue;
    const entries: readonly (readonly [string, unknown])[] =
      field === "history" ? Object.entries(whole).reverse() : Object.entries(whole);
    const excess = JSON.stringify(copy).length - MAX_REPLY_CHARACTERS;
    const kept = entries.slice(
      0,
      Math.min(most[field] ?? entries.length, countFitting(entries, excess)),
    );
    if (kept.length === entries.length) continue;
    if (field === "history") kept.reverse();
    Reflect.set(
      Object(holder),
      last,
      Array.isArray(whole) ? kept.map(([, value]) => value) : Object.fromEntries(kept),
    );
    leftOut.push({ field, told: kept.length, of: entries.length });
  }
  return leftOut.length === 0 ? body : { ...copy, left_out: leftOut };
}

/** How many entries, counted from the first, can stay so that `excess` characters go. */
function countFitting(entries: readonly (readonly [string, unknown])[], excess: number): number {
  let kept = entries.length;
  let spare = excess;
  while (spare > 0 && kept > 0) {
    kept--;
    spare -= JSON.stringify(entries[kept]?.[1] ?? null).length + 1;
  }
  return kept;
}
