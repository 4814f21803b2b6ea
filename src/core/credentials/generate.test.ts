// Generated values: alphabets, lengths, uniformity, classes, entropy, and what is refused.

import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import vectors from "../../../test/vectors.json" with { type: "json" };
import { Misconfigured, Unchanged } from "../base/errors.ts";
import { MAX_VALUE_BYTES, TOKEN_TYPES } from "../model/schema.ts";
import { generateValue, githubChecksum, type RandomBytes } from "./generate.ts";
import type { GenerateRequest } from "./generated.ts";

const BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const SPECIAL = "-._+=:,@";
const CLASSES = { digit: /[0-9]/, upper: /[A-Z]/, lower: /[a-z]/, special: /[-._+=:,@]/ };

function request(
  type: GenerateRequest["type"],
  rest: Partial<GenerateRequest> = {},
): GenerateRequest {
  return { type, length: null, prefix: null, includeSpecial: null, ...rest };
}

/** Every byte value equally often: over whole rounds an unbiased draw must come out perfectly even. */
function everyByteInTurn(): RandomBytes {
  let next = 0;
  return (count) => Uint8Array.from({ length: count }, () => next++ % 256);
}

/** SHA-256 of a counter: looks random, and is the same in every run. */
function seeded(seed: string): RandomBytes {
  let block = 0;
  let pool = Buffer.alloc(0);
  return (count) => {
    while (pool.length < count)
      pool = Buffer.concat([pool, createHash("sha256").update(`${seed}:${block++}`).digest()]);
    const bytes = pool.subarray(0, count);
    pool = pool.subarray(count);
    return bytes;
  };
}

function tally(items: Iterable<string>): Map<string, number> {
  const counts = new Map<string, number>();
  for (const item of items) counts.set(item, (counts.get(item) ?? 0) + 1);
  return counts;
}

/** Pearson's statistic against equal shares of `cells` outcomes. */
function chiSquare(items: readonly string[], cells: number): number {
  const expected = items.length / cells;
  const seen = [...tally(items).values()].reduce(
    (sum, count) => sum + (count - expected) ** 2 / expected,
    0,
  );
  return seen + (cells - tally(items).size) * expected;
}

function patternOf(text: string): string {
  return [...text]
    .map((character) => Object.entries(CLASSES).find(([, pattern]) => pattern.test(character))?.[0])
    .join(" ");
}

