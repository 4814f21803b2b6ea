import { expect, test } from "vitest";
import { isShowableName, looksLikeSecret, seen, seenName } from "./showable.ts";

test.each([
  [undefined, "nothing"],
  [null, "null"],
  [0, "0"],
  [-1.5, "-1.5"],
  [true, "true"],
  ["", "an empty string"],
  ["x", `"x"`],
  ["7", "a string of 1 character"],
  ["api key", `"api key"`],
  ["Mars/Olympus", `"Mars/Olympus"`],
  ["hunter2", "a string of 7 characters"],
  ["aVeryPlainButLongLookingWord", "a string of 28 characters"],
  [[], "an empty list"],
  [[1, 2], "a list of 2"],
  [{}, "an object"],
])("seen(%j)", (value, expected) => {
  expect(seen(value)).toBe(expected);
});

test.each([
  ["API_KEY_OPENAI_2", true],
  ["daily_security-rotation.v2", true],
  ["MyKey2", true],
  [`ghp_${"a1B2".repeat(9)}`, false],
  [`AKIA${"ABCD1234".repeat(2)}`, false],
  ["0123456789abcdef0123456789abcdef", false],
  ["kJ8sTq2LmNp4Zx", false],
  ["A".repeat(65), false],
  ["on fire", true],
  ["has 1 digit", false],
])("isShowableName(%s) is %s", (name, expected) => {
  expect(isShowableName(name)).toBe(expected);
  expect(seenName(name).includes(name)).toBe(expected);
});

test("a credential is known by its form wherever it stands", () => {
  expect(looksLikeSecret(`github_pat_${"11ABCDEFG".repeat(3)}`)).toBe(true);
  expect(looksLikeSecret("GITHUB_PAT")).toBe(false);
  expect(looksLikeSecret("SK_LIVE_KEY")).toBe(false);
});
