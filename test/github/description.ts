// GitHub's OpenAPI description, cut to the operations in use: finding an operation, and validating its parts.
import { readFileSync } from "node:fs";
import { Ajv, type ErrorObject, type ValidateFunction } from "ajv";
import addFormats from "ajv-formats";

/** A schema as OpenAPI 3.0 writes it. */
export type OpenapiSchema = { readonly [keyword: string]: unknown };

export type OperationDescription = {
  /** Parameters of the path that are more than a text. */
  readonly path: Readonly<Record<string, OpenapiSchema>>;
  /** Those that may hold slashes. */
  readonly multi?: readonly string[];
  readonly query: Readonly<Record<string, OpenapiSchema>>;
  readonly requiredQuery?: readonly string[];
  readonly body?: OpenapiSchema;
  readonly bodyRequired?: true;
  /** By status: the schemas that a JSON body may have; none if the reply has no body. */
  readonly replies: Readonly<Record<string, readonly OpenapiSchema[]>>;
};

/** The committed file. */
export type Description = {
  /** The package and its version. */
  readonly from: string;
  /** By method and path: `GET /user`. */
  readonly operations: Readonly<Record<string, OperationDescription>>;
  /** What the operations refer to. */
  readonly schemas: Readonly<Record<string, OpenapiSchema>>;
};

type Part = "parameters" | "body" | "reply";
type Operation = OperationDescription & {
  readonly name: string;
  readonly method: string;
  readonly pattern: RegExp;
  readonly literals: number;
};

const SCHEMA_REF = "#/components/schemas/";
const BRANCHES = ["anyOf", "oneOf"];

function isSchema(value: unknown): value is OpenapiSchema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * A schema as JSON Schema writes it, closed: an object has the members that are described and no
 * others, except where GitHub says otherwise.
 */
function closed(schema: OpenapiSchema, part: Part, branch = false): OpenapiSchema {
  const { nullable, ...rest } = schema;
  if (nullable === true) {
    // Ajv knows `nullable` beside a type, and explains mistakes better than of a union.
    if (!("type" in rest) || BRANCHES.some((key) => key in rest))
      return { anyOf: [closed(rest, part, branch), { type: "null" }] };
    const { enum: values } = rest;
    const choice = Array.isArray(values) ? { enum: [...new Set([...values, null])] } : {};
    return { ...closed(rest, part, branch), ...choice, nullable };
  }
  const { properties } = schema;
  const out = Object.entries(rest).map(([key, value]) => {
    if (key === "$ref") return [key, String(value).replace(SCHEMA_REF, "schema:/")];
    if (key === "properties" && isSchema(value))
      return [
        key,
        Object.fromEntries(
          Object.entries(value).map(([name, of]) => [name, isSchema(of) ? closed(of, part) : of]),
        ),
      ];
    if (BRANCHES.includes(key) && Array.isArray(value)) {
      const branches = value.map((each) => closed(each, part, properties !== undefined));
      // Exactly one fits by what it requires, which replies leave out, or by types, which texts lack.
      return [part === "body" ? key : "anyOf", branches];
    }
    return [key, isSchema(value) ? closed(value, part) : value];
  });
  const open = properties === undefined || branch || "additionalProperties" in schema;
  return { ...Object.fromEntries(out), ...(open ? {} : { additionalProperties: false }) };
}

function explain(errors: readonly ErrorObject[]): string[] {
  const exact = errors.filter(({ keyword }) => !BRANCHES.includes(keyword));
  const said = (exact.length > 0 ? exact : errors).map(({ instancePath, message, params }) => {
    const named = Object.entries(params)
      .filter(([key]) => key === "additionalProperty" || key === "allowedValues")
      .map(([, value]) => ` ${JSON.stringify(value)}`);
    return `${instancePath} ${message}${named.join("")}`.trim();
  });
  return [...new Set(said)];
}

/** `/repos/{owner}/git/ref/{ref}` as a pattern, and how much of it is literal. */
function compile(path: string, multi: readonly string[] = []) {
  const source = path.replace(
    /\{(\w+)\}/g,
    (_, name: string) => `(?<${name}>${multi.includes(name) ? ".+" : "[^/]+"})`,
  );
  return { pattern: new RegExp(`^${source}$`), literals: path.replace(/\{\w+\}/g, "").length };
}

/** Reads the committed file; validators are compiled when they are first needed. */
function load() {
  const { from, operations, schemas }: Description = JSON.parse(
    readFileSync(new URL("github-openapi.json", import.meta.url), "utf8"),
  );
  const all: Operation[] = Object.entries(operations).map(([name, operation]) => {
    const [method = "", path = ""] = name.split(" ");
    return { ...operation, name, method, ...compile(path, operation.multi) };
  });
  const validators = new Map<string, ValidateFunction>();
  const makers = new Map<Part, Ajv>();

  function makerFor(part: Part): Ajv {
    const made = makers.get(part);
    if (made !== undefined) return made;
    const coerceTypes = part === "parameters";
    // OpenAPI's schemas hold words that JSON Schema does not know.
    const ajv = new Ajv({
      strict: false,
      validateSchema: false,
      allErrors: true,
      coerceTypes,
      logger: false,
    });
    addFormats.default(ajv);
    for (const [name, schema] of Object.entries(schemas))
      ajv.addSchema(closed(schema, part), `schema:/${name}`);
    makers.set(part, ajv);
    return ajv;
  }

  /** What is wrong with a value; `key` names the schema. */
  function mistakes(part: Part, key: string, schema: OpenapiSchema, value: unknown): string[] {
    const validate = validators.get(key) ?? makerFor(part).compile(closed(schema, part));
    validators.set(key, validate);
    return validate(value) ? [] : explain(validate.errors ?? []);
  }

  return {
    from,
    names: all.map(({ name }) => name),
    mistakes,
    /** The operation for a method and a percent-encoded path; the most literal path wins, as it does on GitHub. */
    find(method: string, path: string): Operation | null {
      const fitting = all.filter((each) => each.method === method && each.pattern.test(path));
      return fitting.sort((one, other) => other.literals - one.literals)[0] ?? null;
    },
  };
}

let loaded: ReturnType<typeof load> | null = null;

/** GitHub's description, read once a process: it never changes. */
export function githubDescription(): ReturnType<typeof load> {
  loaded ??= load();
  return loaded;
}
