// The context of every resolver: the caller, the repositories, and GitHub's errors of one field.
import { GraphQLError } from "graphql";
import { allows, authorize, notAccessible, type Token } from "./auth.ts";
import type { Budget } from "./limits.ts";
import { Refusal } from "./replies.ts";
import type { Repository } from "./repository.ts";

/** What the resolvers work on. */
export type GraphqlWorld = {
  readonly token: Token;
  readonly now: Date;
  readonly budget: Budget;
  find(fullName: string): Repository | null;
};

/** An error of one field, with GitHub's `type` beside the message. */
export function fieldError(type: string, message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { type } });
}

/** The repository, or GitHub's NOT_FOUND where the caller cannot see it. */
export function visibleRepository(world: GraphqlWorld, fullName: string): Repository {
  const found = world.find(fullName);
  const unseen = () =>
    fieldError("NOT_FOUND", `Could not resolve to a Repository with the name '${fullName}'.`);
  if (found === null) throw unseen();
  try {
    authorize(world.token, found, ["metadata"], "read");
  } catch (error) {
    if (error instanceof Refusal) throw unseen();
    throw error;
  }
  return found;
}

/** Throws GitHub's FORBIDDEN where the caller lacks access to the repository's contents. */
export function requireContents(
  world: GraphqlWorld,
  repository: Repository,
  access: "read" | "write",
): void {
  if (!allows(world.token, repository, "contents", access))
    throw fieldError("FORBIDDEN", notAccessible(world.token));
}
