// A source file taken apart by its syntax tree: what it imports, exports, calls and says.
import { posix } from "node:path";
import { parseSync } from "rolldown/utils";
import type { Source } from "../sources.ts";

/** One import, in any of its forms. */
export type Import = {
  /** A file of the project by its path, a package by its name. */
  readonly target: string;
  readonly line: number;
  /** `type`: it is gone when the program runs. `inline`: a type as `import("…").Name`. */
  readonly how: "static" | "dynamic" | "type" | "inline";
};

/** A name that a file declares and exports. */
type Export = { readonly name: string; readonly line: number; readonly isType: boolean };

/** A global of the platform that the code reaches: `Date.now`, `process.env`, `fetch`. */
type Reach = { readonly what: string; readonly line: number };

/** A text of the file: a string, a part of a template, or a comment. */
type Text = { readonly text: string; readonly line: number };

/** A file with what the rules ask of it. */
export type Module = {
  readonly path: string;
  /** The number of its lines. */
  readonly length: number;
  readonly firstLine: string;
  readonly imports: readonly Import[];
  readonly exports: readonly Export[];
  readonly onlyReexports: boolean;
  /** The globals through which the world is reached. */
  readonly reaches: readonly Reach[];
  /** The lines on which a secret is opened. */
  readonly reveals: readonly number[];
  readonly texts: readonly Text[];
};

type Node = { readonly type: string; readonly start: number } & Readonly<Record<string, unknown>>;

/** Objects whose every member reaches the world. */
const WORLD_OBJECTS = ["process", "console", "performance", "navigator", "globalThis"];
/** Functions and constructors that reach the world when they are called; `Date` with an argument is pure. */
const WORLD_CALLS = ["fetch", "setTimeout", "setInterval", "setImmediate", "Date"];
const WORLD_MEMBERS = ["Math.random", "Date.now", "crypto.randomUUID"];
const TYPE_DECLARATIONS = [
  "TSTypeAliasDeclaration",
  "TSInterfaceDeclaration",
  "TSEnumDeclaration",
  "ClassDeclaration",
];

/** Takes a file apart. Throws if it does not parse. */
export function parseModule({ path, text }: Source): Module {
  const { program, comments, errors } = parseSync(path, text, { lang: "ts" });
  const [error] = errors;
  if (error !== undefined) throw new Error(`${path} does not parse: ${error.message}`);
  const lineAt = lineFinder(text);
  const imports: Import[] = [];
  const reaches: Reach[] = [];
  const reveals: number[] = [];
  const texts: Text[] = comments.map(({ value, start }) => ({ text: value, line: lineAt(start) }));
  const add = (source: unknown, how: Import["how"], start: number) => {
    const name = isNode(source) && typeof source.value === "string" ? source.value : "";
    const target = name.startsWith(".") ? posix.join(posix.dirname(path), name) : name;
    imports.push({ target, how, line: lineAt(start) });
  };
  visit(program, null, (node, parent) => {
    const line = lineAt(node.start);
    const global = globalReached(node);
    if (global !== null) reaches.push({ what: global, line });
    switch (node.type) {
      case "ImportDeclaration":
        add(node.source, isTypeOnly(node) ? "type" : "static", node.start);
        break;
      case "ExportAllDeclaration":
      case "ExportNamedDeclaration":
        if (node.source) add(node.source, isTypeOnly(node) ? "type" : "static", node.start);
        break;
      case "ImportExpression":
        add(node.source, "dynamic", node.start);
        break;
      case "TSImportType":
        // `typeof import("x")` names a package that is loaded later, not a type in it.
        add(node.source, parent?.type === "TSTypeQuery" ? "type" : "inline", node.start);
        break;
      case "Literal":
        if (typeof node.value === "string") texts.push({ text: node.value, line });
        break;
      case "TemplateElement":
        texts.push({ text: cookedText(node), line });
        break;
      case "CallExpression":
        if (memberName(node.callee) === "reveal") reveals.push(line);
        break;
    }
  });
  const statements = (program.body as unknown as readonly Node[]).filter(isNode);
  return {
    path,
    length: text.trimEnd().split("\n").length,
    firstLine: text.split("\n", 1)[0] ?? "",
    imports,
    exports: statements.flatMap((node) => exportsOf(node, lineAt)),
    onlyReexports: isBarrel(statements),
    reaches,
    reveals,
    texts,
  };
}

function lineFinder(text: string): (offset: number) => number {
  const ends = [...text.matchAll(/\n/g)].map(({ index }) => index);
  return (offset) => {
    let low = 0;
    let high = ends.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((ends[middle] ?? 0) < offset) low = middle + 1;
      else high = middle;
    }
    return low + 1;
  };
}

function visit(
  value: unknown,
  parent: Node | null,
  look: (node: Node, parent: Node | null) => void,
): void {
  if (Array.isArray(value)) {
    for (const each of value) visit(each, parent, look);
  } else if (isNode(value)) {
    look(value, parent);
    for (const child of Object.values(value))
      if (typeof child === "object" && child !== null) visit(child, value, look);
  }
}

function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && "type" in value && "start" in value;
}

function isTypeOnly({ importKind, exportKind, specifiers }: Node): boolean {
  if (importKind === "type" || exportKind === "type") return true;
  const named = Array.isArray(specifiers) ? specifiers.filter(isNode) : [];
  return (
    named.length > 0 &&
    named.every((each) => each.importKind === "type" || each.exportKind === "type")
  );
}

function exportsOf(node: Node, lineAt: (offset: number) => number): Export[] {
  if (node.type !== "ExportNamedDeclaration" || !isNode(node.declaration)) return [];
  const { declaration } = node;
  const line = lineAt(node.start);
  const isType = TYPE_DECLARATIONS.includes(declaration.type);
  const named = Array.isArray(declaration.declarations)
    ? declaration.declarations.filter(isNode).map(({ id }) => id)
    : [declaration.id];
  return named.flatMap((id) =>
    isNode(id) && typeof id.name === "string" ? [{ name: id.name, line, isType }] : [],
  );
}

/** Whether nothing stands in the file but imports and what is passed on. */
function isBarrel(statements: readonly Node[]): boolean {
  const passes = ({ type, declaration }: Node) =>
    type === "ExportAllDeclaration" || (type === "ExportNamedDeclaration" && !declaration);
  return (
    statements.some(passes) &&
    statements.every((each) => passes(each) || each.type === "ImportDeclaration")
  );
}

function globalReached(node: Node): string | null {
  if (node.type === "MemberExpression") {
    const object = identifier(node.object);
    const name = memberName(node);
    if (object === null || name === null) return null;
    const whole = `${object}.${name}`;
    return WORLD_OBJECTS.includes(object) || WORLD_MEMBERS.includes(whole) ? whole : null;
  }
  if (node.type !== "CallExpression" && node.type !== "NewExpression") return null;
  const name = identifier(node.callee);
  if (name === null || !WORLD_CALLS.includes(name)) return null;
  const isMoment = Array.isArray(node.arguments) && node.arguments.length > 0;
  return name === "Date" && isMoment ? null : `${name}()`;
}

function identifier(node: unknown): string | null {
  return isNode(node) && node.type === "Identifier" && typeof node.name === "string"
    ? node.name
    : null;
}

function memberName(node: unknown): string | null {
  if (!isNode(node) || node.type !== "MemberExpression") return null;
  if (node.computed !== true) return identifier(node.property);
  const { property } = node;
  return isNode(property) && typeof property.value === "string" ? property.value : null;
}

function cookedText({ value }: Node): string {
  return typeof value === "object" && value !== null && "raw" in value ? String(value.raw) : "";
}
