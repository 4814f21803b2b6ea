// POST /graphql: a real executor over the schema's cut, with GitHub's form of errors.
import { execute, type GraphQLError, parse, GraphQLError as QueryError, validate } from "graphql";
import { createCommitOnBranch } from "./graphql-commit.ts";
import { repositoryNode } from "./graphql-nodes.ts";
import { type GraphqlWorld, visibleRepository } from "./graphql-world.ts";
import { json, type Reply } from "./replies.ts";
import { type GitHubRequest, jsonObject } from "./routes.ts";
import { nodeId } from "./routes-account.ts";
import { githubSchema } from "./schema.ts";

/** The kind and the text of the operation in a request to /graphql; null where it is none. */
export function operationOf(
  request: GitHubRequest,
): { kind: "query" | "mutation"; text: string } | null {
  if (!request.path.endsWith("/graphql")) return null;
  const text = jsonObject(request).query;
  if (typeof text !== "string") return null;
  // What does not parse is refused later, as a query.
  return { kind: /^\s*mutation\b/m.test(text) ? "mutation" : "query", text };
}

function rootValue(world: GraphqlWorld) {
  return {
    repository: ({ owner, name }: { owner: string; name: string }) =>
      repositoryNode(world, visibleRepository(world, `${owner}/${name}`)),
    viewer: () => ({ id: nodeId("U", world.token.login), login: world.token.login }),
    rateLimit: () => {
      const { limit, remaining, used, reset } = world.budget;
      return { cost: 1, limit, remaining, used, resetAt: new Date(reset * 1000).toISOString() };
    },
    createCommitOnBranch: ({ input }: { input: Parameters<typeof createCommitOnBranch>[1] }) => {
      const { commit, ref } = createCommitOnBranch(world, input);
      return { clientMutationId: input.clientMutationId ?? null, commit, ref };
    },
  };
}

/** GitHub puts an error's `type` at its top. */
function describeError(error: GraphQLError) {
  const { type, ...extensions } = error.extensions;
  const { message, locations, path } = error;
  const rest = Object.keys(extensions).length === 0 ? {} : { extensions };
  return {
    ...(type === undefined ? {} : { type }),
    ...(path === undefined ? {} : { path }),
    ...rest,
    locations,
    message,
  };
}

/** Answers one GraphQL request; a refused query is a 200 with `errors`, as GitHub's. */
export function answerGraphql(request: GitHubRequest, world: GraphqlWorld): Reply {
  const { query, variables, operationName } = jsonObject(request);
  if (typeof query !== "string")
    return json({
      errors: [{ message: "A query attribute must be specified and must be a string." }],
    });
  try {
    const document = parse(query);
    const mistakes = validate(githubSchema(), document);
    if (mistakes.length > 0) return json({ errors: mistakes.map(describeError) });
    const result = execute({
      schema: githubSchema(),
      document,
      rootValue: rootValue(world),
      variableValues: typeof variables === "object" && variables !== null ? { ...variables } : {},
      operationName: typeof operationName === "string" ? operationName : null,
    });
    // Every resolver is synchronous, so that no request comes between a comparison and its write.
    if (result instanceof Promise)
      throw new Error("a resolver of the tests' GitHub is asynchronous");
    // A field's refusal has a type; any other error of a field is a reply that GitHub's schema does not allow.
    const lies = result.errors?.filter(
      ({ path, extensions }) => path !== undefined && extensions.type === undefined,
    );
    if (lies !== undefined && lies.length > 0) throw new Error(lies.join("\n"));
    return json({
      ...("data" in result ? { data: result.data } : {}),
      ...(result.errors === undefined ? {} : { errors: result.errors.map(describeError) }),
    });
  } catch (error) {
    if (error instanceof QueryError) return json({ errors: [describeError(error)] });
    throw error;
  }
}