describe("generateValue", () => {
  test.each([
    [request("api_key"), /^[0-9A-Za-z]{32}$/, 32 * Math.log2(62)],
    [request("secret_key"), /^[0-9A-Za-z]{64}$/, 64 * Math.log2(62)],
    [request("custom"), /^[0-9A-Za-z]{32}$/, 32 * Math.log2(62)],
    [
      request("custom", { length: 50, prefix: "myapp_", includeSpecial: false }),
      /^myapp_[0-9A-Za-z]{44}$/,
      44 * Math.log2(62),
    ],
    [
      request("api_key", { length: 40, includeSpecial: true }),
      /^[-._+=:,@0-9A-Za-z]{40}$/,
      40 * Math.log2(70),
    ],
    [request("github_pat"), /^ghp_[0-9A-Za-z]{36}$/, 30 * Math.log2(62)],
    [
      request("github_pat", { prefix: "ghs_", length: 40, includeSpecial: false }),
      /^ghs_[0-9A-Za-z]{36}$/,
      30 * Math.log2(62),
    ],
  ])("%j gives %s", (asked, pattern, bits) => {
    const made = generateValue(asked);
    expect(made.value.reveal()).toMatch(pattern);
    expect(made.entropyBits).toBeCloseTo(bits, 9);
    expect(made.length).toBe(made.value.reveal().length);
    expect(made.prefix).toBe(asked.prefix ?? (asked.type === "github_pat" ? "ghp_" : ""));
    expect(made.warnings).toEqual(
      asked.type === "github_pat"
        ? [
            "GitHub never issued this value: it is a well-formed placeholder that GitHub will not accept.",
          ]
        : [],
    );
  });

  test.each([
    [62, request("secret_key", { length: 62 * 40 })],
    [70, request("secret_key", { length: 70 * 30, includeSpecial: true })],
  ])(
    "draws each of %i characters exactly as often where every byte comes equally often",
    (size, asked) => {
      const counts = tally(generateValue(asked, everyByteInTurn()).value.reveal());
      expect(counts.size).toBe(size);
      expect(new Set(counts.values())).toEqual(new Set([(asked.length ?? 0) / size]));
    },
  );

  test("is uniform by a chi-square test, which a remainder of a byte would fail", () => {
    const drawn = [
      ...generateValue(request("secret_key", { length: 49_000 }), seeded("uniform")).value.reveal(),
    ];
    const folded = [...seeded("uniform")(49_000)].map((byte) => BASE62.charAt(byte % 62));
    // 61 degrees of freedom: 100.9 is exceeded once in a thousand.
    expect(chiSquare(drawn, 62)).toBeLessThan(100.9);
    expect(chiSquare(folded, 62)).toBeGreaterThan(100.9);
  });

  test("passwords of four characters have every class, in every order equally often", () => {
    const random = seeded("passwords");
    const patterns = Array.from({ length: 4800 }, () =>
      patternOf(generateValue(request("password", { length: 4 }), random).value.reveal()),
    );
    expect(tally(patterns).size).toBe(24);
    // 23 degrees of freedom: 49.7 is exceeded once in a thousand.
    expect(chiSquare(patterns, 24)).toBeLessThan(49.7);
    expect(new Set(patterns.map((pattern) => pattern.split(" ").sort().join(" ")))).toEqual(
      new Set(["digit lower special upper"]),
    );
  });

  test("passwords without special characters have the other three classes after the prefix", () => {
    for (let i = 0; i < 300; i++) {
      const drawn = generateValue(
        request("password", { length: 8, prefix: "aA1-", includeSpecial: false }),
      )
        .value.reveal()
        .slice(4);
      expect(drawn).toMatch(/^(?=.*[0-9])(?=.*[A-Z])(?=.*[a-z])[0-9A-Za-z]{4}$/);
    }
  });

  // Counted by hand: orders of the classes times characters in each; with one more place, some class comes twice.
  test.each([
    [4, true, 24 * 26 * 26 * 10 * SPECIAL.length],
    [5, true, 60 * 26 * 26 * 10 * SPECIAL.length * 70],
    [4, false, 12 * 26 * 26 * 10 * 62],
  ])(
    "the entropy of a password of %i characters (special: %s) is log2 of %i",
    (length, includeSpecial, count) => {
      expect(
        generateValue(request("password", { length, includeSpecial })).entropyBits,
      ).toBeCloseTo(Math.log2(count), 9);
    },
  );

  test("warns under 128 bits, and the length that it names has enough", () => {
    expect(generateValue(request("api_key", { length: 16 })).warnings).toEqual([
      "It has 95 bits of entropy, under 128: a length of 22 would have enough.",
    ]);
    for (const type of ["api_key", "password"] as const) {
      for (const includeSpecial of [true, false]) {
        const [warning = ""] = generateValue(
          request(type, { length: 12, prefix: "key_", includeSpecial }),
        ).warnings;
        const length = Number(/a length of (\d+)/.exec(warning)?.[1]);
        expect(
          generateValue(request(type, { length, prefix: "key_", includeSpecial })).warnings,
        ).toEqual([]);
        expect(
          generateValue(request(type, { length: length - 1, prefix: "key_", includeSpecial }))
            .warnings,
        ).toHaveLength(1);
      }
    }
  });

  test.each([
    [
      request("api_key", { length: 0 }),
      "length-out-of-range",
      "the length 0 is not a whole number from 1 to 49152",
    ],
    [
      request("api_key", { length: -1 }),
      "length-out-of-range",
      "the length -1 is not a whole number from 1 to 49152",
    ],
    [
      request("api_key", { length: 32.5 }),
      "length-out-of-range",
      "the length 32.5 is not a whole number from 1 to 49152",
    ],
    [
      request("api_key", { length: Number.NaN }),
      "length-out-of-range",
      "the length NaN is not a whole number from 1 to 49152",
    ],
    [
      request("secret_key", { length: 1e9 }),
      "length-out-of-range",
      "the length 1000000000 is not a whole number from 1 to 49152",
    ],
    [
      request("custom", { length: 49_153 }),
      "length-out-of-range",
      "the length 49153 is not a whole number from 1 to 49152",
    ],
    [
      request("custom", { length: 3 }),
      "length-too-short",
      "only 3 of the 3 characters would be random",
    ],
    [
      request("password", { length: 8, prefix: "abcde" }),
      "length-too-short",
      "only 3 of the 8 characters would be random",
    ],
    [
      request("custom", { length: 6, prefix: "myapp_" }),
      "prefix-too-long",
      "the prefix has 6 characters, and the whole value was to have 6",
    ],
    [
      request("api_key", { prefix: "x".repeat(40) }),
      "prefix-too-long",
      "the prefix has 40 characters, and the whole value was to have 32",
    ],
    [
      request("custom", { prefix: "my app" }),
      "prefix-invalid",
      "the prefix has a character that is not printable ASCII, or a space",
    ],
    [
      request("custom", { prefix: "clé_" }),
      "prefix-invalid",
      "the prefix has a character that is not printable ASCII, or a space",
    ],
    [
      request("custom", { prefix: "app\n" }),
      "prefix-invalid",
      "the prefix has a character that is not printable ASCII, or a space",
    ],
    [
      request("github_pat", { length: 39 }),
      "length-fixed",
      "a github_pat has 40 characters, not 39",
    ],
    [
      request("github_pat", { prefix: "github_pat_" }),
      "prefix-invalid",
      "a github_pat does not begin with the given prefix of 11 characters",
    ],
    [
      request("github_pat", { prefix: "" }),
      "prefix-invalid",
      "a github_pat does not begin with the given prefix of 0 characters",
    ],
    [
      request("github_pat", { includeSpecial: true }),
      "special-not-allowed",
      "a github_pat has letters and digits only",
    ],
  ])("refuses %j: %s", (asked, code, message) => {
    const untouched: RandomBytes = () => {
      throw new Error("drew before it refused");
    };
    const refusal = expect.objectContaining({
      name: "Misconfigured",
      code,
      message,
      hint: expect.stringMatching(/\w+/),
    });
    expect(() => generateValue(asked, untouched)).toThrow(refusal);
  });

  test("a broken source of randomness is an error, not a loop or a constant value", () => {
    for (const random of [(n: number) => new Uint8Array(n).fill(255), () => new Uint8Array(0)]) {
      expect(() => generateValue(request("api_key"), random)).toThrow(Unchanged);
    }
    expect(() => generateValue(request("password"), (n) => new Uint8Array(n))).toThrow(
      expect.objectContaining({ name: "Unchanged", code: "random-source-broken" }),
    );
  });

  test("gives what was asked or Misconfigured, for any request, without showing the value", async () => {
    const requests = fc.record({
      type: fc.constantFrom(...TOKEN_TYPES.filter((type) => type !== "key_pair")),
      length: fc.option(
        fc.oneof(
          fc.integer({ min: -5, max: 80 }),
          fc.integer({ min: 1, max: MAX_VALUE_BYTES + 1 }),
        ),
      ),
      prefix: fc.option(
        fc.oneof(fc.string({ maxLength: 12 }), fc.constantFrom("ghp_", "ghr_", "app_")),
      ),
      includeSpecial: fc.option(fc.boolean()),
    });
    await fc.assert(
      fc.property(requests, (asked) => {
        try {
          const made = generateValue(asked);
          const value = made.value.reveal();
          expect(value.length).toBe(asked.length ?? made.length);
          expect(value.startsWith(asked.prefix ?? made.prefix)).toBe(true);
          expect(value).toMatch(/^[\x21-\x7e]+$/);
          expect(made.entropyBits).toBeGreaterThan(19);
          expect(made.entropyBits < 128).toBe(
            made.warnings.some((warning) => warning.includes("bits of entropy")),
          );
          expect(JSON.stringify(made)).not.toContain(value);
        } catch (error) {
          if (!(error instanceof Misconfigured)) throw error;
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe("githubChecksum", () => {
  test("gives the checksum of a published example", () => {
    expect(githubChecksum(vectors.github_classic_token.body)).toBe(
      vectors.github_classic_token.checksum,
    );
  });

  test("is zlib's CRC-32 in base62, padded to six characters", async () => {
    const bodies = fc.string({ unit: fc.constantFrom(...BASE62), minLength: 30, maxLength: 30 });
    await fc.assert(
      fc.property(bodies, (body) => {
        const checksum = githubChecksum(body);
        expect(checksum).toHaveLength(6);
        expect(
          [...checksum].reduce((number, digit) => number * 62 + BASE62.indexOf(digit), 0),
        ).toBe(crc32(body));
      }),
    );
  });

  test("ends what a github_pat is made of", () => {
    const value = generateValue(request("github_pat")).value.reveal();
    expect(value.slice(34)).toBe(githubChecksum(value.slice(4, 34)));
  });
});
