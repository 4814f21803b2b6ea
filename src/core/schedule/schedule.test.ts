// Schedules against an independent implementation, at every kind of change that clocks make.
import { Cron } from "croner";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import vectors from "../../../test/vectors.json" with { type: "json" };
import { Misconfigured } from "../base/errors.ts";
import { isTimeZone, nextOccurrence, parseSchedule } from "./schedule.ts";

const ZONES = [
  "UTC",
  "America/New_York",
  "Europe/Berlin",
  "Asia/Kolkata",
  "Pacific/Chatham",
  "Australia/Lord_Howe",
  "America/Sao_Paulo",
  "Africa/Casablanca",
  "Asia/Kathmandu",
];
/** Instants of clock changes: spring and autumn, 30 minutes (Lord Howe), 45-minute offset (Chatham), midnight (Sao Paulo, 2018), Ramadan (Casablanca). */
const CHANGES: readonly (readonly [zone: string, at: string])[] = [
  ["America/New_York", "2026-03-08T07:00:00Z"],
  ["America/New_York", "2026-11-01T06:00:00Z"],
  ["Europe/Berlin", "2026-03-29T01:00:00Z"],
  ["Europe/Berlin", "2026-10-25T01:00:00Z"],
  ["Pacific/Chatham", "2026-04-04T14:00:00Z"],
  ["Pacific/Chatham", "2026-09-26T14:00:00Z"],
  ["Australia/Lord_Howe", "2026-04-04T15:00:00Z"],
  ["Australia/Lord_Howe", "2026-10-03T15:30:00Z"],
  ["America/Sao_Paulo", "2018-02-18T02:00:00Z"],
  ["America/Sao_Paulo", "2018-11-04T03:00:00Z"],
  ["Africa/Casablanca", "2026-02-15T02:00:00Z"],
  ["Africa/Casablanca", "2026-03-22T02:00:00Z"],
];
const HOUR = 3_600_000;

function next(expression: string, zone: string, after: string): string {
  return nextOccurrence(parseSchedule(expression), zone, new Date(after)).toISOString();
}

function sequence(expression: string, zone: string, after: string, count: number): string[] {
  const schedule = parseSchedule(expression);
  const found: string[] = [];
  let at = new Date(after);
  while (found.length < count) {
    at = nextOccurrence(schedule, zone, at);
    found.push(at.toISOString());
  }
  return found;
}

function cronerSequence(expression: string, zone: string, after: string, count: number): string[] {
  return new Cron(expression, { timezone: zone })
    .nextRuns(count, new Date(after))
    .map((date) => date.toISOString());
}

const field = (min: number, max: number): fc.Arbitrary<string> => {
  const value = fc.integer({ min, max });
  const range = fc.tuple(value, value).map(([a, b]) => `${Math.min(a, b)}-${Math.max(a, b)}`);
  const step = fc
    .tuple(fc.oneof(fc.constant("*"), range), fc.integer({ min: 1, max: Math.min(12, max - min) }))
    .map(([of, n]) => `${of}/${n}`);
  const item = fc.oneof({ weight: 3, arbitrary: value.map(String) }, range, step);
  return fc.oneof(
    { weight: 3, arbitrary: fc.constant("*") },
    { weight: 4, arbitrary: item },
    fc.array(item, { minLength: 2, maxLength: 4 }).map((items) => items.join(",")),
  );
};
// Days stop at 28 and months are mostly free, so that no expression is impossible and few are years away.
const expressions = fc
  .tuple(
    field(0, 59),
    fc.oneof(field(0, 23), field(0, 3)),
    fc.oneof({ weight: 3, arbitrary: fc.constant("*") }, field(1, 28)),
    fc.oneof({ weight: 4, arbitrary: fc.constant("*") }, field(1, 12)),
    fc.oneof({ weight: 3, arbitrary: fc.constant("*") }, field(0, 7)),
  )
  .map((fields) => fields.join(" "));
const anywhere = fc.record({
  zone: fc.constantFrom(...ZONES),
  after: fc
    .integer({ min: Date.UTC(2015, 0), max: Date.UTC(2040, 0) })
    .map((ms) => new Date(ms).toISOString()),
});
const nearAChange = fc
  .record({
    change: fc.constantFrom(...CHANGES),
    shift: fc.integer({ min: -30 * HOUR, max: 6 * HOUR }),
  })
  .map(({ change: [zone, at], shift }) => ({
    zone,
    after: new Date(Date.parse(at) + shift).toISOString(),
  }));

