// The part of GitHub's GraphQL schema that this server answers, as GitHub publishes it.
import { readFileSync } from "node:fs";
import { buildSchema, type GraphQLSchema, isScalarType } from "graphql";

/** The texts that GitHub's own scalars stand for: docs.github.com/graphql/reference/scalars */
const SCALARS: Readonly<Record<string, RegExp>> = {
  DateTime: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/,
  GitObjectID: /^[0-9a-f]{40}$/,
  GitTimestamp: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/,
  URI: /^https?:\/\/\S+$/,
};

let built: GraphQLSchema | null = null;

/** Generated: see served-fields.ts. GitHub refuses a query for a field that it does not have in the same way. */
export function githubSchema(): GraphQLSchema {
  if (built !== null) return built;
  built = buildSchema(readFileSync(new URL("github-schema.graphql", import.meta.url), "utf8"));
  for (const [name, pattern] of Object.entries(SCALARS)) {
    const type = built.getType(name);
    if (!isScalarType(type)) throw new Error(`github-schema.graphql has no scalar ${name}`);
    const check = (value: unknown) => {
      if (typeof value === "string" && pattern.test(value)) return value;
      throw new TypeError(`${JSON.stringify(value)} is no ${name}`);
    };
    type.parseValue = check;
    type.serialize = check;
  }
  return built;
}
