// Keys that the CLI makes, which the host lets in.
import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { normalised as cli } from "../../../test/cli.ts";
import { readApiKeys } from "../../http/access/environment.ts";

test("api-key: the key alone on stdout, the entry that lets it in on stderr", async () => {
  const { code, stdout, stderr } = await cli("/", [
    "api-key",
    "dashboard",
    "--scopes",
    "read, rotate",
    "--days",
    "90",
  ]);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^ta_[0-9A-Za-z]{43}\n$/);
  const [note, entry = "", end] = stderr.split("\n");
  expect([note, end]).toEqual([
    "note: the key is shown only this once. Add this entry to the host's TOKEN_AUTOMATION_API_KEYS:",
    "",
  ]);
  expect(JSON.parse(entry)).toEqual({
    id: "dashboard",
    sha256: createHash("sha256").update(stdout.trim()).digest("hex"),
    scopes: ["read", "rotate"],
    expires_at: "2027-05-30T12:00:00.000Z",
  });
  expect(readApiKeys({ TOKEN_AUTOMATION_API_KEYS: `[${entry}]` })).toMatchObject([
    { id: "dashboard" },
  ]);
  expect(stderr).not.toContain(stdout.trim());
});

test("api-key --json: both, for programs; each key is another", async () => {
  const [one, two] = await Promise.all(
    [1, 2].map(async () => JSON.parse((await cli("/", ["api-key", "ci", "--json"])).stdout)),
  );
  expect(one).toEqual({
    key: expect.any(String),
    entry: { id: "ci", sha256: expect.any(String), scopes: ["read"] },
  });
  expect(one.key).not.toBe(two.key);
});

test.each([
  [["ci", "--scopes", "raed"], "Did you mean read?"],
  [["ci", "--scopes", ""], "There are read, generate, rotate, admin, reveal."],
  [["a client"], "Use up to 64 letters, digits, dots, dashes, underscores and @."],
  [["ci", "--days", "0"], "1"],
])("api-key %j is refused, and no key is shown", async (args, hint) => {
  const { code, stdout, stderr } = await cli("/", ["api-key", ...args]);
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(stderr).toContain(hint);
});
