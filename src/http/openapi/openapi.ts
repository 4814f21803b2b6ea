// The API's description for agents: OpenAPI 3.1, within the limits of GPT Actions.
// zod-openapi and the libraries made with it describe a query's number as the text that is sent,
// and close each reply to members that a later version adds. They would replace the 30 lines that write
// parameters and bodies.
import manifest from "../../../package.json" with { type: "json" };
import type { Endpoint } from "../endpoint.ts";
import { pathNames } from "../input/path-names.ts";
import { DISPATCHED, replySchemas } from "../reply/replies.ts";
import { inputSchema, type JsonSchema, replySchema } from "./agent-schemas.ts";
import { OPERATIONS, type Operation } from "./operations.ts";

const DESCRIPTION = `Rotates the secrets that a GitHub repository depends on, and reports how old each is. No operation here takes or returns a secret's value: the description leaves out POST /tokens/generate and the field new_token, and a key for an agent must not have the scope reveal. Requests must set limit if it is listed, so that replies stay below 100,000 characters.`;

/** As RFC 9457 has it, with this API's members. */
const PROBLEM: JsonSchema = {
  type: "object",
  description: "What failed, and what to do",
  properties: {
    title: { type: "string" },
    status: { type: "integer" },
    detail: { type: "string", description: "What failed, and what was seen" },
    code: { type: "string", description: "Stable, for programs" },
    hint: { type: "string", description: "What to do" },
    nearest: { type: "string", description: "The name that was probably meant" },
    permission: { type: "string", description: "The permission that GitHub says is missing" },
  },
  required: ["title", "status", "detail", "code"],
};

/**
 * The description of those routes that are offered to agents.
 * @param origin the address at which callers reach them, without a slash at its end
 */
export function openApiDocument(routes: readonly Endpoint[], origin: string): JsonSchema {
  const replies = replySchemas({ hashes: true });
  const paths = Object.entries(OPERATIONS).flatMap(([path, operation]) => {
    const route = routes.find((each) => each.path === path);
    const reply = replies[path];
    if (route === undefined || reply === undefined) return [];
    return [
      [
        formatPath(path),
        { [route.method.toLowerCase()]: buildOperation(route, operation, replySchema(reply)) },
      ],
    ];
  });
  return {
    openapi: "3.1.0",
    info: { title: "token-automation", version: manifest.version, description: DESCRIPTION },
    servers: [{ url: origin }],
    security: [{ key: [] }],
    paths: Object.fromEntries(paths),
    components: {
      securitySchemes: {
        key: { type: "http", scheme: "bearer", description: "An API key of this service" },
      },
      schemas: { Problem: PROBLEM },
      responses: {
        Problem: {
          description: "The operation failed, or a part of it failed",
          content: {
            "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } },
          },
        },
      },
    },
  };
}

function buildOperation(route: Endpoint, operation: Operation, reply: JsonSchema): JsonSchema {
  const input = inputSchema(route, operation);
  const isQuery = route.method === "GET";
  return {
    operationId: operation.id,
    summary: operation.title,
    description: operation.description,
    "x-openai-isConsequential": operation.readOnly !== true,
    ...(isQuery
      ? { parameters: listParameters(input, pathNames(route.path)) }
      : { requestBody: describeBody(input) }),
    responses: {
      [route.path === "/tokens/workflow/create" ? "201" : "200"]: {
        description: "Done",
        content: { "application/json": { schema: reply } },
      },
      ...describeDispatch(route.path),
      default: { $ref: "#/components/responses/Problem" },
    },
  };
}

/** The reply of a service that starts the rotation workflow instead of rotating. */
function describeDispatch(path: string): JsonSchema {
  const reply = DISPATCHED[path];
  if (reply === undefined) return {};
  return {
    "202": {
      description: "A run of the rotation workflow was started",
      content: { "application/json": { schema: replySchema(reply) } },
    },
  };
}

/** The path in OpenAPI's form. */
function formatPath(path: string): string {
  return path.replace(/:(\w+)/g, "{$1}");
}

function listParameters(
  { properties, required }: ReturnType<typeof inputSchema>,
  inPath: readonly string[],
): JsonSchema[] {
  return Object.entries(properties).map(([name, { description, ...schema }]) => ({
    name,
    in: inPath.includes(name) ? "path" : "query",
    required: required.includes(name) || inPath.includes(name),
    description,
    schema,
  }));
}

function describeBody(schema: ReturnType<typeof inputSchema>): JsonSchema {
  return { required: true, content: { "application/json": { schema } } };
}
