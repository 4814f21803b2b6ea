// The meaning of a cron expression: its fields, read by croner with its traps closed.
import { CronPattern } from "croner";
import { Misconfigured } from "../base/errors.ts";

/** In characters; every value of every field, written out, takes about half of it. */
const MAX_EXPRESSION_LENGTH = 1024;

const MACROS: ReadonlyMap<string, string> = new Map([
  ["@hourly", "0 * * * *"],
  ["@daily", "0 0 * * *"],
  ["@weekly", "0 0 * * 0"],
  ["@monthly", "0 0 1 * *"],
  ["@yearly", "0 0 1 1 *"],
]);
/** Macros of other cron programs, and what to write here. */
const FOREIGN_MACROS: ReadonlyMap<string, string> = new Map([
  ["@annually", "@yearly"],
  ["@midnight", "@daily"],
  ["@weekdays", "0 0 * * 1-5"],
  ["@weekends", "0 0 * * 0,6"],
]);

/** `size` is the number of values: a longer step never takes a second one. `key` is croner's name of the field. */
const FIELDS = [
  { name: "minute", key: "minute", first: 0, last: 59, size: 60, range: "0-59", names: "" },
  { name: "hour", key: "hour", first: 0, last: 23, size: 24, range: "0-23", names: "" },
  { name: "day-of-month", key: "day", first: 1, last: 31, size: 31, range: "1-31", names: "" },
  {
    name: "month",
    key: "month",
    first: 1,
    last: 12,
    size: 12,
    range: "1-12 or JAN-DEC",
    names: "|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec",
  },
  {
    name: "day-of-week",
    key: "dayOfWeek",
    first: 0,
    last: 7,
    size: 7,
    range: "0-7 (0 and 7 are Sunday) or SUN-SAT",
    names: "|sun|mon|tue|wed|thu|fri|sat",
  },
] as const;

/** A parsed schedule. Opaque: make it with `parseSchedule`, read it with `nextOccurrence`. */
export type Schedule = {
  readonly expression: string;
  /** Minutes since midnight, ascending. */
  readonly times: readonly number[];
  readonly matchesMonth: (month: number) => boolean;
  readonly matchesDay: (dayOfMonth: number, dayOfWeek: number) => boolean;
  /** One time a day, written out: at a change of the clock it occurs exactly once. The others follow the clock. */
  readonly fixed: boolean;
};

type FieldIndex = 0 | 1 | 2 | 3 | 4;

// croner takes far more than these fields (L, W, #, ?), so the text is judged before croner reads it.
function grammar(names: string): RegExp {
  const value = `(?:\\d{1,2}${names})`;
  const item = `(?:\\*|${value}(?:-${value})?)(?:/\\d{1,2})?`;
  return new RegExp(`^${item}(?:,${item})*$`, "i");
}

function shown(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
}

function invalidMacro(macro: string): Misconfigured {
  const instead =
    FOREIGN_MACROS.get(macro.toLowerCase()) ??
    (MACROS.has(macro.toLowerCase()) ? macro.toLowerCase() : undefined);
  return new Misconfigured(
    `the schedule ${shown(macro)} is not one of ${[...MACROS.keys()].join(", ")}`,
    {
      code: "schedule-invalid",
      hint:
        instead === undefined
          ? 'Write one of those, or five fields, as "7 2 * * *".'
          : `Write ${instead} instead.`,
    },
  );
}

function wrongCount(expression: string, count: number): Misconfigured {
  const seen =
    expression.trim() === "" ? "is empty" : `has ${count} field${count === 1 ? "" : "s"}, not five`;
  const seconds =
    count === 6
      ? ": the first of six is seconds in some cron programs, and this one counts in minutes"
      : "";
  return new Misconfigured(`the schedule ${shown(expression)} ${seen}${seconds}`, {
    code: "schedule-fields",
    hint: `Write minute, hour, day-of-month, month and day-of-week${count === 6 ? " (leave out the seconds)" : ""}, as "7 2 * * *", or one of ${[...MACROS.keys()].join(", ")}.`,
  });
}

