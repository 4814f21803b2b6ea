import { expect, test } from "vitest";
import { DAY_MS, HOUR_MS, instantMs, inWords, toInstant } from "./instant.ts";

test("points in time are read with any offset, and written in UTC without an empty fraction", () => {
  expect(instantMs("2026-01-02T03:00:00+01:00")).toBe(Date.UTC(2026, 0, 2, 2));
  expect([instantMs(null), instantMs(undefined), instantMs("soon")]).toEqual([null, null, null]);
  expect(toInstant(Date.UTC(2026, 0, 2, 2))).toBe("2026-01-02T02:00:00Z");
  expect(toInstant(Date.UTC(2026, 0, 2, 2) + 7)).toBe("2026-01-02T02:00:00.007Z");
});

test.each([
  [-1, "0 min"],
  [59 * 60_000, "59 min"],
  [HOUR_MS, "1 h"],
  [2 * DAY_MS - 1, "47 h"],
  [2 * DAY_MS, "2 d"],
  [30 * DAY_MS + 1, "30 d"],
])("%d ms in words", (ms, words) => {
  expect(inWords(ms)).toBe(words);
});
