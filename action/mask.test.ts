import fc from "fast-check";
import { expect, test } from "vitest";
import { maskedForms } from "./mask.ts";

test("a value is masked as it is, in base64 (standard, URL-safe, with echo's newline), URL-encoded and escaped for JSON", () => {
  expect(maskedForms('a?b>c"d~')).toEqual([
    'a?b>c"d~',
    "YT9iPmMiZH4=",
    "YT9iPmMiZH4K",
    "YT9iPmMiZH4",
    "a%3Fb%3Ec%22d~",
    'a?b>c\\"d~',
  ]);
  expect(maskedForms(">>>>??")).toEqual(expect.arrayContaining(["Pj4+Pj8/", "Pj4-Pj8_"]));
});

test("a value of several lines is masked whole and line by line, except lines under four characters", () => {
  const value = "-----BEGIN KEY-----\r\nabcdef\nxyz\n-----END KEY-----\n";
  const forms = maskedForms(value);
  expect(forms).toEqual(
    expect.arrayContaining([value.trim(), "-----BEGIN KEY-----", "abcdef", "-----END KEY-----"]),
  );
  expect(forms).toEqual(
    expect.arrayContaining([
      JSON.stringify(value).slice(1, -1),
      Buffer.from(value).toString("base64"),
    ]),
  );
  expect(forms).not.toContain("xyz");
});

test.each(["", "abc", "  a ", "\n\n"])(
  "%j is too short to be masked in any form: half the log would be black",
  (value) => {
    expect(maskedForms(value)).toEqual([]);
  },
);

test("for any value, lone surrogates included, no form is short, blank at an end or repeated", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (value) => {
      const forms = maskedForms(value);
      expect(new Set(forms).size).toBe(forms.length);
      for (const form of forms)
        expect({ form, fine: form.length >= 4 && form === form.trim() }).toEqual({
          form,
          fine: true,
        });
      if (value.trim().length >= 4) expect(forms[0]).toBe(value.trim());
    }),
  );
});
