// The next occurrence of a schedule in a time zone.
import type { Schedule } from "./cron.ts";
import { type LocalTime, localAt, resolveLocal, setBackAfter } from "./time-zone.ts";

export { parseSchedule, type Schedule } from "./cron.ts";
export { isTimeZone } from "./time-zone.ts";

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
/** The longest wait for a date: 29 February, from 2096 to 2104. */
const MAX_WAIT = 8 * 366 * DAY;
/** Fruitless candidates in a row (skipped by the clock, or shown twice) before giving up; in practice two or three. */
const MAX_CANDIDATES = 1000;
/** The first clock time after `after` that the fields match, on a clock that is never changed. */
function nextLocal(
  { times, matchesMonth, matchesDay, expression }: Schedule,
  after: LocalTime,
): LocalTime {
  const earliest = (Math.floor(after / MINUTE) + 1) * MINUTE;
  let day = Math.floor(earliest / DAY) * DAY;
  while (day - earliest <= MAX_WAIT) {
    const date = new Date(day);
    if (!matchesMonth(date.getUTCMonth() + 1)) {
      day = Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1);
      continue;
    }
    if (matchesDay(date.getUTCDate(), date.getUTCDay())) {
      const time = times.find((minutes) => day + minutes * MINUTE >= earliest);
      if (time !== undefined) return day + time * MINUTE;
    }
    day += DAY;
  }
  throw new RangeError(`no occurrence of ${expression} within eight years`);
}

function firstAfter(
  schedule: Schedule,
  timeZone: string,
  from: number,
  localFrom: LocalTime,
): number {
  let local = localFrom;
  for (let candidate = 0; candidate < MAX_CANDIDATES; candidate++) {
    local = nextLocal(schedule, local);
    const resolution = resolveLocal(timeZone, local);
    if (resolution.kind === "once" && resolution.at > from) return resolution.at;
    if (resolution.kind === "twice") {
      if (resolution.first > from) return resolution.first;
      if (!schedule.fixed && resolution.second > from) return resolution.second;
    }
    if (resolution.kind === "skipped") {
      // A zone that leaves out a whole day (Apia, 2011-12-30) has no such day to make up for.
      if (schedule.fixed && resolution.length < DAY && resolution.until > from)
        return resolution.until;
      if (!schedule.fixed) local = resolution.resumes - 1;
    }
  }
  throw new RangeError(
    `no occurrence of ${schedule.expression} in ${timeZone} among ${MAX_CANDIDATES} candidates`,
  );
}

/**
 * The first occurrence strictly after an instant, so that calling it again with what it gave yields
 * a strictly increasing sequence. Fields are read on the zone's clock; where the clock is changed:
 * - one time a day (`30 2 * * *`) occurs exactly once: at the first valid instant if skipped, at the
 *   first of two if shown twice;
 * - schedules with several times a day follow the clock, as a person looking at it would: times it
 *   skips do not occur, and times it shows twice occur twice (a schedule of every 15 minutes goes on).
 *
 * This is croner's rule, with one difference: a skipped time also moves where the first valid instant
 * falls on the next date (23:30 in America/Nuuk on the night of the change); croner drops it, and a
 * weekly schedule would lose its week.
 * @throws Misconfigured `timezone-unknown`; RangeError for an invalid date.
 */
export function nextOccurrence(schedule: Schedule, timeZone: string, after: Date): Date {
  const from = after.getTime();
  const next = firstAfter(schedule, timeZone, from, localAt(timeZone, from));
  const setBack = schedule.fixed ? null : setBackAfter(timeZone, from);
  if (setBack === null) return new Date(next);
  // The clock is about to show again times that lie before the one it shows now.
  return new Date(
    Math.min(next, firstAfter(schedule, timeZone, setBack - 1, localAt(timeZone, setBack) - 1)),
  );
}
