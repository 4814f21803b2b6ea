// Notes of a migration: what it could not carry over, once for each kind, and the times of the Python program.
import { toInstant } from "../base/instant.ts";
import { seenName } from "../base/showable.ts";

/** Collects what a person should know about a migration. */
export type Notes = {
  readonly warn: (text: string) => void;
  /** A key that has no counterpart; `where` is what it stood in, as `tokens`. */
  readonly leftOut: (where: string, key: string) => void;
  /** A time as ISO 8601 in UTC, never after now; null where it cannot be read. */
  readonly time: (value: unknown) => string | null;
  readonly warnings: () => string[];
};

/** Seconds since 1970 stay below this until the year 5138; milliseconds have been above it since 1973. */
const MAX_SECONDS = 100_000_000_000;
/** What `datetime.isoformat()` and `str(datetime)` write, with any number of digits after the seconds. */
const PYTHON_TIME =
  /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2})(:\d{2})?(\.\d+)?(Z|[+-]\d{2}:?\d{2})?)?$/;
const NAIVE = "Times without a zone were taken as UTC.";

/** @param now what no time of the past may exceed */
export function createNotes(now: Date): Notes {
  const warnings = new Set<string>();
  const keys = new Map<string, number>();
  const fromText = (text: string): number => {
    const parts = PYTHON_TIME.exec(text);
    if (parts === null) return Number.NaN;
    const [, date, minutes = "00:00", seconds = ":00", fraction = "", zone] = parts;
    if (zone === undefined) warnings.add(NAIVE);
    const offset = (zone ?? "Z").replace(/^([+-]\d{2})(\d{2})$/, "$1:$2");
    return Date.parse(`${date}T${minutes}${seconds}${fraction.slice(0, 4)}${offset}`);
  };
  return {
    warn: (text) => void warnings.add(text),
    leftOut(where, key) {
      const what = `${where}\n${key}`;
      keys.set(what, (keys.get(what) ?? 0) + 1);
    },
    time(value) {
      let ms = Number.NaN;
      if (typeof value === "string") ms = fromText(value);
      else if (typeof value === "number") ms = value < MAX_SECONDS ? value * 1000 : value;
      // A Date holds no more than this.
      if (Number.isNaN(ms) || Math.abs(ms) > 8.64e15) return null;
      return toInstant(Math.min(Math.trunc(ms), now.getTime()));
    },
    warnings() {
      const left = [...keys].map(([what, times]) => {
        const [where = "", key = ""] = what.split("\n");
        return `Left out of ${where}: ${key === "" ? "an empty key" : seenName(key)}${times === 1 ? "" : `, ${times} times`}; it has no counterpart.`;
      });
      return [...warnings, ...left];
    },
  };
}
