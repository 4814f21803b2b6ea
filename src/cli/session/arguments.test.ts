import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { plain } from "../render/text.ts";
import { hours, instant, nameList, requireNames, wholeNumber } from "./arguments.ts";

describe("instant", () => {
  test("reads every time as JavaScript writes it, in any zone", () => {
    fc.assert(
      fc.property(
        fc.date({
          min: new Date("1970-01-01T00:00:00Z"),
          max: new Date("9999-12-30T00:00:00Z"),
          noInvalidDate: true,
        }),
        fc.integer({ min: -23, max: 23 }),
        (date, offset) => {
          expect(instant(date.toISOString())).toEqual(date);
          const shifted = new Date(date.getTime() + offset * 3_600_000);
          if (shifted.getTime() < 0) return;
          const zone = `${offset < 0 ? "-" : "+"}${String(Math.abs(offset)).padStart(2, "0")}:00`;
          expect(instant(shifted.toISOString().replace("Z", zone))).toEqual(date);
        },
      ),
    );
  });

  test.each([
    "",
    "now",
    "2027-01-31",
    "2027-01-31T02:00",
    "2027-01-31 02:00Z",
    "2027-02-29T00:00Z",
    "2027-13-01T00:00Z",
    "2027-01-01T25:00Z",
    "1e12",
  ])("refuses %j", (text) => {
    expect(() => instant(text)).toThrow("Give a time with its zone");
  });

  test("takes 29 February if the year has one", () => {
    expect(instant("2028-02-29T00:00Z")).toEqual(new Date("2028-02-29T00:00:00Z"));
  });
});

test("numbers are digits and nothing else", () => {
  const port = wholeNumber(0, 65_535);
  expect([port("0"), port("65535"), hours("24"), hours("1.5")]).toEqual([0, 65_535, 24, 1.5]);
  for (const text of [
    "",
    " 1",
    "1 ",
    "+1",
    "-1",
    "1.0",
    "1e3",
    "0x10",
    "10x",
    "65536",
    "٣",
    "Infinity",
  ])
    expect(() => port(text), text).toThrow();
  for (const text of ["", "24h", "-1", "1e3", ".5", "1.", "NaN", "1,5"])
    expect(() => hours(text), text).toThrow();
});

test("lists of names lose the spaces around them, and no name may be empty", () => {
  expect(nameList(" A, B ,C")).toEqual(["A", "B", "C"]);
  for (const text of ["", "A,", ",A", "A,,B"]) expect(() => nameList(text), text).toThrow();
});

test("a text that cannot be a name is refused without being shown", () => {
  fc.assert(
    fc.property(fc.string({ minLength: 8 }), (text) => {
      try {
        requireNames(["API_KEY", text]);
        expect(text).toMatch(/^[A-Za-z_][A-Za-z0-9_]*$/);
      } catch (error) {
        expect(error).toMatchObject({ kind: "misconfigured" });
        expect(JSON.stringify([String(error), Object(error).hint])).not.toContain(text);
      }
    }),
  );
});

test("text for a terminal stays in its line and moves nothing", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      expect(plain(text)).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\u202a-\u202e\u2066-\u2069]/u);
      expect(plain(plain(text))).toBe(plain(text));
    }),
  );
  expect(plain("a\tb\nc\u001b[31m\u202ed\ud800 é 🟢")).toBe(
    "a\\tb\\nc\\u{1b}[31m\\u{202e}d\\u{d800} é 🟢",
  );
});
