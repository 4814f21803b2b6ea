import { Ajv } from "ajv";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { damaged, FULL_CONFIG } from "../../../test/configs.ts";
import { LOCAL } from "../../../test/problems.ts";
import { jsonSchema } from "./json-schema.ts";
import { parseConfig } from "./parse.ts";
import { checkShape } from "./shape.ts";

// The patterns in the schema say all that the formats do.
const accepts = new Ajv({ strict: true, formats: { "date-time": true } }).compile(jsonSchema());

/** The schema knows each part by itself, so it refuses what has a wrong shape, and nothing that is accepted. */
function compare(document: unknown): void {
  const valid = accepts(document);
  const parsed = parseConfig(JSON.stringify(document), LOCAL);
  if (parsed.ok && !valid)
    expect.fail(
      `accepted by parseConfig only: ${JSON.stringify(document)}\n${JSON.stringify(accepts.errors)}`,
    );
  if (valid && !checkShape(document).ok)
    expect.fail(`accepted by the schema only: ${JSON.stringify(document)}`);
}

describe("the JSON Schema accepts and refuses what parseConfig does", () => {
  test("accepted", () => {
    for (const document of [
      {},
      FULL_CONFIG,
      { "x-a": 1, tokens: { A: { "x-b": null } } },
      { tokens: { GITHUB_TOKEN: {} } },
    ]) {
      expect(parseConfig(JSON.stringify(document), LOCAL).ok).toBe(true);
      expect(accepts(document)).toBe(true);
    }
  });

  test.each([
    { tokens: { "a-b": {} } },
    { tokens: { ALL_TOKENS: {} } },
    { tokens: { [`A${"x".repeat(255)}`]: {} } },
    { tokens: JSON.parse('{"__proto__": {}}') },
    { tokens: { A: { length: 0 } } },
    { tokens: { A: { destinations: [] } } },
    { tokens: { A: {} }, rules: { A: { interval_hours: 0.5 } } },
    { workflows: { "on fire": { tokens: ["ALL_TOKENS"], schedule: "@daily" } } },
  ])("refused: %j", (document) => {
    expect(parseConfig(JSON.stringify(document), LOCAL).ok).toBe(false);
    expect(accepts(document)).toBe(false);
  });

  test("with any one part damaged", () => {
    for (const put of [
      null,
      "",
      "x y",
      "A",
      0,
      -1,
      1.5,
      true,
      [],
      {},
      ["A"],
      { to: "vault" },
      "2026-01-01",
      "2026-02-30T00:00:00Z",
    ]) {
      for (const document of damaged(FULL_CONFIG, put)) compare(document);
    }
  });

  test("with anything put anywhere", () => {
    const documents = fc
      .jsonValue({ maxDepth: 2 })
      .chain((put) => fc.constantFrom(...damaged(FULL_CONFIG, put)));
    fc.assert(fc.property(documents, compare), { numRuns: 500 });
  });
});
