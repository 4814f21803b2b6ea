// The issuer that makes nothing, and its answers if a run asks it all the same. Whole runs are in remind.test.ts.
import { expect, test } from "vitest";
import { failureOf, issueRequest, labelOf } from "../../../test/issuing.ts";
import { manualIssuer } from "./manual.ts";

test("says who makes the value, where, and how it is handed in. Knows nothing and ends nothing", async () => {
  const issuer = manualIssuer({
    use: "manual",
    owner: "@acme/ops",
    url: "https://example.com/keys",
  });
  const error = await failureOf(issuer.issue(issueRequest(1)));
  expect([error.kind, error.code]).toEqual(["misconfigured", "issuer-required"]);
  expect(error.message).toContain("@acme/ops");
  expect(error.hint).toMatch(/https:\/\/example\.com\/keys.*rotate DATABASE --value-stdin/);
  const credential = {
    fields: {},
    ref: null,
    entropyBits: null,
    expiresAt: null,
    settlesWithinMs: 0,
    warnings: [],
  };
  expect((await issuer.check(credential, AbortSignal.timeout(240_000))).verdict).toBe("unknown");
  expect(await issuer.find(labelOf(1))).toEqual([]);
});
