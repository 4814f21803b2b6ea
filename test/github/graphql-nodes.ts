// Repositories, refs, commits and blobs as GraphQL objects: fields are functions, called only when asked for.
import { allows, notAccessible } from "./auth.ts";
import { blobId, type GitCommit, type Tree, treeId } from "./git.ts";
import { fieldError, type GraphqlWorld, requireContents } from "./graphql-world.ts";
import type { Repository } from "./repository.ts";
import { nodeId, WEBSITE } from "./routes-account.ts";
import { EDITED } from "./routes-issues.ts";

/** Bytes beyond which `Blob.text` is cut and `isTruncated` true. */
const MAX_TEXT_BYTES = 512_000;

type History = { first?: number; after?: string; path?: string };

function gitObject(
  world: GraphqlWorld,
  repository: Repository,
  typename: "Blob" | "Commit" | "Tree",
  oid: string,
) {
  return {
    __typename: typename,
    id: nodeId(typename[0] ?? "", repository.fullName, oid),
    oid,
    abbreviatedOid: oid.slice(0, 7),
    repository: () => repositoryNode(world, repository),
  };
}

function blobNode(world: GraphqlWorld, repository: Repository, oid: string, content: Buffer) {
  const isBinary = content.includes(0);
  return {
    ...gitObject(world, repository, "Blob", oid),
    byteSize: content.length,
    isBinary,
    isTruncated: content.length > MAX_TEXT_BYTES,
    text: isBinary ? null : content.subarray(0, MAX_TEXT_BYTES).toString("utf8"),
  };
}

function entryNode(world: GraphqlWorld, repository: Repository, path: string, oid: string) {
  const content = repository.history.blobs.get(oid) ?? Buffer.alloc(0);
  const name = path.slice(path.lastIndexOf("/") + 1);
  return {
    name,
    path,
    oid,
    size: content.length,
    type: "blob",
    object: () => blobNode(world, repository, oid, content),
  };
}

function treeNode(world: GraphqlWorld, repository: Repository, oid: string, tree: Tree) {
  return {
    ...gitObject(world, repository, "Tree", oid),
    entries: () => {
      const folders = new Map<string, Map<string, string>>();
      for (const [path, blob] of tree) {
        const slash = path.indexOf("/");
        if (slash < 0) continue;
        const inside = folders.get(path.slice(0, slash)) ?? new Map<string, string>();
        folders.set(path.slice(0, slash), inside.set(path.slice(slash + 1), blob));
      }
      const files = [...tree].filter(([path]) => !path.includes("/"));
      return [
        ...files.map(([path, blob]) => entryNode(world, repository, path, blob)),
        ...[...folders].map(([name, inside]) => folderNode(world, repository, name, inside)),
      ];
    },
  };
}

function folderNode(world: GraphqlWorld, repository: Repository, name: string, tree: Tree): object {
  const oid = treeId(tree);
  const object = () => treeNode(world, repository, oid, tree);
  return { name, path: name, oid, size: 0, type: "tree", object };
}

/** A commit, with its ancestors and files behind functions. */
export function commitNode(world: GraphqlWorld, repository: Repository, commit: GitCommit): object {
  const [messageHeadline = "", ...rest] = commit.message.split("\n");
  const date = commit.date.toISOString().replace(".000Z", "Z");
  const actor = { ...commit.author, date };
  const url = `${WEBSITE}/${repository.fullName}/commit/${commit.oid}`;
  const ancestors = () => [...repository.history.log(commit.oid)];
  return {
    ...gitObject(world, repository, "Commit", commit.oid),
    url,
    commitUrl: url,
    message: commit.message,
    messageHeadline,
    messageBody: rest.join("\n").trim(),
    committedDate: date,
    authoredDate: date,
    author: actor,
    committer: actor,
    signature: { __typename: "GpgSignature", isValid: true, wasSignedByGitHub: true },
    tree: () => treeNode(world, repository, commit.treeOid, commit.tree),
    parents: () => {
      const nodes = ancestors()
        .slice(1, 2)
        .map((parent) => commitNode(world, repository, parent));
      return { nodes, totalCount: nodes.length };
    },
    file: ({ path }: { path: string }) => {
      const oid = commit.tree.get(path);
      return oid === undefined ? null : entryNode(world, repository, path, oid);
    },
    history: ({ first = 30, after, path }: History) => {
      const all = ancestors().filter(
        ({ files }) =>
          path === undefined || files.some((file) => file === path || file.startsWith(`${path}/`)),
      );
      const start = after === undefined ? 0 : Number(after);
      const nodes = all
        .slice(start, start + first)
        .map((ancestor) => commitNode(world, repository, ancestor));
      const end = start + nodes.length;
      return {
        nodes,
        totalCount: all.length,
        pageInfo: { hasNextPage: end < all.length, endCursor: String(end) },
      };
    },
  };
}

