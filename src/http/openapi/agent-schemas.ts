// JSON Schemas (2020-12) of what agents may send and of what they get, from the definitions that validate.
import * as z from "zod";
import type { Endpoint } from "../endpoint.ts";
import type { Operation } from "./operations.ts";

export type JsonSchema = { readonly [keyword: string]: unknown };
export type ObjectSchema = JsonSchema & {
  readonly properties: Readonly<Record<string, JsonSchema>>;
  readonly required: readonly string[];
};

/** What the route takes, without what is withheld from agents. `limit` must be given where there is one, so that replies stay short. */
export function inputSchema(
  { input }: Pick<Endpoint, "input">,
  { withheld = [], fixed = {} }: Operation,
): ObjectSchema {
  const needed = z.toJSONSchema(input, { io: "input", unrepresentable: "any" }).required ?? [];
  // What comes out of a query's field is a number; what goes in is text, and JSON Schema's own types say the first.
  const { properties = {}, ...schema } = objectSchema(input, "output");
  const offered = Object.entries(properties)
    .filter(([name]) => !withheld.includes(name))
    .map(([name, { default: usual, ...field }]): [string, JsonSchema] => {
      if (Object.hasOwn(fixed, name)) return [name, { ...field, enum: [fixed[name]] }];
      return [name, usual === undefined ? field : { ...field, default: usual }];
    });
  const required = offered
    .map(([name]) => name)
    .filter((name) => needed.includes(name) || name === "limit" || Object.hasOwn(fixed, name));
  return { ...schema, properties: Object.fromEntries(offered), required };
}

/** A reply's schema. Without `exact` it lets through what a later version adds. */
export function replySchema(reply: z.ZodType, exact = false): ObjectSchema {
  return objectSchema(reply, exact ? "output" : "input");
}

function objectSchema(schema: z.ZodType, io: "input" | "output"): ObjectSchema {
  const {
    $schema: _dialect,
    properties = {},
    required = [],
    ...rest
  } = z.toJSONSchema(schema, { io, unrepresentable: "any", override });
  return { ...rest, properties: withoutBooleans(properties), required };
}

/** JSON Schema allows `true` for a schema; zod makes none of it. */
function withoutBooleans(
  properties: Readonly<Record<string, unknown>>,
): Record<string, JsonSchema> {
  return Object.fromEntries(
    Object.entries(properties).map(([name, schema]) => [name, Object(schema)]),
  );
}

/** Takes out what says nothing, and gives every object its `properties`, which importers of GPT Actions ask for. */
function override({ jsonSchema }: { readonly jsonSchema: z.core.JSONSchema.BaseSchema }): void {
  if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
  // The format says it already, and its pattern is longer than all else.
  if (jsonSchema.format === "date-time") delete jsonSchema.pattern;
  if (jsonSchema.type !== "object") return;
  jsonSchema.properties ??= {};
  delete jsonSchema.propertyNames;
}