function invalidField(
  fields: readonly string[],
  index: FieldIndex,
  cause?: unknown,
): Misconfigured {
  const field = FIELDS[index];
  return new Misconfigured(
    `the schedule ${shown(fields.join(" "))} has the ${field.name} field ${shown(fields[index] ?? "")}, which is not valid`,
    {
      code: "schedule-invalid",
      hint: `The ${field.name} field takes ${field.range}: a value, "*", a range "a-b" upwards, these with a step "/n" of 1 to ${field.size}, and lists with commas; not L, W, #, ? or H of other cron programs.`,
      cause,
    },
  );
}

/** The values that one field names, ascending; Sunday is 0. */
function valuesOf(fields: readonly string[], index: FieldIndex): number[] {
  const { key, first, last, size, names } = FIELDS[index];
  const field = fields[index] ?? "";
  // croner does not see that the range of a step ends too late, as in `20-24/7`.
  const isOutside = ([, slash, digits]: RegExpMatchArray) =>
    slash === "/"
      ? Number(digits) < 1 || Number(digits) > size
      : Number(digits) < first || Number(digits) > last;
  if (!grammar(names).test(field) || [...field.matchAll(/(\/?)(\d+)/g)].some(isOutside))
    throw invalidField(fields, index);
  // croner takes a step of a range only: `20/15` counts on to the field's end.
  const written = field.replace(/(^|,)(\w+)\//g, `$1$2-${last}/`);
  try {
    const pattern = new CronPattern(["*", "*", "*", "*", "*"].with(index, written).join(" "));
    return pattern[key].flatMap((matches, value) => (matches ? [value + first] : []));
  } catch (error) {
    throw invalidField(fields, index, error);
  }
}

function neverOccurs(days: readonly number[], months: readonly number[]): boolean {
  // Day 0 of the month after is the last one of it; 2024 is a leap year.
  const longest = months.map((month) => new Date(Date.UTC(2024, month, 0)).getUTCDate());
  return Math.min(...days) > Math.max(...longest);
}

/**
 * Parses a schedule: the five fields of POSIX crontab(5) (minute, hour, day-of-month, month,
 * day-of-week; with names and steps, as GitHub's workflows take them), or `@hourly @daily @weekly
 * @monthly @yearly`. Where day-of-month and day-of-week are both given, either suffices.
 * @throws Misconfigured `schedule-fields` (not five of them), `schedule-invalid`, or `schedule-never` (30 February).
 */
export function parseSchedule(expression: string): Schedule {
  const text = expression.trim();
  if (text.startsWith("@") && !MACROS.has(text)) throw invalidMacro(text);
  const written = (MACROS.get(text) ?? text).split(/\s+/);
  if (written.length !== 5 || text === "") throw wrongCount(expression, written.length);
  if (text.length > MAX_EXPRESSION_LENGTH) {
    throw new Misconfigured(`the schedule ${shown(text)} has ${text.length} characters`, {
      code: "schedule-invalid",
      hint: `Write it with ranges and steps, in at most ${MAX_EXPRESSION_LENGTH} characters.`,
    });
  }
  const of = (index: FieldIndex) => valuesOf(written, index);
  const [minutes, hours, days, months, weekdays] = [of(0), of(1), of(2), of(3), of(4)];
  if (written[4] === "*" && neverOccurs(days, months)) {
    throw new Misconfigured(
      `the schedule ${shown(expression)} never occurs: none of its months has such a day`,
      {
        code: "schedule-never",
        hint: "Choose a day that one of those months has; every month has a 28th.",
      },
    );
  }
  const either = written[2] !== "*" && written[4] !== "*";
  return {
    expression: text,
    times: hours.flatMap((hour) => minutes.map((minute) => hour * 60 + minute)),
    matchesMonth: (month) => months.includes(month),
    matchesDay: (day, weekday) => {
      const [fitsMonth, fitsWeek] = [days.includes(day), weekdays.includes(weekday)];
      return either ? fitsMonth || fitsWeek : fitsMonth && fitsWeek;
    },
    fixed:
      minutes.length === 1 && hours.length === 1 && !/[*/]/.test(`${written[0]} ${written[1]}`),
  };
}