describe("nextOccurrence", () => {
  test.each(vectors.cron_next.cases)(
    "$schedule in $timezone after $after",
    ({ schedule, timezone, after, next: expected }) => {
      expect(next(schedule, timezone, after)).toBe(expected);
    },
  );

  test("agrees with croner on random schedules, near changes of the clock and anywhere", async () => {
    await fc.assert(
      fc.property(
        expressions,
        fc.oneof({ weight: 3, arbitrary: nearAChange }, anywhere),
        (expression, { zone, after }) => {
          expect(sequence(expression, zone, after, 4)).toEqual(
            cronerSequence(expression, zone, after, 4),
          );
        },
      ),
      { numRuns: 1500 },
    );
  });

  test.each(CHANGES)("agrees with croner across the change in %s at %s", (zone, at) => {
    const after = new Date(Date.parse(at) - 5 * HOUR).toISOString();
    const shapes = [
      "*/15 * * * *",
      "7 * * * *",
      "0 */2 * * *",
      "*/20 0-3 * * *",
      "15,45 1,2 * * *",
      "30 1 * * *",
      "15 2 * * *",
      "0 0 * * *",
      "30 0 * * 0",
    ];
    for (const shape of shapes)
      expect([shape, ...sequence(shape, zone, after, 40)]).toEqual([
        shape,
        ...cronerSequence(shape, zone, after, 40),
      ]);
  });

  test("gives strictly increasing instants whose clock times match the fields", async () => {
    await fc.assert(
      fc.property(expressions, fc.oneof(nearAChange, anywhere), (expression, { zone, after }) => {
        const schedule = parseSchedule(expression);
        let previous = new Date(after);
        for (let i = 0; i < 4; i++) {
          const at = nextOccurrence(schedule, zone, previous);
          expect(at.getTime()).toBeGreaterThan(previous.getTime());
          if (!matchesClock(expression, zone, at)) {
            // Then it stands for a skipped time: it is the very instant of a jump forward.
            expect(schedule.fixed).toBe(true);
            expect(clock(zone, at) - clock(zone, new Date(at.getTime() - 1000))).toBeGreaterThan(
              1000,
            );
          }
          previous = at;
        }
      }),
      { numRuns: 500 },
    );
  });

  test("skipped, one time a day: moves to the first valid instant, and comes once", () => {
    expect(sequence("30 2 * * *", "Europe/Berlin", "2026-03-28T02:00:00Z", 2)).toEqual([
      "2026-03-29T01:00:00.000Z",
      "2026-03-30T00:30:00.000Z",
    ]);
  });

  test("skipped, several times a day: does not occur", () => {
    expect(sequence("30 2,14 * * *", "Europe/Berlin", "2026-03-28T14:00:00Z", 2)).toEqual([
      "2026-03-29T12:30:00.000Z",
      "2026-03-30T00:30:00.000Z",
    ]);
  });

  test("shown twice: one time a day comes once, at the first; a step goes on through both", () => {
    expect(sequence("30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z", 2)).toEqual([
      "2026-10-25T00:30:00.000Z",
      "2026-10-26T01:30:00.000Z",
    ]);
    expect(next("30 2 * * *", "Europe/Berlin", "2026-10-25T01:10:00Z")).toBe(
      "2026-10-26T01:30:00.000Z",
    );
    expect(sequence("*/30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z", 5)).toEqual([
      "2026-10-25T00:00:00.000Z",
      "2026-10-25T00:30:00.000Z",
      "2026-10-25T01:00:00.000Z",
      "2026-10-25T01:30:00.000Z",
      "2026-10-26T01:00:00.000Z",
    ]);
  });

  test("skipped at the end of a date: moves to the next one, where croner loses a week", () => {
    expect(next("30 23 * * 6", "America/Nuuk", "2026-03-28T12:00:00Z")).toBe(
      "2026-03-29T01:00:00.000Z",
    );
    expect(cronerSequence("30 23 * * 6", "America/Nuuk", "2026-03-28T12:00:00Z", 1)).toEqual([
      "2026-04-05T00:30:00.000Z",
    ]);
  });

  test("a date that a zone left out altogether is not made up for", () => {
    expect(sequence("0 12 * * *", "Pacific/Apia", "2011-12-29T12:00:00Z", 2)).toEqual([
      "2011-12-29T22:00:00.000Z",
      "2011-12-30T22:00:00.000Z",
    ]);
  });

  test("a schedule of every minute passes over a date that was left out in one step", () => {
    expect(sequence("* * * * *", "Pacific/Apia", "2011-12-30T09:58:30Z", 2)).toEqual([
      "2011-12-30T09:59:00.000Z",
      "2011-12-30T10:00:00.000Z",
    ]);
    expect(sequence("* 12 * * *", "Pacific/Apia", "2011-12-29T22:58:30Z", 2)).toEqual([
      "2011-12-29T22:59:00.000Z",
      "2011-12-30T22:00:00.000Z",
    ]);
    expect(next("*/2 1-23 30 * *", "Pacific/Apia", "2011-12-29T12:00:00Z")).toBe(
      "2012-01-29T11:00:00.000Z",
    );
  });

  test("the longest wait: 29 February over a century that has none", () => {
    expect(next("0 0 29 2 *", "UTC", "2096-02-29T00:00:00Z")).toBe("2104-02-29T00:00:00.000Z");
  });

  test("zones by any case; offsets and unknown names are refused", () => {
    expect(["UTC", "Europe/Berlin", "europe/berlin", "Etc/GMT+5"].map(isTimeZone)).toEqual([
      true,
      true,
      true,
      true,
    ]);
    expect(["", "+02:00", "-0500", "Mars/Olympus", "Europe/Berlin "].map(isTimeZone)).toEqual([
      false,
      false,
      false,
      false,
      false,
    ]);
    expect(() => next("0 0 * * *", "Mars/Olympus", "2026-01-01T00:00:00Z")).toThrow(
      expect.objectContaining({
        name: "Misconfigured",
        code: "timezone-unknown",
        message: '"Mars/Olympus" is not a time zone',
      }),
    );
  });

  test("an invalid date is refused, not searched from", () => {
    expect(() => nextOccurrence(parseSchedule("@daily"), "UTC", new Date(Number.NaN))).toThrow(
      RangeError,
    );
  });
});

