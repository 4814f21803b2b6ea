// The rule for programs that a test needs: passed over where they are missing, never in CI.
import { expect, test } from "vitest";
import { judge } from "./require-tool.ts";

test("a missing tool is passed over by hand, and an error in CI", () => {
  expect(judge("gh", true, "apt-get install gh", { CI: "true" })).toBe(true);
  const said: string[] = [];
  expect(judge("gh", false, "apt-get install gh", {}, (line) => said.push(line))).toBe(false);
  expect(said).toEqual([
    "gh is not installed (apt-get install gh): the tests that need it are passed over\n",
  ]);
  expect(() => judge("gh", false, "apt-get install gh", { CI: "true" })).toThrow(
    "gh is not installed (apt-get install gh), and in CI every test must run",
  );
});
