// The local store's version as text and back, for any name of a file.
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { digestOf, formatVersion, parseVersion } from "./local-version.ts";

const HEAD = "0123456789abcdef0123456789abcdef01234567";

test("reads back as it was written, in any order of files", () => {
  const path = fc.string({ minLength: 1, unit: "binary" }).filter((text) => text !== "/");
  const digest = fc.option(fc.string().map((text) => digestOf(text)));
  void fc.assert(
    fc.property(
      fc.uniqueArray(fc.tuple(path, digest), { selector: ([name]) => name }),
      fc.constantFrom(HEAD, null),
      (files, head) => {
        const written = formatVersion({ head, digests: new Map(files) });
        expect(parseVersion(written)).toEqual({ head, digests: new Map(files) });
        expect(formatVersion({ head, digests: new Map(files.toReversed()) })).toBe(written);
        expect(written).toMatch(/^[\x21-\x7e]+$/);
      },
    ),
  );
});

test("is one readable line", () => {
  const digests = new Map([
    ["token_config.json", digestOf("{}")],
    ["a b", null],
  ]);
  expect(formatVersion({ head: null, digests })).toBe(
    "%2F=none&a+b=absent&token_config.json=44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
  );
});

test.each([
  "",
  "main",
  "1",
  "%2F=HEAD",
  "%2F=--help",
  `%2F=${HEAD}&a=short`,
  `a=absent&%2F=${HEAD}`,
])("nothing else is taken for one: %s", (text) => {
  expect(parseVersion(text)).toBeNull();
});
