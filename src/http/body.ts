// Reads what a request asks for: a JSON body of limited size, or a query, judged by a schema, all mistakes told at once.
import type * as z from "zod";
import type { Problem } from "../errors.ts";
import { nearest } from "../names.ts";
import { seen, seenName } from "../seen.ts";
import { HttpProblem } from "./problem.ts";

/** The largest body that is read, in bytes: GitHub's 48 KB for a value, and room for the JSON around it. */
export const MAX_BODY_BYTES = 64 * 1024;

/**
 * Reads and judges the body of a POST. An empty body stands for `{}`.
 * @throws `HttpProblem` 400 (not JSON, or not what the schema says), 413 or 415
 */
export async function readBody<Input>(request: Request, schema: z.ZodType<Input>): Promise<Input> {
  const type = request.headers.get("content-type");
  // A form of another site can send any body with a type of its own, but not this type: a browser asks first (Fetch, CORS-preflight).
  if (type !== null && type.split(";", 1)[0]?.trim().toLowerCase() !== "application/json") throw notJsonType(seen(type));
  const bytes = await readLimited(request);
  if (type === null && bytes.length > 0) throw notJsonType("none");
  return judge(bytes.length === 0 ? {} : parse(bytes), schema);
}

/** Judges the query of a GET. Throws `HttpProblem` 400. */
export function readQuery<Input>(request: Request, schema: z.ZodType<Input>): Input {
  return judge(Object.fromEntries(new URL(request.url).searchParams), schema);
}

function notJsonType(found: string): HttpProblem {
  return new HttpProblem(415, `the content type must be application/json; it was ${found}`, {
    code: "content-type",
    hint: "Send `content-type: application/json`.",
  });
}

async function readLimited(request: Request): Promise<Uint8Array> {
  const declared = Number(request.headers.get("content-length") ?? 0);
  if (declared > MAX_BODY_BYTES) throw tooLarge();
  const chunks: Uint8Array[] = [];
  let total = 0;
  const reader = request.body?.getReader();
  if (reader === undefined) return new Uint8Array();
  for (let read = await reader.read(); !read.done; read = await reader.read()) {
    total += read.value.length;
    if (total > MAX_BODY_BYTES) {
      await reader.cancel();
      throw tooLarge();
    }
    chunks.push(read.value);
  }
  return Buffer.concat(chunks);
}

function tooLarge(): HttpProblem {
  return new HttpProblem(413, `the body is larger than ${MAX_BODY_BYTES} bytes`, {
    code: "body-too-large",
    hint: "No request needs that much; a value may have 48 KB.",
  });
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    // The parser's own message quotes the body, which may hold a value.
    throw new HttpProblem(400, "the body is not JSON", {
      code: "body-not-json",
      hint: 'Send one JSON object in UTF-8, as {"token_name": "API_KEY"}.',
    });
  }
}

function judge<Input>(given: unknown, schema: z.ZodType<Input>): Input {
  const result = schema.safeParse(given);
  if (result.success) return result.data;
  const problems = result.error.issues.flatMap((issue) => describe(issue, given, schema));
  const [first] = problems;
  const detail = problems.map(({ pointer, message }) => (pointer === "" ? message : `${pointer}: ${message}`)).join("; ");
  throw new HttpProblem(400, detail, {
    code: problems.length === 1 && first !== undefined ? first.code : "input-invalid",
    hint: problems.length === 1 ? first?.hint : null,
    nearest: problems.find((problem) => problem.nearest !== null)?.nearest,
    problems: problems.map(({ nearest: _nearest, ...problem }) => problem),
  });
}

type Found = Problem & { readonly nearest: string | null };

function describe(issue: z.core.$ZodIssue, given: unknown, schema: z.ZodType): Found[] {
  const pointer = pointerTo(issue.path);
  if (issue.code === "unrecognized_keys")
    return issue.keys.map((key) => unknownField(pointerTo([...issue.path, safeKey(key)]), key, knownFields(schema)));
  const { code, message, hint } = complaintOf(issue, given);
  return [{ code, pointer, position: null, message, hint, nearest: null }];
}

/** A custom check carries its own complaint, so that what the core says of a value reaches the caller as it is. */
function complaintOf(issue: z.core.$ZodIssue, given: unknown): { code: string; message: string; hint: string | null } {
  const params = issue.code === "custom" ? issue.params : undefined;
  if (typeof params?.code === "string") {
    const hint = typeof params.hint === "string" ? params.hint : null;
    return { code: params.code, message: issue.message, hint };
  }
  const wrongType = issue.code === "invalid_type";
  if (wrongType && at(given, issue.path) === undefined) return { code: "field-missing", message: "this field must be given", hint: null };
  return { code: wrongType ? "field-type" : "field-invalid", message: lowerFirst(issue.message), hint: null };
}

function at(given: unknown, path: readonly PropertyKey[]): unknown {
  let value = given;
  for (const part of path) value = typeof value === "object" && value !== null ? Reflect.get(value, part) : undefined;
  return value;
}

function unknownField(pointer: string, key: string, known: readonly string[]): Found {
  const [near] = nearest(key, known, 1);
  return {
    code: "field-unknown",
    pointer,
    position: null,
    message: `there is no field ${seenName(key)}`,
    hint: near === undefined ? `Known fields: ${known.join(", ")}.` : `Did you mean ${near}?`,
    nearest: near ?? null,
  };
}

function knownFields(schema: z.ZodType): string[] {
  const shape = "shape" in schema ? schema.shape : null;
  return typeof shape === "object" && shape !== null ? Object.keys(shape) : [];
}

/** A key that might be a value in the wrong place is not repeated. */
function safeKey(key: string): string {
  return seenName(key) === `"${key}"` ? key : "…";
}

/** RFC 6901. */
function pointerTo(path: readonly PropertyKey[]): string {
  return path.map((part) => `/${String(part).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
