// A GraphQL schema cut down to some of its fields.
import {
  type DefinitionNode,
  type InputValueDefinitionNode,
  Kind,
  parse,
  print,
  type TypeNode,
  visit,
} from "graphql";

const BUILT_IN = ["Boolean", "Float", "ID", "Int", "String"];

function nameOf(type: TypeNode): string {
  return type.kind === Kind.NAMED_TYPE ? type.name.value : nameOf(type.type);
}

/** Every field of an object or an interface as `Type.field`, in order. */
export function fieldsOf(sdl: string): string[] {
  return parse(sdl)
    .definitions.flatMap((definition) =>
      definition.kind === Kind.OBJECT_TYPE_DEFINITION ||
      definition.kind === Kind.INTERFACE_TYPE_DEFINITION
        ? (definition.fields ?? []).map(({ name }) => `${definition.name.value}.${name.value}`)
        : [],
    )
    .sort();
}

/**
 * The definitions of the fields asked for, with the scalars, enums and input types they need.
 * @param wanted names of fields, separated by spaces, by type
 * @throws Error if the schema lacks a type or a field, or a field's type is left out
 */
export function cutGraphql(sdl: string, wanted: Readonly<Record<string, string>>): string {
  const plain = visit(parse(sdl, { noLocation: true }), {
    StringValue: (node, key) => (key === "description" ? null : node),
    Directive: () => null,
  });
  const byName = new Map<string, DefinitionNode>();
  for (const definition of plain.definitions)
    if ("name" in definition && definition.name !== undefined)
      byName.set(definition.name.value, definition);
  const kept = new Map<string, DefinitionNode>();
  const keepInputs = (values: readonly InputValueDefinitionNode[] = []) => {
    for (const { type } of values) keepLeaf(nameOf(type));
  };
  const keepLeaf = (name: string): void => {
    if (BUILT_IN.includes(name) || kept.has(name) || name in wanted) return;
    const found = byName.get(name);
    if (
      found?.kind !== Kind.SCALAR_TYPE_DEFINITION &&
      found?.kind !== Kind.ENUM_TYPE_DEFINITION &&
      found?.kind !== Kind.INPUT_OBJECT_TYPE_DEFINITION
    )
      throw new Error(`a field has the type ${name}, of which no field is asked for`);
    kept.set(name, found);
    if (found.kind === Kind.INPUT_OBJECT_TYPE_DEFINITION) keepInputs(found.fields);
  };
  for (const [name, fields] of Object.entries(wanted)) {
    const found = byName.get(name);
    if (
      found?.kind !== Kind.OBJECT_TYPE_DEFINITION &&
      found?.kind !== Kind.INTERFACE_TYPE_DEFINITION
    )
      throw new Error(`GitHub's schema has no type ${name}`);
    const chosen = fields.split(" ").map((field) => {
      const described = found.fields?.find((each) => each.name.value === field);
      if (described === undefined) throw new Error(`GitHub's schema has no ${name}.${field}`);
      keepLeaf(nameOf(described.type));
      keepInputs(described.arguments);
      return described;
    });
    const names = fields.split(" ");
    const interfaces = (found.interfaces ?? []).filter((each) =>
      wanted[each.name.value]?.split(" ").every((field) => names.includes(field)),
    );
    kept.set(name, { ...found, interfaces, fields: chosen });
  }
  const sorted = [...kept].sort(([one], [other]) => (one < other ? -1 : 1));
  return `${sorted.map(([, definition]) => print(definition)).join("\n\n")}\n`;
}
