// The input of a request: a JSON body of limited size, or a query. A schema judges it, and all
// mistakes are reported at once.
// hono/body-limit believes a Content-Length and does not count the bytes. zod's own messages
// repeat what was sent, which may be a value.
import type * as z from "zod";
import { limitedBytes } from "../../core/base/bounded-body.ts";
import type { Problem } from "../../core/base/errors.ts";
import { seen, seenName } from "../../core/base/showable.ts";
import { countKeys, findDuplicateKeys } from "../../core/config/syntax.ts";
import { nearest } from "../../core/model/names.ts";
import { HttpProblem } from "../problem/problem.ts";

/** The largest body that is read, in bytes: GitHub's 48 KB for a value, and room for the JSON around it. */
export const MAX_BODY_BYTES = 64 * 1024;

/**
 * Reads and judges the body of a POST. An empty body means `{}`.
 * @throws `HttpProblem` 400 (not JSON, or not what the schema says), 413 or 415
 */
export async function readBody<Input>(request: Request, schema: z.ZodType<Input>): Promise<Input> {
  const type = request.headers.get("content-type");
  // A form of another site can send any body with a type of its own, but not this type: a browser sends a preflight first (Fetch, CORS).
  if (type !== null && type.split(";", 1)[0]?.trim().toLowerCase() !== "application/json")
    throw notJsonType(seen(type));
  const bytes = await readLimited(request);
  if (type === null && bytes.length > 0) throw notJsonType("none");
  const text = decode(bytes);
  const given = text === "" ? {} : parse(text);
  const input = judge(given, schema);
  // An accepted body is flat, so the keys of its text are those of the object, except for keys that JSON.parse dropped (RFC 8259 §4).
  if (countKeys(text) > Object.keys(Object(given)).length)
    throw givenTwice(findDuplicateKeys(text).map(({ pointer }) => pointer.slice(1)));
  return input;
}

/**
 * Judges the query of a GET, together with the path's values if the route has `:name`. Throws `HttpProblem` 400.
 * @param path the route's
 */
export function readQuery<Input>(request: Request, schema: z.ZodType<Input>, path = ""): Input {
  const url = new URL(request.url);
  const fields = [...url.searchParams, ...pathFields(url.pathname, path)];
  const input = judge(Object.fromEntries(fields), schema);
  const names = fields.map(([name]) => name);
  const twice = names.filter((name, index) => names.indexOf(name) !== index);
  if (twice.length > 0) throw givenTwice(twice);
  return input;
}

/** By position from the end, since a host may put all routes below a prefix of its own. */
function pathFields(pathname: string, path: string): [string, string][] {
  const given = pathname.split("/").reverse();
  const names = path.split("/").reverse();
  return names.flatMap((name, index): [string, string][] =>
    name.startsWith(":") ? [[name.slice(1), given[index] ?? ""]] : [],
  );
}

/** Only one of two would count, and the caller would not see which. */
function givenTwice(names: readonly string[]): HttpProblem {
  const fields = [...new Set(names)].map(seenName).join(", ");
  return new HttpProblem(400, `given more than once: ${fields}`, {
    code: "field-twice",
    hint: "Give each field once. Nothing was done.",
  });
}

function notJsonType(found: string): HttpProblem {
  return new HttpProblem(415, `the content type must be application/json, but it is ${found}`, {
    code: "content-type",
    hint: "Send `content-type: application/json`.",
  });
}

async function readLimited(request: Request): Promise<Uint8Array> {
  const declared = Number(request.headers.get("content-length") ?? 0);
  if (declared > MAX_BODY_BYTES) throw tooLarge();
  const bytes = await limitedBytes(request, MAX_BODY_BYTES).catch(cutOff);
  if (bytes === null) throw tooLarge();
  return bytes;
}

/** The caller hung up before the end. That is no failure of the service, and no caller is left to answer. */
function cutOff(): never {
  throw new HttpProblem(400, "the body ended too soon", {
    code: "body-cut-off",
    hint: "Nothing was done. Send it again.",
  });
}

function tooLarge(): HttpProblem {
  return new HttpProblem(413, `the body is larger than ${MAX_BODY_BYTES} bytes`, {
    code: "body-too-large",
    hint: "No request needs that much. A value may have 48 KB.",
  });
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw notJson();
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's own message quotes the body, which may hold a value.
    throw notJson();
  }
}

function notJson(): HttpProblem {
  return new HttpProblem(400, "the body is not JSON", {
    code: "body-not-json",
    hint: 'Send one JSON object in UTF-8, as {"token_name": "API_KEY"}.',
  });
}

function judge<Input>(given: unknown, schema: z.ZodType<Input>): Input {
  const result = schema.safeParse(given);
  if (result.success) return result.data;
  const problems = result.error.issues.flatMap((issue) => describe(issue, given, schema));
  const [first] = problems;
  const detail = problems
    .map(({ pointer, message }) => (pointer === "" ? message : `${pointer}: ${message}`))
    .join("; ");
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
    return issue.keys.map((key) =>
      unknownField(pointerTo([...issue.path, safeKey(key)]), key, knownFields(schema)),
    );
  const { code, message, hint } = readComplaint(issue, given);
  return [{ code, pointer, position: null, message, hint, nearest: null }];
}

/** A custom check carries its own message, so that the core's words about a value reach the caller unchanged. */
function readComplaint(
  issue: z.core.$ZodIssue,
  given: unknown,
): { code: string; message: string; hint: string | null } {
  const params = issue.code === "custom" ? issue.params : undefined;
  if (typeof params?.code === "string") {
    const hint = typeof params.hint === "string" ? params.hint : null;
    return { code: params.code, message: issue.message, hint };
  }
  const wrongType = issue.code === "invalid_type";
  if (wrongType && at(given, issue.path) === undefined)
    return { code: "field-missing", message: "this field is required", hint: null };
  if (issue.code === "too_small" || issue.code === "too_big")
    return { code: "field-invalid", message: outOfRange(issue, at(given, issue.path)), hint: null };
  return {
    code: wrongType ? "field-type" : "field-invalid",
    message: lowerFirst(issue.message),
    hint: null,
  };
}

function outOfRange(
  issue: Extract<z.core.$ZodIssue, { code: "too_small" | "too_big" }>,
  value: unknown,
): string {
  const bound =
    issue.code === "too_small" ? `at least ${issue.minimum}` : `at most ${issue.maximum}`;
  if (typeof value === "number") return `must be ${bound}; it is ${value}`;
  return `must have ${bound} ${Array.isArray(value) ? "entries" : "characters"}; it is ${seen(value)}`;
}

function at(given: unknown, path: readonly PropertyKey[]): unknown {
  let value = given;
  for (const part of path)
    value = typeof value === "object" && value !== null ? Reflect.get(value, part) : undefined;
  return value;
}

function unknownField(pointer: string, key: string, known: readonly string[]): Found {
  const [near] = nearest(key, known, 1);
  return {
    code: "field-unknown",
    pointer,
    position: null,
    message: `there is no field ${seenName(key)}`,
    hint: near === undefined ? knownText(known) : `Did you mean ${near}?`,
    nearest: near ?? null,
  };
}

function knownText(known: readonly string[]): string {
  return known.length === 0 ? "This route takes none." : `Known fields: ${known.join(", ")}.`;
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
  return path
    .map((part) => `/${String(part).replaceAll("~", "~0").replaceAll("/", "~1")}`)
    .join("");
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
