// Refs, blobs, branches and commits: https://docs.github.com/rest/git and https://docs.github.com/rest/commits
import type { components } from "@octokit/openapi-types";
import type { GitCommit } from "./git.ts";
import { json, notFound, refusal, validationFailed } from "./replies.ts";
import { paginate, type RepositoryCall, type Route, repositoryRoute } from "./routes.ts";
import { nodeId, WEBSITE } from "./routes-account.ts";
import { accepts, wrappedBase64 } from "./routes-contents.ts";

type GitRef = components["schemas"]["git-ref"];
type Blob = components["schemas"]["blob"];
type Commit = Omit<components["schemas"]["commit"], "author" | "committer"> & {
  author: null;
  committer: null;
};
type Branch = Pick<
  components["schemas"]["branch-with-protection"],
  "name" | "protected" | "_links" | "protection_url"
> & {
  commit: Commit;
};

function describeCommit({ repository, request }: RepositoryCall, commit: GitCommit): Commit {
  const root = `${request.root}/repos/${repository.fullName}`;
  const html = `${WEBSITE}/${repository.fullName}/commit/${commit.oid}`;
  const url = `${root}/commits/${commit.oid}`;
  const person = { ...commit.author, date: commit.date.toISOString() };
  return {
    sha: commit.oid,
    node_id: nodeId("C", repository.fullName, commit.oid),
    url,
    html_url: html,
    comments_url: `${url}/comments`,
    commit: {
      url: `${root}/git/commits/${commit.oid}`,
      author: person,
      committer: person,
      message: commit.message,
      comment_count: 0,
      tree: { sha: commit.treeOid, url: `${root}/git/trees/${commit.treeOid}` },
    },
    author: null,
    committer: null,
    parents:
      commit.parent === null
        ? []
        : [{ sha: commit.parent, url: `${root}/commits/${commit.parent}` }],
  };
}

function describeRef({ repository, request, params }: RepositoryCall): GitRef {
  const ref = params.ref ?? "";
  const sha = ref.startsWith("heads/")
    ? repository.history.branches.get(ref.slice("heads/".length))
    : undefined;
  if (repository.history.branches.size === 0) throw refusal(409, "Git Repository is empty.");
  if (sha === undefined) throw notFound();
  const root = `${request.root}/repos/${repository.fullName}/git`;
  return {
    ref: `refs/${ref}`,
    node_id: nodeId("REF", repository.fullName, `refs/${ref}`),
    url: `${root}/refs/${ref}`,
    object: { type: "commit", sha, url: `${root}/commits/${sha}` },
  };
}

function namedCommit({ repository, params }: RepositoryCall): GitCommit {
  const ref = params.ref ?? "";
  if (repository.history.branches.size === 0) throw refusal(409, "Git Repository is empty.");
  const found = repository.history.resolve(ref, repository.defaultBranch);
  if (found === null) throw validationFailed(`No commit found for SHA: ${ref}`);
  return found;
}

function describeBranch(call: RepositoryCall): Branch {
  const { repository, request, params } = call;
  const name = params.branch ?? "";
  const commit = repository.history.commitByOid(repository.history.branches.get(name) ?? "");
  if (commit === null) throw notFound("Branch not found");
  const self = `${request.root}/repos/${repository.fullName}/branches/${name}`;
  return {
    name,
    commit: describeCommit(call, commit),
    protected: repository.protectedBranches.has(name),
    _links: { self, html: `${WEBSITE}/${repository.fullName}/tree/${name}` },
    protection_url: `${self}/protection`,
  };
}

function listCommits(call: RepositoryCall) {
  const { repository, request } = call;
  const from = repository.history.resolve(
    request.query.get("sha") ?? "HEAD",
    repository.defaultBranch,
  );
  if (from === null)
    throw repository.history.branches.size === 0
      ? refusal(409, "Git Repository is empty.")
      : notFound();
  const path = request.query.get("path");
  const found = [...repository.history.log(from.oid)].filter(
    ({ files }) => path === null || files.includes(path),
  );
  const { page, headers } = paginate(request, found);
  return json<Commit[]>(
    page.map((commit) => describeCommit(call, commit)),
    200,
    headers,
  );
}

function readBlob(call: RepositoryCall) {
  const { repository, request, params } = call;
  const sha = params.file_sha ?? "";
  const content = repository.history.blobs.get(sha);
  if (content === undefined) throw notFound();
  if (accepts(call, "raw"))
    return {
      status: 200,
      headers: { "content-type": "application/vnd.github.raw; charset=utf-8" },
      body: content,
    };
  const url = `${request.root}/repos/${repository.fullName}/git/blobs/${sha}`;
  return json<Blob>({
    sha,
    node_id: nodeId("B", sha),
    size: content.length,
    url,
    content: wrappedBase64(content),
    encoding: "base64",
  });
}

export const gitRoutes: readonly Route[] = [
  repositoryRoute("get", "/repos/{owner}/{repo}/git/ref/{ref}", "contents", "read", (call) =>
    json<GitRef>(describeRef(call)),
  ),
  repositoryRoute(
    "get",
    "/repos/{owner}/{repo}/git/blobs/{file_sha}",
    "contents",
    "read",
    readBlob,
  ),
  repositoryRoute("get", "/repos/{owner}/{repo}/commits/{ref}", "contents", "read", (call) =>
    json<Commit>(describeCommit(call, namedCommit(call))),
  ),
  repositoryRoute("get", "/repos/{owner}/{repo}/commits", "contents", "read", listCommits),
  repositoryRoute("get", "/repos/{owner}/{repo}/branches/{branch}", "contents", "read", (call) =>
    json<Branch>(describeBranch(call)),
  ),
];
