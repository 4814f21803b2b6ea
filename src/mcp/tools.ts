// The operations as tools: the routes' own definitions say what they take, and only what the replies' definitions name is told.
import type {
  CallToolResult,
  McpServer,
  StandardSchemaWithJSON,
} from "@modelcontextprotocol/server";
import type * as z from "zod";
import { seenName } from "../core/base/showable.ts";
import { nearest } from "../core/model/names.ts";
import type { Edge } from "../http/access/edge.ts";
import type { Endpoint } from "../http/endpoint.ts";
import { inputSchema, type JsonSchema, replySchema } from "../http/openapi/agent-schemas.ts";
import { OPERATIONS, type Operation } from "../http/openapi/operations.ts";
import { DISPATCHED, replySchemas } from "../http/reply/replies.ts";
import { callRoute } from "./call-route.ts";
import { harmless } from "./harmless.ts";

/** Entries of a page where an agent does not say: a few thousand words. */
const USUAL_LIMIT = 50;
/** What is told of a refusal: never the report, whose names and reasons are not what was asked for. */
const TOLD_OF_PROBLEMS = [
  "detail",
  "code",
  "hint",
  "nearest",
  "permission",
  "problems",
  "reference",
  "retry_after_seconds",
];

/** Registers a tool for each operation that agents are offered. Fingerprints are not told: an agent has no use for them. */
export function registerTools(server: McpServer, routes: readonly Endpoint[], edge: Edge): void {
  const replies = replySchemas({ hashes: false });
  for (const [path, operation] of Object.entries(OPERATIONS)) {
    const route = routes.find((each) => each.path === path);
    const reply = replies[path];
    if (route === undefined || reply === undefined) continue;
    const {
      id,
      title,
      description,
      readOnly = false,
      destructive = false,
      idempotent = false,
    } = operation;
    const input = toolInput(route, operation);
    server.registerTool(
      id,
      {
        title,
        description,
        inputSchema: described<Record<string, unknown>>(input),
        outputSchema: described(toolOutput(reply, DISPATCHED[path])),
        annotations: {
          title,
          readOnlyHint: readOnly,
          destructiveHint: destructive,
          idempotentHint: idempotent,
          openWorldHint: false,
        },
      },
      async (given) => {
        const unknown = Object.keys(given).filter((name) => !Object.hasOwn(input.properties, name));
        if (unknown.length > 0)
          return refused(unknownFields(unknown, Object.keys(input.properties)));
        const answer = await callRoute(
          route,
          { ...usualOf(input), ...given, ...operation.fixed },
          edge,
        );
        return answer.ok
          ? told(
              (isDispatched(answer.body) ? (DISPATCHED[path] ?? reply) : reply).safeParse(
                answer.body,
              ),
            )
          : refused(answer.body);
      },
    );
  }
}

function isDispatched(body: unknown): boolean {
  return typeof body === "object" && body !== null && "dispatched" in body;
}

/** One object for both answers, since a tool's output has one schema: what is in either, and must be only what is in both. */
function toolOutput(reply: z.ZodType, dispatched: z.ZodType | undefined): JsonSchema {
  const done = replySchema(reply);
  if (dispatched === undefined) return done;
  const started = replySchema(dispatched);
  const required = done.required.filter((name) => started.required.includes(name));
  return { ...done, properties: { ...done.properties, ...started.properties }, required };
}

/** An agent that does not say may not declare what it made up, nor be told more than it can take. */
function usualOf({ properties }: ReturnType<typeof inputSchema>): Record<string, unknown> {
  const usual = { limit: USUAL_LIMIT, create: false };
  return Object.fromEntries(
    Object.entries(usual).filter(([name]) => Object.hasOwn(properties, name)),
  );
}

/** What the route takes and agents are not offered is unknown here too: nobody hands a value in. */
function unknownFields(names: readonly string[], known: readonly string[]) {
  const near = names.flatMap((name) => nearest(name, known, 1))[0];
  return {
    code: "field-unknown",
    detail: `there is no field ${names.map(seenName).join(", ")}`,
    hint:
      near === undefined
        ? `Known fields: ${known.join(", ") || "none"}. A value is taken by no tool.`
        : `Did you mean ${near}?`,
  };
}

/** As the route takes it; what is fixed is added by us, and `limit` has a usual value. */
function toolInput(route: Endpoint, operation: Operation): ReturnType<typeof inputSchema> {
  const { properties, required, ...schema } = inputSchema(route, operation);
  const usualFields = usualOf({ properties, required });
  const own = Object.entries(properties).filter(
    ([name]) => !Object.hasOwn(operation.fixed ?? {}, name),
  );
  const usual = own.map(([name, field]): [string, JsonSchema] => [
    name,
    Object.hasOwn(usualFields, name) ? { ...field, default: usualFields[name] } : field,
  ]);
  return {
    ...schema,
    properties: Object.fromEntries(usual),
    required: required.filter((name) => name !== "limit" && own.some(([each]) => each === name)),
  };
}

/** A schema that is told to clients. It lets everything through: the route itself judges, and says what to do. */
function described<Value = unknown>(schema: JsonSchema): StandardSchemaWithJSON<Value> {
  const told = { ...schema };
  return {
    "~standard": {
      version: 1,
      vendor: "token-automation",
      validate: (value) => ({ value: value as Value }),
      jsonSchema: { input: () => told, output: () => told },
    },
  };
}

type Parsed = { readonly success: true; readonly data: unknown } | { readonly success: false };

/** What the definition does not name is left out on the way. */
function told(parsed: Parsed): CallToolResult {
  if (!parsed.success)
    return failure({
      code: "reply-unexpected",
      detail: "it was done, but its answer is not as described",
      hint: "Look with get_status before doing more.",
    });
  const structuredContent = Object(harmless(parsed.data));
  return {
    content: [{ type: "text", text: JSON.stringify(structuredContent) }],
    structuredContent,
  };
}

function refused(problem: unknown): CallToolResult {
  return failure(
    Object.fromEntries(
      Object.entries(Object(problem)).filter(([name]) => TOLD_OF_PROBLEMS.includes(name)),
    ),
  );
}

function failure(problem: Readonly<Record<string, unknown>>): CallToolResult {
  return { content: [{ type: "text", text: JSON.stringify(harmless(problem)) }], isError: true };
}
