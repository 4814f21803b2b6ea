// A judge of what is asked of the tests' GitHub and of what it answers: GitHub's own descriptions decide.
import {
  type DocumentNode,
  GraphQLError,
  getOperationAST,
  getVariableValues,
  parse,
  validate,
} from "graphql";
import { githubDescription } from "./description.ts";
import type { Reply } from "./replies.ts";
import type { GitHubRequest } from "./routes.ts";
import { githubSchema } from "./schema.ts";

/** No status that GitHub or a fault of the tests answers with. */
const JUDGED = 501;

type Excuse = { readonly pattern: RegExp; met: boolean };

function jsonOf(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString("utf8"));
  } catch {
    return undefined;
  }
}

function queryMistakes(
  query: URLSearchParams,
  name: string,
  described: Readonly<Record<string, { readonly [keyword: string]: unknown }>>,
  required: readonly string[] = [],
): string[] {
  const given: Record<string, unknown> = {};
  for (const key of new Set(query.keys())) {
    const values = query.getAll(key);
    given[key] = described[key]?.type === "array" || values.length > 1 ? values : values[0];
  }
  const schema = { type: "object", properties: described, required };
  return githubDescription()
    .mistakes("parameters", `${name} query`, schema, given)
    .map((mistake) => `query: ${mistake}`);
}

function restMistakes({ method, path, query, body }: GitHubRequest): string[] {
  const description = githubDescription();
  const operation = description.find(method, path);
  if (operation === null) return ["no such operation in github-openapi.json"];
  const { name } = operation;
  const found = queryMistakes(query, name, operation.query, operation.requiredQuery);
  const parts = Object.entries(operation.pattern.exec(path)?.groups ?? {});
  const schema = { type: "object", properties: operation.path, additionalProperties: true };
  const wrong = description.mistakes(
    "parameters",
    `${name} path`,
    schema,
    Object.fromEntries(parts),
  );
  found.push(...wrong.map((mistake) => `path: ${mistake}`));
  if (body.length === 0) return operation.bodyRequired ? [...found, "body: is missing"] : found;
  if (operation.body === undefined) return [...found, "body: is not expected"];
  const value = jsonOf(body);
  if (value === undefined) return [...found, "body: must be JSON"];
  const mistakes = description.mistakes("body", `${name} body`, operation.body, value);
  return [...found, ...mistakes.map((mistake) => `body: ${mistake}`)];
}

function parseQuery(query: string): DocumentNode | string {
  try {
    return parse(query);
  } catch (error) {
    if (error instanceof GraphQLError) return error.message;
    throw error;
  }
}

function graphqlMistakes({ body }: GitHubRequest): string[] {
  const { query, variables, operationName, ...rest } = Object(jsonOf(body));
  if (typeof query !== "string") return ["body: must be a JSON object with a query"];
  const found = Object.keys(rest).map((key) => `body: must not have ${JSON.stringify(key)}`);
  const document = parseQuery(query);
  if (typeof document === "string") return [...found, document];
  const mistakes = validate(githubSchema(), document);
  if (mistakes.length > 0) return [...found, ...mistakes.map(({ message }) => message)];
  const operation = getOperationAST(document, operationName);
  if (operation == null) return [...found, `no operation ${JSON.stringify(operationName)}`];
  const { errors = [] } = getVariableValues(
    githubSchema(),
    operation.variableDefinitions ?? [],
    Object(variables),
  );
  return [...found, ...errors.map(({ message }) => message)];
}

/** Whether a request goes to GraphQL, which has a description of its own. */
const isGraphql = ({ method, path }: GitHubRequest) => method === "POST" && path === "/graphql";

/** GraphQL's executor judges its replies itself; bytes are a file that was asked for as it is. */
function replyMistakes(request: GitHubRequest, { status, body, headers }: Reply): string[] {
  if (status < 200 || status > 299 || isGraphql(request)) return [];
  const description = githubDescription();
  const operation = description.find(request.method, request.path);
  // The request has been judged, and excused.
  if (operation === null) return [];
  const schemas = operation.replies[status];
  if (schemas === undefined) return ["a status that GitHub does not describe"];
  if (headers?.["content-type"]?.startsWith("application/vnd.github.raw")) return [];
  const empty = body === null || (Buffer.isBuffer(body) && body.length === 0);
  if (schemas.length === 0) return empty ? [] : ["body: is not expected"];
  return description
    .mistakes("reply", `${operation.name} ${status}`, { anyOf: schemas }, body)
    .map((mistake) => `body: ${mistake}`);
}

/** Judges one server's requests and replies, and keeps what it finds until the server is closed. */
export function createJudge() {
  const violations: string[] = [];
  const excuses: Excuse[] = [];

  /** Gives the reply that says what is wrong, or null. */
  function rule(found: readonly string[]): Reply | null {
    const left = found.filter((violation) => {
      const fitting = excuses.filter(({ pattern }) => pattern.test(violation));
      for (const excuse of fitting) excuse.met = true;
      return fitting.length === 0;
    });
    if (left.length === 0) return null;
    violations.push(...left);
    const body = { message: left.join("\n"), documentation_url: "", status: String(JUDGED) };
    return { status: JUDGED, body };
  }

  return {
    /** A reply instead of GitHub's, if GitHub's descriptions do not know the request. */
    request(request: GitHubRequest): Reply | null {
      const mistakes = isGraphql(request) ? graphqlMistakes(request) : restMistakes(request);
      return rule(mistakes.map((each) => `${request.method} ${request.path}: ${each}`));
    },
    /** A reply instead of this one, if GitHub would never answer so. */
    reply(request: GitHubRequest, reply: Reply): Reply | null {
      const mistakes = replyMistakes(request, reply);
      const where = `the reply ${reply.status} to ${request.method} ${request.path}`;
      return rule(mistakes.map((each) => `${where}: ${each}`));
    },
    /** Lets violations pass that read so: for a test that sends one on purpose. One that never comes is a violation itself. */
    excuse(pattern: RegExp): void {
      excuses.push({ pattern, met: false });
    },
    /**
     * Says once what was found.
     * @throws Error with every violation, and every excuse that was not needed
     */
    conclude(): void {
      const idle = excuses
        .splice(0)
        .filter(({ met }) => !met)
        .map(({ pattern }) => `excused in vain: ${pattern}`);
      const all = [...new Set([...violations.splice(0), ...idle])];
      if (all.length > 0)
        throw new Error(`GitHub's description says otherwise:\n${all.join("\n")}`);
    },
  };
}
