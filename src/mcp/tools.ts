// The operations as tools. The routes' own definitions say what they take, and a reply holds only members that its definition names.
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

/** Entries of a page if an agent does not set a limit: a few thousand words. */
const USUAL_LIMIT = 50;
/** The members of a refusal that an agent sees. Never the report, whose names and reasons were not requested. */
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

/** Registers a tool for each operation that agents are offered. Fingerprints are left out, since an agent does not need them. */
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
        inputSchema: describeSchema<Record<string, unknown>>(input),
        outputSchema: describeSchema(toolOutput(reply, DISPATCHED[path])),
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
          return toRefusal(unknownFields(unknown, Object.keys(input.properties)));
        const answer = await callRoute(
          route,
          { ...setDefaults(input), ...given, ...operation.fixed },
          edge,
        );
        return answer.ok
          ? toResult(
              (isDispatched(answer.body) ? (DISPATCHED[path] ?? reply) : reply).safeParse(
                answer.body,
              ),
            )
          : toRefusal(answer.body);
      },
    );
  }
}

function isDispatched(body: unknown): boolean {
  return typeof body === "object" && body !== null && "dispatched" in body;
}

/** One object for both answers, since a tool's output has one schema. It allows the members of either, and requires those of both. */
function toolOutput(reply: z.ZodType, dispatched: z.ZodType | undefined): JsonSchema {
  const done = replySchema(reply);
  if (dispatched === undefined) return done;
  const started = replySchema(dispatched);
  const required = done.required.filter((name) => started.required.includes(name));
  return { ...done, properties: { ...done.properties, ...started.properties }, required };
}

/** Defaults for an agent that omits them: it may not declare invented names, nor get more than it can take. */
function setDefaults({ properties }: ReturnType<typeof inputSchema>): Record<string, unknown> {
  const usual = { limit: USUAL_LIMIT, create: false };
  return Object.fromEntries(
    Object.entries(usual).filter(([name]) => Object.hasOwn(properties, name)),
  );
}

/** Fields of the route that agents are not offered are unknown here too, since no agent supplies a value. */
function unknownFields(names: readonly string[], known: readonly string[]) {
  const near = names.flatMap((name) => nearest(name, known, 1))[0];
  return {
    code: "field-unknown",
    detail: `there is no field ${names.map(seenName).join(", ")}`,
    hint:
      near === undefined
        ? `Known fields: ${known.join(", ") || "none"}. No tool takes a value.`
        : `Did you mean ${near}?`,
  };
}

/** The route's input. Fixed fields are added here, and `limit` has a default. */
function toolInput(route: Endpoint, operation: Operation): ReturnType<typeof inputSchema> {
  const { properties, required, ...schema } = inputSchema(route, operation);
  const usualFields = setDefaults({ properties, required });
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

/** A schema that clients see. It accepts every input, since the route itself judges it and says what to do. */
function describeSchema<Value = unknown>(schema: JsonSchema): StandardSchemaWithJSON<Value> {
  const copy = { ...schema };
  return {
    "~standard": {
      version: 1,
      vendor: "token-automation",
      validate: (value) => ({ value: value as Value }),
      jsonSchema: { input: () => copy, output: () => copy },
    },
  };
}

type Parsed = { readonly success: true; readonly data: unknown } | { readonly success: false };

/** Members that the definition does not name are dropped on the way. */
function toResult(parsed: Parsed): CallToolResult {
  if (!parsed.success)
    return failure({
      code: "reply-unexpected",
      detail: "the operation was done, but its reply does not match its description",
      hint: "Look with get_status before doing more.",
    });
  const structuredContent = Object(harmless(parsed.data));
  return {
    content: [{ type: "text", text: JSON.stringify(structuredContent) }],
    structuredContent,
  };
}

function toRefusal(problem: unknown): CallToolResult {
  return failure(
    Object.fromEntries(
      Object.entries(Object(problem)).filter(([name]) => TOLD_OF_PROBLEMS.includes(name)),
    ),
  );
}

function failure(problem: Readonly<Record<string, unknown>>): CallToolResult {
  return { content: [{ type: "text", text: JSON.stringify(harmless(problem)) }], isError: true };
}
