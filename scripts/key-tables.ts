// The keys of token_config.json as Markdown tables, from its JSON Schema.
import { markdownTable } from "./table.ts";

type Schema = Readonly<Record<string, unknown>>;
type Row = { readonly path: string; readonly kind: string; readonly meaning: string };

/** Written by the program for itself. It does not concern people who write the file. */
const WRITTEN_BY_THE_PROGRAM = ["state", "history"];
/** The placeholder for a name that people choose. */
const NAMES: Readonly<Record<string, string>> = {
  tokens: "NAME",
  rules: "NAME",
  workflows: "name",
};

/** One table for the top, then one per section that people write. */
export function keyTables(schema: Schema): string {
  const sections = Object.entries(propertiesOf(schema));
  const top = sections.map(([key, value]) => row(key, value, requiredIn(schema, key)));
  const inner = sections.flatMap(([key, value]) => {
    const rows = WRITTEN_BY_THE_PROGRAM.includes(key) ? [] : rowsBelow(value, key, key);
    return rows.length === 0 ? [] : [`## ${key}`, tableOf(rows)];
  });
  return ["## The top level", tableOf(top), ...inner].join("\n\n");
}

function tableOf(rows: readonly Row[]): string {
  return markdownTable(
    ["Key", "What it holds", "Meaning"],
    rows.map(({ path, kind, meaning }) => [`\`${path}\``, kind, meaning]),
  );
}

function rowsBelow(schema: Schema, path: string, section: string): Row[] {
  const named = schema.additionalProperties;
  if (isSchema(named) && path in NAMES)
    return rowsBelow(named, `${path}.${NAMES[section]}`, section);
  if (isSchema(schema.items)) return rowsBelow(schema.items, `${path}[]`, section);
  if (Array.isArray(schema.oneOf))
    return schema.oneOf.filter(isSchema).flatMap((variant) => variantRows(variant, path, section));
  return Object.entries(propertiesOf(schema)).flatMap(([key, value]) => {
    const own = row(`${path}.${key}`, value, requiredIn(schema, key));
    return [own, ...rowsBelow(value, own.path, section)];
  });
}

/** A variant is known by the one key that has a fixed value. Its other keys say which variant they belong to. */
function variantRows(variant: Schema, path: string, section: string): Row[] {
  const properties = Object.entries(propertiesOf(variant));
  const fixed = properties.find(([, value]) => "const" in value);
  if (fixed === undefined) return [];
  const [tag, { const: value }] = fixed;
  const only = `With \`"${tag}": ${JSON.stringify(value)}\``;
  const others = properties
    .filter(([key]) => key !== tag)
    .flatMap(([key, inner]) => {
      const own = row(`${path}.${key}`, inner, requiredIn(variant, key));
      return [own, ...rowsBelow(inner, own.path, section)];
    });
  const head = {
    path: `${path}.${tag}`,
    kind: `\`${JSON.stringify(value)}\``,
    meaning: text(variant.description),
  };
  return [
    head,
    ...others.map((other) => ({
      ...other,
      meaning: [only, other.meaning].filter(Boolean).join(": "),
    })),
  ];
}

function row(path: string, schema: Schema, required: boolean): Row {
  return {
    path,
    kind: `${kindOf(schema)}${required ? ", required" : ""}`,
    meaning: text(schema.description),
  };
}

function kindOf(schema: Schema): string {
  if (schema.const !== undefined) return `\`${JSON.stringify(schema.const)}\``;
  if (Array.isArray(schema.enum)) return schema.enum.map((value) => `\`${value}\``).join(", ");
  const choices = [schema.oneOf, schema.anyOf].find(Array.isArray);
  if (choices !== undefined) return [...new Set(choices.filter(isSchema).map(kindOf))].join(" or ");
  if (schema.format === "date-time") return "time (ISO 8601 with a zone)";
  if (isSchema(schema.items)) return `list of ${kindOf(schema.items)}s`;
  return `${text(schema.type)}${range(schema)}`;
}

function range({ minimum, maximum, exclusiveMinimum }: Schema): string {
  if (typeof exclusiveMinimum === "number") return ` over ${exclusiveMinimum}, to ${text(maximum)}`;
  return minimum === undefined ? "" : ` ${text(minimum)} to ${text(maximum)}`;
}

function requiredIn(schema: Schema, key: string): boolean {
  return Array.isArray(schema.required) && schema.required.includes(key);
}

function propertiesOf(schema: Schema): Readonly<Record<string, Schema>> {
  const { properties } = schema;
  if (!isSchema(properties)) return {};
  return Object.fromEntries(
    Object.entries(properties).flatMap(([key, value]) => (isSchema(value) ? [[key, value]] : [])),
  );
}

function isSchema(value: unknown): value is Schema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function text(value: unknown): string {
  return value === undefined ? "" : String(value);
}
