// createCommitOnBranch: several files in one commit, as a compare-and-set on the branch.
import { commitAs, PROTECTED, protectionOf } from "./commit.ts";
import type { FileChanges } from "./git.ts";
import { commitNode, refNode } from "./graphql-nodes.ts";
import {
  fieldError,
  type GraphqlWorld,
  requireContents,
  visibleRepository,
} from "./graphql-world.ts";
import type { Repository } from "./repository.ts";

/** The mutation's input, already of the schema's shape. */
export type CommitInput = {
  readonly branch: {
    readonly branchName?: string;
    readonly id?: string;
    readonly repositoryNameWithOwner?: string;
  };
  readonly clientMutationId?: string;
  readonly expectedHeadOid: string;
  readonly fileChanges?: {
    readonly additions: readonly { path: string; contents: string }[];
    readonly deletions: readonly { path: string }[];
  };
  readonly message: { readonly headline: string; readonly body?: string };
};

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

function locate(
  world: GraphqlWorld,
  { branchName, id, repositoryNameWithOwner }: CommitInput["branch"],
): { repository: Repository; branch: string } {
  if (id !== undefined) {
    const [fullName = "", ref = ""] = Buffer.from(id.replace(/^REF_/, ""), "base64url")
      .toString("utf8")
      .split(":");
    if (world.find(fullName) === null)
      throw fieldError("NOT_FOUND", `Could not resolve to a node with the global id of '${id}'.`);
    return {
      repository: visibleRepository(world, fullName),
      branch: ref.replace(/^refs\/heads\//, ""),
    };
  }
  if (branchName === undefined || repositoryNameWithOwner === undefined) {
    throw fieldError(
      "UNPROCESSABLE",
      "Either `id` or both `repositoryNameWithOwner` and `branchName` must be given.",
    );
  }
  return {
    repository: visibleRepository(world, repositoryNameWithOwner),
    branch: branchName.replace(/^refs\/heads\//, ""),
  };
}

function readChanges(
  fileChanges: CommitInput["fileChanges"],
  has: (path: string) => boolean,
): FileChanges {
  const additions = new Map<string, Buffer>();
  for (const { path, contents } of fileChanges?.additions ?? []) {
    // The real scalar takes no line breaks and no URL-safe alphabet.
    if (!BASE64.test(contents))
      throw fieldError("UNPROCESSABLE", `The contents of '${path}' are not valid Base64.`);
    if (
      path === "" ||
      path.startsWith("/") ||
      path.split("/").some((part) => part === "" || part === "." || part === "..")
    ) {
      throw fieldError(
        "UNPROCESSABLE",
        `A path was requested for addition which is invalid: '${path}'`,
      );
    }
    additions.set(path, Buffer.from(contents, "base64"));
  }
  const deletions = (fileChanges?.deletions ?? []).map(({ path }) => path);
  for (const path of deletions) {
    if (!has(path))
      throw fieldError(
        "UNPROCESSABLE",
        `A path was requested for deletion which does not exist as of commit oid: '${path}'`,
      );
  }
  return { additions, deletions };
}

/** Makes the commit and moves the branch, or throws the field error with nothing done. */
export function createCommitOnBranch(
  world: GraphqlWorld,
  input: CommitInput,
): { commit: object; ref: object | null } {
  const { repository, branch } = locate(world, input.branch);
  requireContents(world, repository, "write");
  const head = repository.history.commitByOid(repository.history.branches.get(branch) ?? "");
  if (head === null) throw fieldError("NOT_FOUND", "Branch not found");
  if (head.oid !== input.expectedHeadOid) {
    throw fieldError(
      "STALE_DATA",
      `Expected branch to point to "${input.expectedHeadOid}" but it did not.  Pull and try again.`,
    );
  }
  const protection = protectionOf(repository, branch);
  if (protection !== null)
    throw fieldError(
      protection === "ruleset" ? "UNPROCESSABLE" : "BRANCH_PROTECTION_RULE_VIOLATION",
      PROTECTED[protection],
    );
  const changes = readChanges(input.fileChanges, (path) => head.tree.has(path));
  const { headline, body } = input.message;
  if (headline.trim() === "")
    throw fieldError("UNPROCESSABLE", "A commit message headline is required.");
  const message = body === undefined || body === "" ? headline : `${headline}\n\n${body}`;
  const made = commitAs(world.token, repository, branch, changes, message, world.now);
  return { commit: commitNode(world, repository, made), ref: refNode(world, repository, branch) };
}
