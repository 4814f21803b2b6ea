// JSON Schemas (2020-12) of requests and replies for agents, from the definitions that validate.
import * as z from "zod";
import type { Endpoint } from "../endpoint.ts";
import type { Operation } from "./operations.ts";

export type JsonSchema = { readonly [keyword: string]: unknown };
export type ObjectSchema = JsonSchema & {
  readonly properties: Readonly<Record<string, JsonSchema>>;
  readonly required: readonly string[];
};

/** The route's input, without the fields withheld from agents. `limit` is required if there is one, so that replies stay short. */
export function inputSchema(
  { input }: Pick<Endpoint, "input">,
  { withheld = [], fixed = {} }: Operation,
): ObjectSchema {
  const needed = z.toJSONSchema(input, { io: "input", unrepresentable: "any" }).required ?? [];
  // zod describes the number that a query's field becomes. The field itself is text, and JSON Schema's own types say so first.
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

/** A reply's schema. Without `exact` it lets through members that a later version adds. */
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

/** JSON Schema allows `true` for a schema. zod writes no such schema. */
function withoutBooleans(
  properties: Readonly<Record<string, unknown>>,
): Record<string, JsonSchema> {
  return Object.fromEntries(
    Object.entries(properties).map(([name, schema]) => [name, Object(schema)]),
  );
}

/** Removes empty keywords, and gives every object its `properties`, which importers of GPT Actions require. */
function override({ jsonSchema }: { readonly jsonSchema: z.core.JSONSchema.BaseSchema }): void {
  if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
  // The format says it already, and its pattern is longer than the rest.
  if (jsonSchema.format === "date-time") delete jsonSchema.pattern;
  if (jsonSchema.type !== "object") return;
  jsonSchema.properties ??= {};
  delete jsonSchema.propertyNames;
}
