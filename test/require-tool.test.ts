// The rule for programs that a test needs: passed over if they are missing, never in CI.
import { expect, test } from "vitest";
import { useFolders } from "./folders.ts";
import { judge, NOTES, renderMissing } from "./require-tool.ts";

const { folder } = useFolders();

test("a missing tool is passed over by hand and listed once, and an error in CI", async () => {
  const notes = await folder();
  expect(judge("gh", true, { CI: "true", [NOTES]: notes })).toBe(true);
  expect(renderMissing(notes)).toBe("");
  for (const name of ["openssl", "gh", "gh"] as const)
    expect(judge(name, false, { [NOTES]: notes })).toBe(false);
  expect(renderMissing(notes)).toBe(`
Passed over: the tests that need a program which is not installed.
  gh       apt-get install gh
  openssl  apt-get install openssl
`);
  expect(() => judge("gh", false, { CI: "true" })).toThrow(
    "gh is not installed (apt-get install gh), and in CI every test must run",
  );
});
