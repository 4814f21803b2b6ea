// Wording of single values for people: harmless text from the record, times, counts.

import type pc from "picocolors";
import { inWords } from "../../core/base/instant.ts";

/**
 * Characters that a terminal would act on instead of showing: C0 and C1 controls, line and paragraph separators,
 * the marks that reorder or hide text (https://trojansource.codes), and lone surrogates.
 */
const UNSAFE =
  /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]/gu;

/** Text that other people may have written, safe on a terminal and in one line. A character that would act is shown as its escape. */
export function plain(text: string): string {
  return text.replace(UNSAFE, (character) => {
    if (character === "\n") return "\\n";
    if (character === "\t") return "\\t";
    return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
  });
}

/** An instant to the minute in UTC, as `2027-01-31 02:00Z`; `-` for none. */
export function minute(instant: string | Date | null): string {
  if (instant === null) return "-";
  const date = new Date(instant);
  if (Number.isNaN(date.getTime())) return plain(String(instant));
  return `${date.toISOString().slice(0, 16).replace("T", " ")}Z`;
}

/** `2027-01-31 02:00Z (in 3 h)`; `now` for a time that has passed. */
export function dueAt(instant: string, now: Date): string {
  const left = new Date(instant).getTime() - now.getTime();
  return left <= 0 ? "now" : `${minute(instant)} (in ${inWords(left)})`;
}

/** `1 token`, `2 tokens`. */
export function formatCount(count: number, noun: string, plural = `${noun}s`): string {
  return `${count} ${count === 1 ? noun : plural}`;
}

/** A fingerprint short enough for a table. `--json` has the whole of it. */
export function short(fingerprint: string | null): string {
  if (fingerprint === null) return "-";
  const [kind, digest] = fingerprint.split(":", 2);
  return digest === undefined
    ? plain(fingerprint)
    : `${plain(kind ?? "")}:${plain(digest.slice(0, 12))}…`;
}

/** `yes` or `no`. */
export function yesNo(value: boolean): string {
  return value ? "yes" : "no";
}

export type Colors = ReturnType<typeof pc.createColors>;