/** A branch; null where it does not exist. */
export function refNode(
  world: GraphqlWorld,
  repository: Repository,
  branch: string,
): object | null {
  const commit = repository.history.commitByOid(repository.history.branches.get(branch) ?? "");
  if (commit === null) return null;
  return {
    id: nodeId("REF", repository.fullName, `refs/heads/${branch}`),
    name: branch,
    prefix: "refs/heads/",
    repository: () => repositoryNode(world, repository),
    target: () => commitNode(world, repository, commit),
  };
}

/** What `main:path`, `main` or an id names; null where it names nothing. */
function objectNode(
  world: GraphqlWorld,
  repository: Repository,
  expression: string,
): object | null {
  const { history, defaultBranch } = repository;
  const colon = expression.indexOf(":");
  const commit = history.resolve(
    colon < 0 ? expression : expression.slice(0, colon),
    defaultBranch,
  );
  if (colon < 0) {
    if (commit !== null) return commitNode(world, repository, commit);
    const blob = history.blobs.get(expression);
    return blob === undefined ? null : blobNode(world, repository, blobId(blob), blob);
  }
  const path = expression.slice(colon + 1);
  if (commit !== null && path === "")
    return treeNode(world, repository, commit.treeOid, commit.tree);
  const inside = [...(commit?.tree ?? [])].filter(([file]) => file.startsWith(`${path}/`));
  if (inside.length > 0) {
    const tree = new Map(inside.map(([file, blob]) => [file.slice(path.length + 1), blob]));
    return treeNode(world, repository, treeId(tree), tree);
  }
  const oid = commit?.tree.get(path);
  const content = oid === undefined ? undefined : history.blobs.get(oid);
  return oid === undefined || content === undefined
    ? null
    : blobNode(world, repository, oid, content);
}

/** A repository; what needs the contents permission refuses without it. */
export function repositoryNode(world: GraphqlWorld, repository: Repository): object {
  const [owner = "", name = ""] = repository.fullName.split("/");
  const contents = <T>(give: () => T): T => {
    requireContents(world, repository, "read");
    return give();
  };
  return {
    id: nodeId("R", repository.fullName),
    databaseId: repository.id,
    name,
    nameWithOwner: repository.fullName,
    owner: { __typename: "User", id: nodeId("O", owner), login: owner },
    url: `${WEBSITE}/${repository.fullName}`,
    isPrivate: repository.visibility !== "public",
    isEmpty: repository.history.branches.size === 0,
    isArchived: false,
    visibility: repository.visibility.toUpperCase(),
    viewerPermission: allows(world.token, repository, "contents", "write") ? "WRITE" : "READ",
    defaultBranchRef: () => contents(() => refNode(world, repository, repository.defaultBranch)),
    ref: ({ qualifiedName }: { qualifiedName: string }) =>
      contents(() => refNode(world, repository, qualifiedName.replace(/^(refs\/)?heads\//, ""))),
    object: ({ expression, oid }: { expression?: string; oid?: string }) =>
      contents(() => objectNode(world, repository, expression ?? oid ?? "")),
    issue: ({ number }: { number: number }) => issueNode(world, repository, number, "Issue"),
    pullRequest: ({ number }: { number: number }) =>
      issueNode(world, repository, number, "PullRequest"),
  };
}

function issueNode(
  { token }: GraphqlWorld,
  repository: Repository,
  number: number,
  kind: "Issue" | "PullRequest",
): object {
  if (!allows(token, repository, kind === "Issue" ? "issues" : "pull_requests", "read"))
    throw fieldError("FORBIDDEN", notAccessible(token));
  const issue = repository.issues.find(
    (each) => each.number === number && (each.pull === undefined) === (kind === "Issue"),
  );
  if (issue === undefined)
    throw fieldError(
      "NOT_FOUND",
      `Could not resolve to ${kind === "Issue" ? "an Issue" : "a PullRequest"} with the number of ${number}.`,
    );
  const { title, body, author, edited } = issue;
  const id = nodeId("I", repository.fullName, String(number));
  return {
    id,
    number,
    title,
    body,
    viewerDidAuthor: author === token.login,
    lastEditedAt: edited ? EDITED : null,
  };
}
