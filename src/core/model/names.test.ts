import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { checkSecretName, didYouMean, nearest } from "./names.ts";
import { NAME_PATTERN } from "./schema.ts";

describe("checkSecretName", () => {
  test.each([
    ["API_KEY", "actions", null, null],
    ["_x9", "actions", null, null],
    ["A".repeat(255), "actions", null, null],
    ["GITHUB_TOKEN", "vault", null, null],
    ["GITHUBTOKEN", "actions", null, null],
    ["GITHUB_TOKEN", "actions", "reserved-name", "Call it GH_TOKEN."],
    ["github_token", "actions", "reserved-name", "Call it GH_TOKEN."],
    ["my-api-key", "actions", "invalid-name", "Call it MY_API_KEY."],
    ["github-token", "actions", "invalid-name", "Call it GH_TOKEN."],
    ["api key", "vault", "invalid-name", "Call it API_KEY."],
    ["2FA_SEED", "vault", "invalid-name", "Call it _2FA_SEED."],
    [
      "API_KEY\n",
      "actions",
      "invalid-name",
      "Use letters, digits and underscores, beginning with a letter.",
    ],
    [
      "CLÉ",
      "actions",
      "invalid-name",
      "Use letters, digits and underscores, beginning with a letter.",
    ],
    [
      "---",
      "actions",
      "invalid-name",
      "Use letters, digits and underscores, beginning with a letter.",
    ],
    ["", "actions", "empty-name", "Use letters, digits and underscores, beginning with a letter."],
    [
      "A".repeat(256),
      "vault",
      "name-too-long",
      "Use letters, digits and underscores, beginning with a letter.",
    ],
    [
      "__proto__",
      "vault",
      "reserved-name",
      "Use letters, digits and underscores, beginning with a letter.",
    ],
  ] as const)("%s for %s: %s", (name, kind, code, hint) => {
    const complaint = checkSecretName(name, kind);
    expect({ code: complaint?.code ?? null, hint: complaint?.hint ?? null }).toEqual({
      code,
      hint,
    });
  });

  test("a value in the name's place is not shown", () => {
    const value = `ghp_${"aB3".repeat(12)}-`;
    expect(JSON.stringify(checkSecretName(value, "actions"))).not.toContain("aB3");
    expect(checkSecretName(value, "actions")?.message).toContain("a string of 41 characters");
  });

  test("a suggested name is always accepted", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: "binary", maxLength: 300 }),
        fc.constantFrom("actions", "vault"),
        (name, kind) => {
          const hint = checkSecretName(name, kind)?.hint;
          const better = hint?.match(/^Call it (.*)\.$/s)?.[1];
          if (better !== undefined) {
            expect(better).toMatch(NAME_PATTERN);
            expect(checkSecretName(better, kind)).toBeNull();
          }
        },
      ),
    );
  });
});

describe("nearest", () => {
  const known = ["API_KEY", "API_KEY_OPENAI", "DATABASE_PASSWORD", "SECRET"];

  test.each([
    ["api_key", ["API_KEY"]],
    ["API-KEY", ["API_KEY"]],
    ["APIKEY", ["API_KEY"]],
    ["DATABASE_PASWORD", ["DATABASE_PASSWORD"]],
    ["API_KEY_OPENAPI", ["API_KEY_OPENAI"]],
    ["WEBHOOK", []],
    ["", []],
    ["S", []],
    ["x".repeat(100_000), []],
  ])("of %s", (name, expected) => {
    expect(nearest(name, known)).toEqual(expected);
  });

  test("puts the nearest first and stops at the limit", () => {
    expect(nearest("TOKEN_1", ["TOKEN_22", "TOKEN_2", "TOKEN_1X", "token_1"], 3)).toEqual([
      "token_1",
      "TOKEN_1X",
      "TOKEN_2",
    ]);
  });
});

test("didYouMean makes a sentence", () => {
  expect(didYouMean("ROUTE", ["ROUTES", "ROUTER", "OTHER"])).toBe("Did you mean ROUTER or ROUTES?");
  expect(didYouMean("apikey", ["api_key"])).toBe("Did you mean api_key?");
  expect(didYouMean("webhook", ["api_key"])).toBeNull();
});
