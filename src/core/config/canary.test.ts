import { expect, test } from "vitest";
import { damaged, FULL_CONFIG } from "../../../test/configs.ts";
import { GITHUB, LOCAL } from "../../../test/problems.ts";
import type { Problem } from "../base/errors.ts";
import { parseConfig } from "./parse.ts";

// Written in parts, so that no scanner takes this file for a leak.
const CANARIES = [
  `ghp_${"c4N4ryAAAA".repeat(4)}`,
  `github_pat_${"11c4N4ry_".repeat(4)}`,
  `AKIA${"C4N4RYZ7".repeat(2)}`,
  "c4N4ryx9Kq2LmZp7Tn",
  "c4n4ry!",
  "c4n4ry with spaces 1",
  "0123456789c4n4ry-".repeat(5),
];
const CANARY = /c4n4ry/i;

function told(problems: readonly Problem[]): string {
  return JSON.stringify(problems);
}

test("a value put in any wrong place is in no problem", () => {
  expect(parseConfig(JSON.stringify(FULL_CONFIG), GITHUB).ok).toBe(true);
  let refused = 0;
  for (const canary of CANARIES) {
    for (const put of [canary, [canary], { value: canary }]) {
      for (const copy of damaged(FULL_CONFIG, put)) {
        const parsed = parseConfig(JSON.stringify(copy), put === canary ? LOCAL : GITHUB);
        if (parsed.ok) continue;
        refused++;
        if (CANARY.test(told(parsed.problems)))
          expect.fail(`${JSON.stringify(copy)}\n${told(parsed.problems)}`);
      }
    }
  }
  expect(refused).toBeGreaterThan(1000);
});

test("a value in a text that is not JSON is in no problem", () => {
  const text = JSON.stringify({ tokens: { A: { value: CANARIES[0] } }, x: CANARIES[4] });
  for (let cut = 0; cut < text.length; cut++) {
    for (const broken of [
      text.slice(0, cut),
      text.slice(0, cut) + text.slice(cut + 1),
      `${text.slice(0, cut)}"${text.slice(cut)}`,
    ]) {
      const parsed = parseConfig(broken, GITHUB);
      // What a stray quote turns into a key is a name, and pointers hold names.
      const problems = parsed.ok
        ? []
        : parsed.problems.map((problem) => ({ ...problem, pointer: "" }));
      expect(told(problems)).not.toMatch(CANARY);
    }
  }
});
