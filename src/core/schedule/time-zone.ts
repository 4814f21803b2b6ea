// Clock times of a zone and the instants they mean: gaps and repetitions at daylight-saving changes included.
// Our own until the oldest supported Node.js has Temporal: its polyfill would add 57 kB to every start, and @date-fns/tz
// gives offsets only, takes "+02:00" for a zone, and keeps every spelling of a name for ever.
import { Misconfigured } from "../base/errors.ts";

const SECOND = 1000;
const HOUR = 3600 * SECOND;
/** Wider than any offset from UTC that a zone has had (Manila before 1844: -15:56), so one probe lies on either side of a change. */
const PROBE = 16 * HOUR;

/**
 * A clock time, as milliseconds since 1970-01-01T00:00 *on that clock*: what `Date.UTC` gives for
 * the clock's own year, month, day, hour and minute.
 */
export type LocalTime = number;

/** What instants (epoch milliseconds) a clock time means. */
export type Resolution =
  | { readonly kind: "once"; readonly at: number }
  | { readonly kind: "twice"; readonly first: number; readonly second: number }
  /** The clock jumped over it: `until` is the first instant after the jump, when the clock shows `resumes`; `length` is the jump in milliseconds. */
  | {
      readonly kind: "skipped";
      readonly until: number;
      readonly resumes: LocalTime;
      readonly length: number;
    };

// Making a formatter costs a hundred times what using one does. Memory only: the same name always gives the same answers.
const formatters = new Map<string, Intl.DateTimeFormat>();
/** Above the number of names in the IANA database (about 600); other spellings of the case must not grow the map for ever. */
const MAX_FORMATTERS = 1000;

/** The zone of most schedules. Its clock shows the instant itself, so no caller waits for `Intl` to start. */
const UTC = "UTC";

/**
 * Whether `name` is a zone of the IANA time zone database, as this runtime's `Intl` knows it.
 * Letter case does not matter, as in `Intl` (ECMA-402); offsets such as `+02:00` are not zones.
 */
export function isTimeZone(name: string): boolean {
  if (name === UTC) return true;
  if (/^[+-]/.test(name)) return false;
  try {
    new Intl.DateTimeFormat("en-US", { timeZone: name });
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

function formatterOf(timeZone: string): Intl.DateTimeFormat {
  const known = formatters.get(timeZone);
  if (known !== undefined) return known;
  if (!isTimeZone(timeZone)) {
    throw new Misconfigured(`${JSON.stringify(timeZone.slice(0, 60))} is not a time zone`, {
      code: "timezone-unknown",
      hint: 'Name a zone of the IANA database, as "UTC" or "Europe/Berlin"; offsets such as "+02:00" are not accepted.',
    });
  }
  const numeric = "numeric";
  const formatter = new Intl.DateTimeFormat("en-US", {
    timeZone,
    hourCycle: "h23",
    year: numeric,
    month: numeric,
    day: numeric,
    hour: numeric,
    minute: numeric,
    second: numeric,
  });
  if (formatters.size >= MAX_FORMATTERS) formatters.clear();
  formatters.set(timeZone, formatter);
  return formatter;
}

/**
 * What the zone's clock shows at an instant (epoch milliseconds).
 * @throws Misconfigured `timezone-unknown`.
 */
export function localAt(timeZone: string, instant: number): LocalTime {
  if (timeZone === UTC) return instant;
  const shown: Record<string, number> = {};
  for (const { type, value } of formatterOf(timeZone).formatToParts(instant))
    shown[type] = Number(value);
  const { year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0 } = shown;
  return (
    Date.UTC(year, month - 1, day, hour, minute, second) +
    (instant - Math.floor(instant / SECOND) * SECOND)
  );
}

function offsetAt(timeZone: string, instant: number): number {
  return localAt(timeZone, instant) - instant;
}

/** The first whole second in (`low`, `high`] at which the offset is no longer what it is at `low`. */
function changeBetween(timeZone: string, low: number, high: number): number {
  const before = offsetAt(timeZone, low);
  let unchanged = low;
  let changed = high;
  while (changed - unchanged > SECOND) {
    const middle = unchanged + Math.floor((changed - unchanged) / (2 * SECOND)) * SECOND;
    if (offsetAt(timeZone, middle) === before) unchanged = middle;
    else changed = middle;
  }
  return changed;
}

/**
 * The instants at which a zone's clock shows a time of whole seconds.
 * @throws Misconfigured `timezone-unknown`.
 */
export function resolveLocal(timeZone: string, local: LocalTime): Resolution {
  const before = offsetAt(timeZone, local - PROBE);
  const after = offsetAt(timeZone, local + PROBE);
  const early = local - Math.max(before, after);
  const late = local - Math.min(before, after);
  const [first, second] = [...new Set([early, late])].filter(
    (instant) => localAt(timeZone, instant) === local,
  );
  if (first === undefined) {
    const until = changeBetween(timeZone, early, late);
    return { kind: "skipped", until, resumes: until + after, length: late - early };
  }
  return second === undefined ? { kind: "once", at: first } : { kind: "twice", first, second };
}

/**
 * Where the clock shows at `instant` a time that it will show again: the instant at which it is set
 * back. Null anywhere else, so also during the repetition itself.
 * @throws Misconfigured `timezone-unknown`.
 */
export function setBackAfter(timeZone: string, instant: number): number | null {
  const second = Math.floor(instant / SECOND) * SECOND;
  const resolution = resolveLocal(timeZone, localAt(timeZone, second));
  if (resolution.kind !== "twice" || second >= resolution.second) return null;
  return changeBetween(timeZone, second, resolution.second);
}
