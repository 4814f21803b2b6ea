// Strict readers of the command line's arguments, and the refusal of values there.
import { InvalidArgumentError } from "commander";
import { Misconfigured } from "../../core/base/errors.ts";
import { isShowableName, looksLikeSecret } from "../../core/base/showable.ts";
import { NAME_PATTERN } from "../../core/model/schema.ts";

const INSTANT =
  /^(\d{4})-(\d{2})-(\d{2})T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:\d{2})$/;

/** A reader of whole numbers in decimal digits, from `least` to `most`. */
export function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const number = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (number >= least && number <= most) return number;
    throw new InvalidArgumentError(`Give a whole number from ${least} to ${most}.`);
  };
}

/** A number of hours: digits, perhaps with a decimal fraction. The rule's own check refuses a number that is too small or too large. */
export function hours(text: string): number {
  if (/^\d{1,9}(?:\.\d{1,6})?$/.test(text)) return Number(text);
  throw new InvalidArgumentError("Give a number of hours, as 24.");
}

/** A point in time, ISO 8601 with a zone. A day that no calendar has is refused, not moved. */
export function instant(text: string): Date {
  const parts = INSTANT.exec(text);
  const time = parts === null ? Number.NaN : Date.parse(text);
  const [, year, month, day] = parts ?? [];
  const lastDay = new Date(Date.UTC(Number(year), Number(month), 0)).getUTCDate();
  if (!Number.isNaN(time) && Number(day) <= lastDay) return new Date(time);
  throw new InvalidArgumentError("Give a time with its zone, as 2027-01-31T02:00:00Z.");
}

/** Names separated by commas; spaces around them do not count. */
export function nameList(text: string): string[] {
  const names = text.split(",").map((name) => name.trim());
  if (names.includes(""))
    throw new InvalidArgumentError("Give names separated by commas, as API_KEY,DB_PASSWORD.");
  return names;
}

/** `owner/name`. */
export function repository(text: string): string {
  if (/^[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\/[A-Za-z0-9._-]+$/.test(text)) return text;
  throw new InvalidArgumentError("Give a repository as OWNER/NAME.");
}

/**
 * Refuses words that cannot be a name or look like a value, without showing them. The shell's history and every process list
 * keep the command line, and declared names are committed.
 * @throws Misconfigured
 */
export function requireNames(names: readonly string[]): void {
  for (const [index, name] of names.entries()) {
    if (NAME_PATTERN.test(name) && !looksLikeSecret(name)) continue;
    const which = names.length === 1 ? "the name" : `name ${index + 1} of ${names.length}`;
    if (name.includes("="))
      throw valueRefused(`${which} holds a "=": a value cannot be given as an argument`);
    if (NAME_PATTERN.test(name)) throw valueRefused(`${which} looks like a secret's value`);
    throw new Misconfigured(`${which} is not a secret's name`, {
      code: "invalid-name",
      hint: "Names are letters, digits and underscores, not beginning with a digit. If it was a value, it is now in your shell's history, so replace it.",
    });
  }
  const twice = names.find(
    (name, index) =>
      names.findIndex((other) => other.toUpperCase() === name.toUpperCase()) !== index,
  );
  if (twice !== undefined)
    throw new Misconfigured(`${twice} is given twice`, {
      code: "duplicate-name",
      hint: "Give each name once.",
    });
}

/** Whether a name may be declared. A name that looks drawn at random is taken for a value, unless the record knows it already. */
export function mayBeNew(name: string): boolean {
  return isShowableName(name);
}

/** The error as it is or, if an undeclared name looks like a value, the refusal of a value. */
export function refuseUnknownValues(error: unknown, names: readonly string[]): unknown {
  if (!(error instanceof Misconfigured) || error.code !== "token-missing" || names.every(mayBeNew))
    return error;
  return valueRefused(
    `${names.length === 1 ? "the name" : "a name"} looks like a secret's value, and no token has it`,
  );
}

/** The refusal of a value among the arguments. It says how to supply a value, and never shows it. */
export function valueRefused(message: string): Misconfigured {
  return new Misconfigured(message, {
    code: "value-in-arguments",
    hint: "Every process can see arguments, and the shell keeps them. Use `printf '%s' \"$VALUE\" | token-automation rotate NAME --value-stdin`, or --value-file PATH. Replace the value that was typed.",
  });
}
