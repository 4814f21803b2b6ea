// A cut of an OpenAPI description: some of its operations, and only what a validator reads.
import type {
  Description,
  OpenapiSchema,
  OperationDescription,
} from "../test/github/description.ts";

type Media = { readonly schema?: OpenapiSchema };
type Content = Readonly<Record<string, Media>>;
type Parameter = {
  readonly name: string;
  readonly in: string;
  readonly required?: boolean;
  readonly schema: OpenapiSchema;
  readonly "x-multi-segment"?: boolean;
};
type Operation = {
  readonly parameters?: readonly (Parameter | { readonly $ref: string })[];
  readonly requestBody?: { readonly required?: boolean; readonly content: Content };
  readonly responses: Readonly<Record<string, { readonly content?: Content }>>;
};
type Openapi = {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, OpenapiSchema>>;
    readonly parameters: Readonly<Record<string, Parameter>>;
  };
};

/** Keywords for readers and clients, which validators do not read. */
const PROSE = ["description", "title", "example", "examples", "default", "deprecated"];
const SCHEMA_REF = "#/components/schemas/";
const ANY_TEXT = JSON.stringify({ type: "string" });
/** The media types of replies whose JSON the server sends. */
const JSON_TYPES = ["application/json", "application/vnd.github.object"];

/** Removes prose from a schema. Removes `required` from a reply too, since the server leaves members out. */
function stripProse(schema: OpenapiSchema, reply: boolean): OpenapiSchema {
  const kept = Object.entries(schema).filter(
    ([key]) =>
      !PROSE.includes(key) &&
      !key.startsWith("x-") &&
      key !== "discriminator" &&
      !(reply && key === "required"),
  );
  return Object.fromEntries(
    kept.map(([key, value]) => {
      if (key === "properties" && isSchema(value))
        return [
          key,
          Object.fromEntries(
            Object.entries(value).map(([name, of]) => [
              name,
              isSchema(of) ? stripProse(of, reply) : of,
            ]),
          ),
        ];
      if (Array.isArray(value))
        return [key, value.map((item) => (isSchema(item) ? stripProse(item, reply) : item))];
      return [key, isSchema(value) ? stripProse(value, reply) : value];
    }),
  );
}

/** An `allOf` of plain objects as one object, since only that can be closed to undescribed members. */
function mergeAllOf(
  schema: OpenapiSchema,
  schemas: Openapi["components"]["schemas"],
): OpenapiSchema {
  if (!Array.isArray(schema.allOf)) return schema;
  const { allOf, ...rest } = schema;
  const parts: OpenapiSchema[] = [...allOf, rest].map((part) =>
    "$ref" in part ? schemas[part.$ref.replace(SCHEMA_REF, "")] : part,
  );
  const mergeable = ["type", "properties", "required", ...PROSE];
  if (
    parts.some((part) =>
      Object.keys(part).some((key) => !mergeable.includes(key) && !key.startsWith("x-")),
    )
  )
    return schema;
  return {
    type: "object",
    properties: Object.assign({}, ...parts.map(({ properties }) => properties)),
    required: parts.flatMap(({ required }) => required ?? []),
  };
}

function isSchema(value: unknown): value is OpenapiSchema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Names of the components that a schema refers to itself. */
function refsOf(schema: unknown): string[] {
  return [...JSON.stringify(schema).matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)].map(
    ([, name = ""]) => name,
  );
}

function describe(
  { parameters = [], requestBody, responses }: Operation,
  named: Openapi["components"]["parameters"],
): OperationDescription {
  const all = parameters.map((parameter) => {
    if (!("$ref" in parameter)) return parameter;
    const found = named[parameter.$ref.split("/").at(-1) ?? ""];
    if (found === undefined) throw new Error(`GitHub describes no ${parameter.$ref}`);
    return found;
  });
  const schemasOf = (place: string) =>
    Object.fromEntries(
      all
        .filter((parameter) => parameter.in === place)
        .map(({ name, schema }) => [name, stripProse(schema, false)] as const)
        // Every part of a path is a text.
        .filter(([, schema]) => place !== "path" || JSON.stringify(schema) !== ANY_TEXT),
    );
  const multi = all.filter((parameter) => parameter["x-multi-segment"]).map(({ name }) => name);
  const required = all.filter((each) => each.in === "query" && each.required);
  const body = requestBody?.content["application/json"]?.schema;
  return {
    path: schemasOf("path"),
    ...(multi.length === 0 ? {} : { multi }),
    query: schemasOf("query"),
    ...(required.length === 0 ? {} : { requiredQuery: required.map(({ name }) => name) }),
    ...(body === undefined ? {} : { body: stripProse(body, false) }),
    ...(requestBody?.required ? { bodyRequired: true } : {}),
    replies: Object.fromEntries(
      Object.entries(responses)
        .filter(([status]) => status.startsWith("2"))
        .map(([status, { content = {} }]) => [
          status,
          JSON_TYPES.map((type) => content[type]?.schema)
            .filter((schema) => schema !== undefined)
            .map((schema) => stripProse(schema, true)),
        ]),
    ),
  };
}

/**
 * The cut of a description as text, with one operation or schema a line, so that a new version shows as a small diff.
 * @throws Error if an operation is not described, or has a keyword that the judge cannot close
 */
export function cutOpenapi(text: string, operations: readonly string[], from: string): string {
  const { components }: Openapi = JSON.parse(text);
  const openapi: Openapi = JSON.parse(text, (_key, value) =>
    isSchema(value) ? mergeAllOf(value, components.schemas) : value,
  );
  const described = operations.map((operation) => {
    const [method = "", path = ""] = operation.split(" ");
    const found = openapi.paths[path]?.[method.toLowerCase()];
    if (found === undefined) throw new Error(`GitHub describes no ${operation}`);
    return [operation, describe(found, openapi.components.parameters)] as const;
  });
  const schemas = new Map<string, OpenapiSchema>();
  // A body's schema must keep its required members, so it may not share components with replies.
  for (const reply of [false, true]) {
    const parts = described.map(([, { replies, ...rest }]) => (reply ? replies : rest));
    const waiting = refsOf(parts);
    for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
      const schema = openapi.components.schemas[name];
      if (schema === undefined) throw new Error(`GitHub describes no ${SCHEMA_REF}${name}`);
      const known = schemas.get(name);
      const kept = stripProse(schema, reply);
      if (known !== undefined && JSON.stringify(known) === JSON.stringify(kept)) continue;
      if (known !== undefined) throw new Error(`both bodies and replies refer to ${name}`);
      schemas.set(name, kept);
      waiting.push(...refsOf(kept));
    }
  }
  const cut: Description = {
    from,
    operations: Object.fromEntries(described),
    schemas: Object.fromEntries([...schemas].sort(([one], [other]) => (one < other ? -1 : 1))),
  };
  if (/"allOf":|"patternProperties":/.test(JSON.stringify(cut)))
    throw new Error("the judge closes no schema with allOf or patternProperties");
  const lines = (of: Readonly<Record<string, unknown>>) =>
    Object.entries(of)
      .map(([name, value]) => `${JSON.stringify(name)}: ${JSON.stringify(value)}`)
      .join(",\n");
  return `{\n"from": ${JSON.stringify(from)},\n"operations": {\n${lines(cut.operations)}\n},\n"schemas": {\n${lines(cut.schemas)}\n}\n}\n`;
}
