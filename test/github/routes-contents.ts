// Files of a repository by path: https://docs.github.com/rest/repos/contents
import type { components } from "@octokit/openapi-types";
import { commitAs, PROTECTED, protectionOf } from "./commit.ts";
import type { GitCommit } from "./git.ts";
import { json, notFound, type Reply, refusal, validationFailed } from "./replies.ts";
import { jsonObject, type RepositoryCall, type Route, repositoryRoute } from "./routes.ts";
import { WEBSITE } from "./routes-account.ts";

type ContentFile = components["schemas"]["content-file"];
type DirectoryEntry = components["schemas"]["content-directory"][number];

/** Bytes up to which the contents API includes the content: docs.github.com/rest/repos/contents */
const MAX_INLINE_BYTES = 1024 * 1024;
/** Bytes up to which it gives the file raw; beyond it refuses. */
const MAX_RAW_BYTES = 100 * 1024 * 1024;

/** GitHub breaks base64 into lines of 60. */
export function wrappedBase64(content: Buffer): string {
  return content.toString("base64").replace(/.{1,60}/g, "$&\n");
}

/** Whether the caller asked for a media type such as `raw` or `object`. */
export function accepts(call: RepositoryCall, kind: "raw" | "object"): boolean {
  return new RegExp(`application/vnd\\.github(\\.v3)?\\.${kind}\\b`).test(
    String(call.request.headers.accept ?? ""),
  );
}

function commitAt({ repository, request }: RepositoryCall): GitCommit {
  const ref = request.query.get("ref") ?? repository.defaultBranch;
  const found = repository.history.resolve(ref, repository.defaultBranch);
  if (found !== null) return found;
  throw notFound(
    repository.history.branches.size === 0
      ? "This repository is empty."
      : `No commit found for the ref ${ref}`,
  );
}

function links(
  { repository, request }: RepositoryCall,
  path: string,
  sha: string,
  kind: "blob" | "tree",
) {
  const url = `${request.root}/repos/${repository.fullName}/contents/${path}`;
  const git = `${request.root}/repos/${repository.fullName}/git/${kind}s/${sha}`;
  const html = `${WEBSITE}/${repository.fullName}/${kind}/${repository.defaultBranch}/${path}`;
  return {
    url,
    git_url: git,
    html_url: html,
    download_url: kind === "blob" ? `${html}?raw=1` : null,
    _links: { git, html, self: url },
  };
}

function describeFile(
  call: RepositoryCall,
  path: string,
  sha: string,
  content: Buffer,
): ContentFile {
  const inline = content.length <= MAX_INLINE_BYTES;
  return {
    type: "file",
    encoding: inline ? "base64" : "none",
    content: inline ? wrappedBase64(content) : "",
    size: content.length,
    name: path.slice(path.lastIndexOf("/") + 1),
    path,
    sha,
    ...links(call, path, sha, "blob"),
  };
}

function describeDirectory(
  call: RepositoryCall,
  path: string,
  { tree }: GitCommit,
): DirectoryEntry[] {
  const prefix = path === "" ? "" : `${path}/`;
  const entries = new Map<string, DirectoryEntry>();
  for (const [file, sha] of tree) {
    if (!file.startsWith(prefix)) continue;
    const [name = "", deeper] = file.slice(prefix.length).split("/");
    const type = deeper === undefined ? "file" : "dir";
    const size = type === "file" ? (call.repository.history.blobs.get(sha)?.length ?? 0) : 0;
    entries.set(name, {
      type,
      size,
      name,
      path: prefix + name,
      sha,
      ...links(call, prefix + name, sha, type === "file" ? "blob" : "tree"),
    });
  }
  if (entries.size === 0 && path !== "") throw notFound();
  return [...entries.values()];
}

function read(call: RepositoryCall): Reply {
  const path = (call.params.path ?? "").replace(/^\/|\/$/g, "");
  const commit = commitAt(call);
  const sha = commit.tree.get(path);
  const content = sha === undefined ? undefined : call.repository.history.blobs.get(sha);
  if (sha === undefined || content === undefined)
    return json<DirectoryEntry[]>(describeDirectory(call, path, commit));
  if (content.length > MAX_RAW_BYTES)
    throw refusal(
      403,
      "This API returns blobs up to 100 MB in size. The requested blob is too large.",
    );
  if (accepts(call, "raw"))
    return {
      status: 200,
      headers: { "content-type": "application/vnd.github.raw+json; charset=utf-8" },
      body: content,
    };
  return json<ContentFile>(describeFile(call, path, sha, content));
}

function write(call: RepositoryCall): Reply {
  const { repository, token, now } = call;
  const path = call.params.path ?? "";
  const body = jsonObject(call.request);
  const { message, content, sha } = body;
  if (typeof message !== "string")
    throw validationFailed('Invalid request.\n\n"message" wasn\'t supplied.');
  if (typeof content !== "string")
    throw validationFailed('Invalid request.\n\n"content" wasn\'t supplied.');
  const branch = typeof body.branch === "string" ? body.branch : repository.defaultBranch;
  const head = repository.history.resolve(branch, repository.defaultBranch);
  if (head === null && branch !== repository.defaultBranch)
    throw notFound(`Branch ${branch} not found`);
  const before = head?.tree.get(path);
  if (before !== undefined && sha === undefined)
    throw validationFailed('Invalid request.\n\n"sha" wasn\'t supplied.');
  if (sha !== undefined && sha !== before)
    throw refusal(409, `${path} does not match ${String(sha)}`);
  const protection = protectionOf(repository, branch);
  if (protection !== null) throw refusal(409, PROTECTED[protection]);
  const bytes = Buffer.from(content, "base64");
  const made = commitAs(
    token,
    repository,
    branch,
    { additions: new Map([[path, bytes]]), deletions: [] },
    message,
    now,
  );
  const blob = made.tree.get(path) ?? "";
  const { content: _content, encoding: _encoding, ...file } = describeFile(call, path, blob, bytes);
  const commit = {
    sha: made.oid,
    message,
    html_url: `${WEBSITE}/${repository.fullName}/commit/${made.oid}`,
  };
  return json({ content: file, commit }, before === undefined ? 201 : 200);
}

export const contentsRoutes: readonly Route[] = [
  repositoryRoute("get", "/repos/{owner}/{repo}/contents/{path}", "contents", "read", read),
  repositoryRoute("put", "/repos/{owner}/{repo}/contents/{path}", "contents", "write", write),
];
