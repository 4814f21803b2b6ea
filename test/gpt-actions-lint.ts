// The limits of GPT Actions on the description of an API, as "Production notes on GPT Actions" (developers.openai.com) has them.

type Node = { readonly [key: string]: unknown };

const METHODS = ["get", "put", "post", "delete", "patch", "head", "options", "trace"];
const MAX_OPERATIONS = 30;
const MAX_OPERATION_TEXT = 300;
const MAX_FIELD_TEXT = 700;

const isNode = (value: unknown): value is Node =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Every complaint, with where it is. */
export function lintForGptActions(document: Node): string[] {
  const complaints: string[] = [];
  const operations = operationsOf(document);
  const servers = Array.isArray(document.servers) ? document.servers.filter(isNode) : [];
  if (servers.length !== 1)
    complaints.push(`there must be one server; there are ${servers.length}`);
  for (const { url } of servers) {
    const local = /^http:\/\/(?:localhost|127\.0\.0\.1)(?::\d+)?$/.test(String(url));
    if (!local && !/^https:\/\/[^/]+[^/]$/.test(String(url)))
      complaints.push(`the server must be https: ${url}`);
  }
  if (operations.length > MAX_OPERATIONS) complaints.push(`${operations.length} operations`);
  const ids = operations.map(({ operation }) => String(operation.operationId));
  complaints.push(
    ...ids
      .filter((id, index) => ids.indexOf(id) !== index)
      .map((id) => `operationId ${id} stands there twice`),
  );
  for (const { where, method, operation } of operations)
    complaints.push(...lintOperation(where, method, operation));
  complaints.push(...lintTree(document, "", document));
  return complaints;
}

function operationsOf(document: Node) {
  return Object.entries(isNode(document.paths) ? document.paths : {}).flatMap(([path, item]) =>
    Object.entries(isNode(item) ? item : {}).flatMap(([method, operation]) =>
      METHODS.includes(method) && isNode(operation)
        ? [{ where: `${method} ${path}`, method, operation }]
        : [],
    ),
  );
}

function lintOperation(where: string, method: string, operation: Node): string[] {
  const complaints: string[] = [];
  if (!/^[A-Za-z][A-Za-z0-9_-]{0,63}$/.test(String(operation.operationId)))
    complaints.push(`${where}: no operationId`);
  for (const field of ["summary", "description"]) {
    const text = operation[field];
    if (typeof text !== "string" || text === "") complaints.push(`${where}: no ${field}`);
    else if (text.length > MAX_OPERATION_TEXT)
      complaints.push(`${where}: the ${field} has ${text.length} characters`);
  }
  if (operation["x-openai-isConsequential"] !== (method !== "get"))
    complaints.push(`${where}: x-openai-isConsequential`);
  const parameters = Array.isArray(operation.parameters) ? operation.parameters.filter(isNode) : [];
  for (const parameter of parameters) {
    if (parameter.in === "header" || parameter.in === "cookie")
      complaints.push(`${where}: ${parameter.name} is no query parameter`);
    complaints.push(...lintText(`${where}: ${parameter.name}`, parameter.description));
  }
  const { content } = isNode(operation.requestBody) ? operation.requestBody : {};
  if (method === "post" && !isNode(content)) complaints.push(`${where}: no body`);
  for (const [type, media] of Object.entries(isNode(content) ? content : {})) {
    if (type !== "application/json") complaints.push(`${where}: the body is ${type}`);
    const schema =
      isNode(media) && isNode(media.schema) && isNode(media.schema.properties)
        ? media.schema.properties
        : {};
    for (const [name, field] of Object.entries(schema))
      complaints.push(...lintText(`${where}: ${name}`, isNode(field) ? field.description : ""));
  }
  return complaints;
}

function lintText(where: string, text: unknown): string[] {
  if (typeof text !== "string" || text === "") return [`${where}: no description`];
  return text.length > MAX_FIELD_TEXT
    ? [`${where}: the description has ${text.length} characters`]
    : [];
}

/** References that lead nowhere, objects without `properties` (importers refuse them), and texts that are too long, anywhere. */
function lintTree(node: unknown, where: string, document: Node): string[] {
  if (Array.isArray(node))
    return node.flatMap((each, index) => lintTree(each, `${where}/${index}`, document));
  if (!isNode(node)) return [];
  const complaints: string[] = [];
  if (typeof node.$ref === "string") {
    const target = node.$ref
      .replace("#/", "")
      .split("/")
      .reduce<unknown>((value, key) => (isNode(value) ? value[key] : undefined), document);
    if (target === undefined) complaints.push(`${where}: ${node.$ref} leads nowhere`);
  }
  if (node.type === "object" && !isNode(node.properties))
    complaints.push(`${where}: an object without properties`);
  if (typeof node.description === "string" && node.description.length > MAX_FIELD_TEXT)
    complaints.push(`${where}: a description too long`);
  return [
    ...complaints,
    ...Object.entries(node).flatMap(([key, value]) => lintTree(value, `${where}/${key}`, document)),
  ];
}
