import { Ajv } from "ajv";
import { expect, test } from "vitest";
import { STARTER_CONFIG } from "../../cli/commands/starter.ts";
import { jsonSchema } from "./json-schema.ts";

// Formats are judged by patterns that stand beside them.
const validate = new Ajv({ strict: true, allowUnionTypes: true, validateFormats: false }).compile(
  jsonSchema(),
);

test.each([
  ["nothing", {}],
  ["the starter", JSON.parse(STARTER_CONFIG)],
  [
    "a person's own keys",
    { version: 1, "x-team": ["anything"], tokens: { A: { "x-owner": { name: "Ana" } } } },
  ],
  [
    "destinations",
    {
      tokens: {
        A: {
          destinations: [
            { to: "actions", repository: "acme/widgets", secret: { KEY: "value" } },
            { to: "vault" },
          ],
        },
      },
    },
  ],
])("accepts %s", (_, config) => {
  expect({ valid: validate(config), errors: validate.errors }).toEqual({
    valid: true,
    errors: null,
  });
});

test.each([
  ["another version", { version: 2 }, "/version"],
  ["an unknown key", { token: {} }, ""],
  ["an unknown type", { tokens: { A: { type: "api_kee" } } }, "/tokens/A/type"],
  [
    "an unknown destination",
    { tokens: { A: { destinations: [{ to: "action" }] } } },
    "/tokens/A/destinations/0",
  ],
  ["a value", { tokens: { A: { value: "x" } } }, "/tokens/A"],
  ["an interval of 0", { rules: { A: { interval_hours: 0 } } }, "/rules/A/interval_hours"],
  [
    "a time without a zone",
    { tokens: { A: { expires_at: "2027-01-01T00:00:00" } } },
    "/tokens/A/expires_at",
  ],
])("refuses %s", (_, config, place) => {
  expect(validate(config)).toBe(false);
  expect(validate.errors?.map((error) => error.instancePath)).toContain(place);
});
