// Actions variables of a repository: https://docs.github.com/rest/actions/variables
import { type Body, json, notFound, refusal, validationFailed } from "./replies.ts";
import { jsonObject, type Route, repositoryRoute } from "./routes.ts";

type Variable = Body<"/repos/{owner}/{repo}/actions/variables/{name}", "get", 200>;

/** docs.github.com, "Limits for configuration variables": 48 KB each. */
const MAX_VARIABLE_BYTES = 48 * 1024;

function textOf(value: unknown): string {
  if (typeof value !== "string")
    throw validationFailed('Invalid request.\n\n"value" wasn\'t supplied.');
  if (Buffer.byteLength(value) > MAX_VARIABLE_BYTES)
    throw validationFailed("Variable values must be at most 48 KB.");
  return value;
}

export const variableRoutes: readonly Route[] = [
  repositoryRoute(
    "get",
    "/repos/{owner}/{repo}/actions/variables/{name}",
    "actions_variables",
    "read",
    ({ repository, params, now }) => {
      const name = (params.name ?? "").toUpperCase();
      const value = repository.variables.get(name);
      if (value === undefined) throw notFound();
      return json<Variable>({
        name,
        value,
        created_at: now.toISOString(),
        updated_at: now.toISOString(),
      });
    },
  ),
  repositoryRoute(
    "post",
    "/repos/{owner}/{repo}/actions/variables",
    "actions_variables",
    "write",
    ({ repository, request }) => {
      const { name, value } = jsonObject(request);
      const upper = String(name).toUpperCase();
      if (!/^[A-Z_][A-Z0-9_]*$/.test(upper) || upper.startsWith("GITHUB_"))
        throw validationFailed("Variable name is invalid.");
      if (repository.variables.has(upper))
        throw refusal(409, "Already exists - Variable already exists");
      repository.variables.set(upper, textOf(value));
      return json({}, 201);
    },
  ),
  repositoryRoute(
    "patch",
    "/repos/{owner}/{repo}/actions/variables/{name}",
    "actions_variables",
    "write",
    ({ repository, params, request }) => {
      const name = (params.name ?? "").toUpperCase();
      if (!repository.variables.has(name)) throw notFound();
      repository.variables.set(name, textOf(jsonObject(request).value));
      return { status: 204, body: null };
    },
  ),
];