describe("parseSchedule", () => {
  test.each([
    ["@hourly", "0 * * * *"],
    ["@daily", "0 0 * * *"],
    ["@weekly", "0 0 * * 0"],
    ["@monthly", "0 0 1 * *"],
    ["@yearly", "0 0 1 1 *"],
    ["0 0 * JAN,jul MON-FRI", "0 0 * 1,7 1-5"],
    ["0 0 * * 7", "0 0 * * 0"],
    ["0 0 * * SAT-SUN", "0 0 * * 0,6"],
    ["20/15 * * * *", "20,35,50 * * * *"],
    ["  5\t4  * * *\n", "5 4 * * *"],
    ["05 04 * * *", "5 4 * * *"],
    ["0 0 30 2 1", "0 0 * 2 1"],
    ["0 0 * * 0,7", "0 0 * * 0"],
    ["*/20,0,40-50/5 1-5,3 * * *", "0,20,40,45,50 1-5 * * *"],
    ["0 0 30 2,3 *", "0 0 30 3 *"],
  ])("%j means %j", (expression, same) => {
    const after = "2026-02-27T13:00:00Z";
    expect(sequence(expression, "UTC", after, 5)).toEqual(sequence(same, "UTC", after, 5));
  });

  test.each([
    ["", "schedule-fields", 'the schedule "" is empty'],
    ["  ", "schedule-fields", 'the schedule "  " is empty'],
    ["5", "schedule-fields", 'the schedule "5" has 1 field, not five'],
    ["0 0 * *", "schedule-fields", 'the schedule "0 0 * *" has 4 fields, not five'],
    [
      "0 0 2 * * *",
      "schedule-fields",
      'the schedule "0 0 2 * * *" has 6 fields, not five: the first of six is seconds in some cron programs, and this one counts in minutes',
    ],
    [
      "every day at noon",
      "schedule-fields",
      'the schedule "every day at noon" has 4 fields, not five',
    ],
    [
      "0 0 30 2 *",
      "schedule-never",
      'the schedule "0 0 30 2 *" never occurs: none of its months has such a day',
    ],
    [
      "0 0 31 4,6 *",
      "schedule-never",
      'the schedule "0 0 31 4,6 *" never occurs: none of its months has such a day',
    ],
    [
      "60 0 * * *",
      "schedule-invalid",
      'the schedule "60 0 * * *" has the minute field "60", which is not valid',
    ],
    [
      "0 24 * * *",
      "schedule-invalid",
      'the schedule "0 24 * * *" has the hour field "24", which is not valid',
    ],
    [
      "0 0 0 * *",
      "schedule-invalid",
      'the schedule "0 0 0 * *" has the day-of-month field "0", which is not valid',
    ],
    [
      "0 0 * 13 *",
      "schedule-invalid",
      'the schedule "0 0 * 13 *" has the month field "13", which is not valid',
    ],
    [
      "0 0 * * 8",
      "schedule-invalid",
      'the schedule "0 0 * * 8" has the day-of-week field "8", which is not valid',
    ],
    [
      "5-1 0 * * *",
      "schedule-invalid",
      'the schedule "5-1 0 * * *" has the minute field "5-1", which is not valid',
    ],
    [
      "*/90 * * * *",
      "schedule-invalid",
      'the schedule "*/90 * * * *" has the minute field "*/90", which is not valid',
    ],
    [
      "@reboot",
      "schedule-invalid",
      'the schedule "@reboot" is not one of @hourly, @daily, @weekly, @monthly, @yearly',
    ],
  ])("refuses %j", (expression, code, message) => {
    expect(() => parseSchedule(expression)).toThrow(
      expect.objectContaining({ name: "Misconfigured", code, message }),
    );
  });

  test.each([
    "L",
    "LW",
    "15W",
    "?",
    "H",
    "H(1-5)",
    "-1",
    "1-",
    "1--2",
    "1.5",
    "1e1",
    "*5",
    "**",
    "5*",
    "*/0",
    "*/",
    "/5",
    "1/2/3",
    "1-5-9",
    "1,,2",
    ",",
    ",1",
    "1,",
    "FRI",
    "1#2",
    "0x5",
    "٣",
    "JAN",
    "100",
    "\u00a0",
  ])("refuses the day-of-month %j", (garbage) => {
    expect(() => parseSchedule(`0 0 ${garbage} * *`)).toThrow(Misconfigured);
  });

  test.each(["5#2", "5L", "L", "FRIDAY", "0MON", "MONFRI", "JAN", "FRI-MON", "?", "H"])(
    "refuses the day-of-week %j",
    (garbage) => {
      expect(() => parseSchedule(`0 0 * * ${garbage}`)).toThrow(
        expect.objectContaining({ code: "schedule-invalid" }),
      );
    },
  );

  test.each([
    ["@Daily", "Write @daily instead."],
    ["@annually", "Write @yearly instead."],
    ["@midnight", "Write @daily instead."],
    ["@weekdays", "Write 0 0 * * 1-5 instead."],
    ["@secondly", 'Write one of those, or five fields, as "7 2 * * *".'],
  ])("says what to write for %s", (expression, hint) => {
    expect(() => parseSchedule(expression)).toThrow(
      expect.objectContaining({ code: "schedule-invalid", hint }),
    );
  });

  test("takes any text, of any length, to a schedule that occurs or to Misconfigured with a short message", async () => {
    const text = fc.oneof(
      fc.string(),
      fc
        .array(fc.string({ unit: fc.constantFrom(..."0123456789*/-,LW#?HJANMON@ ") }), {
          minLength: 5,
          maxLength: 5,
        })
        .map((fields) => fields.join(" ")),
      fc.integer({ min: 1, max: 5000 }).map((n) => `${"1,".repeat(n)}1 0 * * *`),
    );
    await fc.assert(
      fc.property(text, (expression) => {
        const outcome = attempt(() => parseSchedule(expression));
        if (outcome instanceof Misconfigured) {
          expect(outcome.message.length).toBeLessThan(400);
          expect(outcome.hint).not.toBeNull();
        } else expect(nextOccurrence(outcome, "UTC", new Date(0)).getTime()).toBeGreaterThan(0);
      }),
      { numRuns: 1000 },
    );
  });
});

function attempt<Result>(act: () => Result): Result | Misconfigured {
  try {
    return act();
  } catch (error) {
    if (error instanceof Misconfigured) return error;
    throw error;
  }
}

/** The zone's clock as if it were UTC, read by another way than the code under test: the text form of the offset. */
function clock(zone: string, at: Date): number {
  const text = new Intl.DateTimeFormat("en-US", {
    timeZone: zone,
    timeZoneName: "longOffset",
  }).format(at);
  const [, sign, hours, minutes] = /GMT(?:([+-])(\d\d):(\d\d))?/.exec(text) ?? [];
  return (
    at.getTime() +
    (sign === "-" ? -1 : 1) * (Number(hours ?? 0) * 60 + Number(minutes ?? 0)) * 60_000
  );
}

function matchesClock(expression: string, zone: string, at: Date): boolean {
  // On a clock that is never changed, croner's own matching shows whether the fields fit.
  return new Cron(expression, { timezone: "UTC" }).match(new Date(clock(zone, at)));
}
