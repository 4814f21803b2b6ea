import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { tellProblems } from "../../../test/problems.ts";
import { countKeys, findSyntaxMistakes } from "./syntax.ts";

describe("a text that is not JSON", () => {
  test("reports comments and trailing commas, and judges the rest in the same go", () => {
    const text = `{
  // the nightly ones
  "tokens": {
    "API_KEY": { "type": "apikey", }, /* more
    to come */
  },
  "rules": { "API_KEY": { "interval_hours": 24 } }
}`;
    expect(tellProblems(text)).toMatchInlineSnapshot(`
      "2:3 (whole) json-comment
        JSON has no comments
        > Remove it, or keep the note under a key that begins with "x-".
      4:26 /tokens/API_KEY/type unknown-type
        type of the token "API_KEY" is "apikey", which is no type that this version knows
        > Did you mean api_key? Known: api_key, github_pat, secret_key, password, hex, base64url, uuid, key_pair, custom.
      4:34 (whole) json-trailing-comma
        a comma stands before the closing }
        > Remove the comma.
      4:37 (whole) json-trailing-comma
        a comma stands before the closing }
        > Remove the comma.
      4:39 (whole) json-comment
        JSON has no comments
        > Remove it, or keep the note under a key that begins with "x-"."
    `);
  });

  test("reports every syntax error with its place", () => {
    const text = `{
  "tokens": {
    "A": { "type" "api_key" },
    "B": { length: 32 },
    'C': {},
    "D": { "length": 032 }
    "E": { "prefix": "x\\q" },
    "F": [1 2],
    "G": "no end
  },
  "rules": NaN
}`;
    expect(tellProblems(text)).toMatchInlineSnapshot(`
      "3:19 (whole) json-syntax
        a colon was expected here
        > Write "key": value.
      4:12 (whole) json-syntax
        something stands here that is not JSON
        > Strings and keys need double quotes; the only words are true, false and null.
      5:5 (whole) json-syntax
        something stands here that is not JSON
        > Strings and keys need double quotes; the only words are true, false and null.
      6:23 (whole) json-syntax
        a comma was expected here
        > Put a comma between two entries; numbers have no leading zero.
      7:22 (whole) json-syntax
        a backslash stands before something it cannot escape
        > Write a backslash itself as \\\\.
      8:13 (whole) json-syntax
        a comma was expected here
        > Put a comma between two entries; numbers have no leading zero.
      9:10 (whole) json-syntax
        a string does not end on its line
        > Close it with a double quote; write line breaks as \\n."
    `);
  });

  test.each([
    ["", "1:1 empty-file"],
    [" \n\t", "1:1 empty-file"],
    ["\ufeff", "1:1 empty-file"],
    ["{", "1:2 json-syntax"],
    ['{"tokens": {}', "1:14 json-syntax"],
    ["{}}", "1:3 json-syntax"],
    ["{} {}", "1:4 json-syntax"],
    ["hello", "1:1 json-syntax"],
    ["# comment\n{}", "1:1 json-syntax"],
    ['{"version": 1.}', "1:13 json-syntax"],
    ['{"$schema": "a\tb"}', "1:13 json-syntax"],
    ['{"$schema": "\\u12"}', "1:13 json-syntax"],
    ["{}\u00a0", "1:3 json-syntax"],
    ["[".repeat(100_000), "- too-deep"],
    [`{"x-a":${"[".repeat(101)}${"]".repeat(101)}}`, "- too-deep"],
    [`{"x-a":${"[".repeat(100_000)}${"]".repeat(100_000)}}`, "- too-deep"],
  ])("%j", (text, first) => {
    expect(tellProblems(text).split("\n")[0]?.replace("(whole) ", "")).toBe(first);
  });

  test("reports no more than a hundred errors of a file that was never JSON", () => {
    const { problems } = findSyntaxMistakes("@ , ".repeat(10_000));
    expect(problems.length).toBeLessThanOrEqual(100);
  });

  test("never quotes the text", () => {
    const canary = `ghp_${"c4N4ry".repeat(6)}`;
    for (const text of [
      `{"tokens": ${canary}}`,
      `{"A": "${canary}`,
      canary,
      `{"a": "b" "${canary}": 1}`,
      `{/* ${canary} */}`,
    ]) {
      expect(tellProblems(text)).not.toContain("c4N4ry");
    }
  });

  test("whatever JSON.parse refuses has a problem", () => {
    const broken = fc
      .tuple(
        fc.json({ maxDepth: 3 }),
        fc.nat(),
        fc.nat(3),
        fc.constantFrom(
          "",
          ",",
          "}",
          "]",
          '"',
          "\\",
          "//",
          "/*",
          "-",
          "0",
          ".",
          "e",
          "\u0001",
          "\u00a0",
        ),
      )
      .map(([json, at, cut, put]) => {
        const place = at % (json.length + 1);
        return json.slice(0, place) + put + json.slice(place + cut);
      });
    fc.assert(
      fc.property(broken, (text) => {
        let valid = true;
        try {
          JSON.parse(text);
        } catch {
          valid = false;
        }
        fc.pre(!valid && text.trim() !== "");
        const { problems, repaired } = findSyntaxMistakes(text);
        expect(problems.length).toBeGreaterThan(0);
        if (repaired !== null) expect(() => JSON.parse(repaired)).not.toThrow();
      }),
      { numRuns: 2000 },
    );
  });
});

describe("keys that stand twice", () => {
  test("are told with both places, escapes and nesting included", () => {
    const text = `{
  "tokens": { "A": { "type": "password" }, "B": {}, "A": { "type": "api_key", "t\\u0079pe": "custom" } },
  "x-notes": [{ "a": 1, "a": 2 }],
  "tokens": { "C": {} }
}`;
    expect(tellProblems(text)).toMatchInlineSnapshot(`
      "2:53 /tokens/A duplicate-key
        the key "A" stands twice in one object (before on line 2); only the last would count
        > Keep one of the two, or give one another name.
      2:79 /tokens/A/type duplicate-key
        the key "type" stands twice in one object (before on line 2); only the last would count
        > Keep one of the two, or give one another name.
      3:25 /x-notes/0/a duplicate-key
        the key "a" stands twice in one object (before on line 3); only the last would count
        > Keep one of the two, or give one another name.
      4:3 /tokens duplicate-key
        the key "tokens" stands twice in one object (before on line 2); only the last would count
        > Keep one of the two, or give one another name."
    `);
  });

  test.each([
    ["{}", 0],
    ['{":": ":", "a\\":": "\\":"}', 2],
    ['{"\\\\": "\\\\", "b" \r\n\t : [":", {"": "x:"}]}', 3],
  ])("are counted beside colons, quotes and backslashes: %s", (text, keys) => {
    expect(countKeys(text)).toBe(keys);
    expect(tellProblems(text)).not.toContain("duplicate-key");
  });

  test("are counted as the parser counts keys", () => {
    fc.assert(
      fc.property(
        fc.json({ stringUnit: "binary" }),
        fc.constantFrom(undefined, 2, "\t", "\r\n"),
        (json, space) => {
          let keys = 0;
          const value: unknown = JSON.parse(json, (_, inner: unknown) => {
            if (typeof inner === "object" && inner !== null && !Array.isArray(inner))
              keys += Object.keys(inner).length;
            return inner;
          });
          expect(countKeys(JSON.stringify(value, null, space))).toBe(keys);
        },
      ),
    );
  });
});
