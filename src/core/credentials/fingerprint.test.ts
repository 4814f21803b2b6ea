// Fingerprints: published vectors, when none is kept, and what a comparison can and cannot tell.
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Secret } from "../base/secret.ts";
import { digest, fingerprint, MIN_HASHABLE_BITS, matchesFingerprint } from "./fingerprint.ts";

// FIPS 180-4 example "abc" (NIST, Cryptographic Standards and Guidelines, "SHA256").
const ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
// RFC 4231, test case 2.
const RFC_KEY = "Jefe";
const RFC_TEXT = "what do ya want for nothing?";
const RFC_HMAC = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";

describe("digest", () => {
  test.each([
    ["abc", ABC],
    ["", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"],
    // From sha256sum, over the UTF-8 bytes.
    ["välue-✓", "118970cf5f956409e789e25bf019f8851c9a98b1064ae16391a18c7b519d5104"],
  ])("of %j", (text, hex) => {
    expect(digest(text)).toBe(hex);
  });
});

describe("fingerprint", () => {
  test.each([
    ["abc", MIN_HASHABLE_BITS, null, `sha256:${ABC}`],
    ["abc", 190.5, null, `sha256:${ABC}`],
    ["abc", 127.999, null, null],
    ["abc", 0, null, null],
    ["abc", Number.NaN, null, null],
    ["abc", null, null, null],
    [RFC_TEXT, null, RFC_KEY, `hmac-sha256:${RFC_HMAC}`],
    [RFC_TEXT, 256, RFC_KEY, `hmac-sha256:${RFC_HMAC}`],
  ])("of %j with %s bits and the key %j is %s", (value, entropyBits, key, expected) => {
    expect(
      fingerprint(new Secret(value), { entropyBits, key: key === null ? null : new Secret(key) }),
    ).toBe(expected);
  });
});

test("an empty key is refused, for an HMAC under it is no better than a plain hash", () => {
  const refusal = expect.objectContaining({
    name: "Misconfigured",
    code: "fingerprint-key-empty",
    message: "the fingerprint key is empty",
  });
  const [value, key] = [new Secret("abc"), new Secret("")];
  expect(() => fingerprint(value, { entropyBits: 256, key })).toThrow(refusal);
  expect(() => matchesFingerprint(value, `hmac-sha256:${RFC_HMAC}`, key)).toThrow(refusal);
});

describe("matchesFingerprint", () => {
  test.each([
    ["abc", `sha256:${ABC}`, null, "match"],
    ["abc", `sha256:${ABC}`, "any key", "match"],
    ["abd", `sha256:${ABC}`, null, "mismatch"],
    ["", `sha256:${ABC}`, null, "mismatch"],
    [RFC_TEXT, `hmac-sha256:${RFC_HMAC}`, RFC_KEY, "match"],
    [RFC_TEXT, `hmac-sha256:${RFC_HMAC}`, "another key", "mismatch"],
    ["another value", `hmac-sha256:${RFC_HMAC}`, RFC_KEY, "mismatch"],
    [RFC_TEXT, `hmac-sha256:${RFC_HMAC}`, null, "unknown"],
    ["abc", null, null, "unknown"],
    ["abc", "", null, "unknown"],
    ["abc", ABC, null, "unknown"],
    ["abc", `sha512:${ABC}`, null, "unknown"],
    ["abc", "sha256:ba78", null, "unknown"],
    ["abc", `sha256:${ABC}\n`, null, "unknown"],
    ["abc", `sha256:${ABC}00`, null, "unknown"],
  ])("%j against %j with the key %j: %s", (value, recorded, key, expected) => {
    expect(
      matchesFingerprint(new Secret(value), recorded, key === null ? null : new Secret(key)),
    ).toBe(expected);
  });

  test("a value matches its own fingerprint and no other value's", async () => {
    const key = fc.option(fc.string({ minLength: 1 }).map((text) => new Secret(text)));
    await fc.assert(
      fc.property(
        fc.string({ minLength: 4 }),
        fc.string({ minLength: 4 }),
        key,
        (text, other, secretKey) => {
          const recorded = fingerprint(new Secret(text), { entropyBits: 128, key: secretKey });
          expect(recorded).toMatch(
            secretKey === null ? /^sha256:[0-9a-f]{64}$/ : /^hmac-sha256:[0-9a-f]{64}$/,
          );
          expect(matchesFingerprint(new Secret(text), recorded, secretKey)).toBe("match");
          expect(matchesFingerprint(new Secret(other), recorded, secretKey)).toBe(
            other === text ? "match" : "mismatch",
          );
        },
      ),
    );
  });
});
