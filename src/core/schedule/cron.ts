// Cron expressions, whose fields cron-parser reads with its traps closed.
import { CronExpressionParser } from "cron-parser";
import { Misconfigured } from "../base/errors.ts";

/** cron-parser's own limit, in characters; every value of every field takes about half of it. */
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

const MONTHS = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec";
const WEEKDAYS = "sun|mon|tue|wed|thu|fri|sat";
/** `size` is the number of values: a step beyond it never takes a second one. */
const FIELDS = [
  { name: "minute", range: "0-59", size: 60, pattern: grammar("") },
  { name: "hour", range: "0-23", size: 24, pattern: grammar("") },
  { name: "day-of-month", range: "1-31", size: 31, pattern: grammar("") },
  { name: "month", range: "1-12 or JAN-DEC", size: 12, pattern: grammar(`|${MONTHS}`) },
  {
    name: "day-of-week",
    range: "0-7 (0 and 7 are Sunday) or SUN-SAT",
    size: 7,
    pattern: grammar(`|${WEEKDAYS}`),
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
/** Minutes, hours, days of the month, months, days of the week (where 7 is Sunday, too), each ascending. */
type FieldValues = readonly [
  readonly number[],
  readonly number[],
  readonly number[],
  readonly number[],
  readonly number[],
];

// cron-parser itself takes far more (L, #, ?, H, names inside numbers), so what reaches it is settled here.
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

function invalidField(expression: string, index: FieldIndex, cause?: unknown): Misconfigured {
  const field = FIELDS[index];
  const seen = expression.split(" ")[index] ?? "";
  return new Misconfigured(
    `the schedule ${shown(expression)} has the ${field.name} field ${shown(seen)}, which is not valid`,
    {
      code: "schedule-invalid",
      hint: `The ${field.name} field takes ${field.range}: a value, "*", a range "a-b" upwards, these with a step "/n" of 1 to ${field.size}, and lists with commas; not L, W, #, ? or H of other cron programs.`,
      cause,
    },
  );
}

function valuesOf(fields: readonly string[]): FieldValues {
  const { minute, hour, dayOfMonth, month, dayOfWeek } = CronExpressionParser.parse(
    fields.join(" "),
    { tz: "UTC", currentDate: 0 },
  ).fields;
  const of = (field: { values: readonly (number | string)[] }) => field.values.map(Number);
  return [of(minute), of(hour), of(dayOfMonth), of(month), of(dayOfWeek)];
}

/**
 * One item of one field at a time, since cron-parser refuses lists that overlap (`1-5,3` or `0,7`)
 * and does not tell which field it refused.
 */
function valuesByItem(expression: string, fields: readonly string[]): FieldValues {
  const of = (index: FieldIndex) => {
    try {
      const items = (fields[index] ?? "").split(",");
      const values = items.flatMap(
        (item) => valuesOf(["*", "*", "*", "*", "*"].with(index, item))[index],
      );
      return [...new Set(values)].sort((a, b) => a - b);
    } catch (error) {
      throw invalidField(expression, index, error);
    }
  };
  return [of(0), of(1), of(2), of(3), of(4)];
}

function neverOccurs([, , days, months]: FieldValues): boolean {
  // Day 0 of the month after is the last one of it; 2024 is a leap year.
  const longest = months.map((month) => new Date(Date.UTC(2024, month, 0)).getUTCDate());
  return Math.min(...days) > Math.max(...longest);
}

function parseFields(expression: string, fields: readonly string[]): FieldValues {
  for (const index of [0, 1, 2, 3, 4] as const) {
    const { pattern, size } = FIELDS[index];
    const field = fields[index] ?? "";
    const steps = [...field.matchAll(/\/(\d+)/g)].map(([, step]) => Number(step));
    if (!pattern.test(field) || steps.some((step) => step < 1 || step > size))
      throw invalidField(expression, index);
  }
  try {
    return valuesOf(fields);
  } catch (error) {
    const values = valuesByItem(expression, fields);
    if (fields[4] !== "*" || !neverOccurs(values)) return values;
    throw new Misconfigured(
      `the schedule ${shown(expression)} never occurs: none of its months has such a day`,
      {
        code: "schedule-never",
        hint: "Choose a day that one of those months has; every month has a 28th.",
        cause: error,
      },
    );
  }
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
  // A range that ends on Sunday ends on 7: cron-parser would read SAT-SUN as 6-0.
  const fields = written.with(4, (written[4] ?? "").replace(/-sun/gi, "-7"));
  const [minutes, hours, days, months, weekdays] = parseFields(written.join(" "), fields);
  const either = fields[2] !== "*" && fields[4] !== "*";
  return {
    expression: text,
    times: hours.flatMap((hour) => minutes.map((minute) => hour * 60 + minute)),
    matchesMonth: (month) => months.includes(month),
    matchesDay: (day, weekday) => {
      const [fitsMonth, fitsWeek] = [
        days.includes(day),
        weekdays.some((value) => value % 7 === weekday),
      ];
      return either ? fitsMonth || fitsWeek : fitsMonth && fitsWeek;
    },
    fixed: minutes.length === 1 && hours.length === 1 && !/[*/]/.test(`${fields[0]} ${fields[1]}`),
  };
}
