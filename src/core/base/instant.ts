// Points in time as the record writes them (ISO 8601, UTC) and as the core reckons with them (milliseconds).

/** One hour in milliseconds. */
export const HOUR_MS = 3_600_000;
/** One day in milliseconds. Ages are lengths of time, so a day is 24 hours whatever a zone's clocks do. */
export const DAY_MS = 24 * HOUR_MS;

/** Milliseconds since 1970 of an ISO 8601 text; null where there is none, or where it names no point in time. */
export function instantMs(text: string | null | undefined): number | null {
  if (text === null || text === undefined) return null;
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? null : ms;
}

/** ISO 8601 in UTC, without the fraction where it is zero: `2026-01-02T02:00:00Z`. */
export function toInstant(ms: number): string {
  return new Date(ms).toISOString().replace(".000Z", "Z");
}

/** A length of time for people, in its largest fitting unit, rounded down so that no limit seems reached before it is: `3 h`, `40 d`. */
export function inWords(ms: number): string {
  if (ms >= 2 * DAY_MS) return `${Math.floor(ms / DAY_MS)} d`;
  if (ms >= HOUR_MS) return `${Math.floor(ms / HOUR_MS)} h`;
  return `${Math.max(0, Math.floor(ms / 60_000))} min`;
}
