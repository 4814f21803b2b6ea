// Files of one branch or commit in a single GraphQL request, or by REST for big files and servers without GraphQL.
import { z } from "zod";
import { Misconfigured, Unchanged } from "../../core/base/errors.ts";
import type { GitHubClient } from "./client.ts";
import { graphqlErrors, statusOf, toFailure } from "./errors.ts";

/** A repository and a branch in it. A null branch means the default branch. */
export type BranchPlace = {
  readonly owner: string;
  readonly name: string;
  readonly branch: string | null;
};

/** Files as they stood at one commit. */
export type GitHubSnapshot = {
  /** The branch's head, or the version that was asked for. */
  readonly oid: string;
  /** The branch's own name. */
  readonly branch: string;
  readonly isPrivate: boolean | null;
  /** Null if the file does not exist at that commit. */
  readonly files: ReadonlyMap<string, string | null>;
};

const READ = "Contents: read";

const Ref = z.object({ name: z.string().min(1), target: z.object({ oid: z.string().min(1) }) });
const Head = z.object({ object: z.object({ sha: z.string().min(1) }) });
const Blob = z
  .object({
    text: z.string().nullish(),
    isTruncated: z.boolean().nullish(),
    isBinary: z.boolean().nullish(),
  })
  .nullable();
const Repository = z.looseObject({
  isPrivate: z.boolean().nullish(),
  ref: Ref.nullish(),
  defaultBranchRef: Ref.nullish(),
});
const Reply = z.object({ repository: Repository.nullable() });

/**
 * Reads the files by GraphQL, in one request unless a file is big or binary.
 * @param version a commit to read at, rather than the branch's head.
 * @returns null if the server's GraphQL answer cannot be used. The caller then reads by REST.
 * @throws `Misconfigured` if the repository, the branch or the version is missing; `Denied`, `Unchanged`.
 */
export async function readByGraphql(
  client: GitHubClient,
  place: BranchPlace,
  paths: readonly string[],
  version?: string,
): Promise<GitHubSnapshot | null> {
  const reply = Reply.safeParse(await ask(client, place, paths, version));
  if (!reply.success) return null;
  const { repository } = reply.data;
  if (repository === null) throw repositoryMissing(place);
  const ref = place.branch === null ? repository.defaultBranchRef : repository.ref;
  if (ref === undefined) return null;
  if (ref === null) throw place.branch === null ? repositoryEmpty(place) : branchMissing(place);
  if (version !== undefined && repository.commit === null) throw versionMissing(place, version);
  const oid = version ?? ref.target.oid;
  const files = new Map<string, string | null>();
  for (const [index, path] of paths.entries()) {
    const blob = Blob.safeParse(repository[fieldOf(index, paths.length, version)]);
    if (!blob.success) return null;
    const whole =
      blob.data?.isTruncated !== true && blob.data?.isBinary !== true ? blob.data?.text : undefined;
    files.set(
      path,
      blob.data === null ? null : (whole ?? (await readExisting(client, place, path, oid))),
    );
  }
  return { oid, branch: ref.name, isPrivate: repository.isPrivate ?? null, files };
}

/** Reads the files by REST. Takes and throws what `readByGraphql` does. */
export async function readByRest(
  client: GitHubClient,
  place: BranchPlace,
  paths: readonly string[],
  version?: string,
): Promise<GitHubSnapshot> {
  const doing = `read ${named(place)}`;
  const at = { owner: place.owner, repo: place.name };
  const { data: repository } = await client
    .request("GET /repos/{owner}/{repo}", at)
    .catch((error: unknown) => {
      throw statusOf(error) === 404 ? repositoryMissing(place) : toFailure(error, doing, READ);
    });
  const branch = place.branch ?? repository.default_branch;
  const oid = version ?? (await readHead(client, place, branch));
  if (version !== undefined) {
    await client
      .request("GET /repos/{owner}/{repo}/commits/{ref}", { ...at, ref: version })
      .catch((error: unknown) => {
        throw statusOf(error) === 404 || statusOf(error) === 422
          ? versionMissing(place, version)
          : toFailure(error, doing, READ);
      });
  }
  const contents = await Promise.all(
    paths.map(async (path) => [path, await readRaw(client, place, path, oid)] as const),
  );
  return { oid, branch, isPrivate: repository.private, files: new Map(contents) };
}

async function ask(
  client: GitHubClient,
  place: BranchPlace,
  paths: readonly string[],
  version: string | undefined,
): Promise<unknown> {
  const revision = version ?? (place.branch === null ? "HEAD" : `refs/heads/${place.branch}`);
  const variables: Record<string, string> = { owner: place.owner, name: place.name };
  if (place.branch !== null) variables.branch = `refs/heads/${place.branch}`;
  if (version !== undefined) variables.version = version;
  for (const [index, path] of paths.entries())
    variables[`expression${index}`] = `${revision}:${path}`;
  try {
    return await client.graphql(queryFor(place, paths.length, version), variables);
  } catch (error) {
    if (graphqlErrors(error)?.some(({ type }) => type === "NOT_FOUND"))
      throw repositoryMissing(place);
    const failure = toFailure(error, `read ${named(place)}`, undefined);
    // A 4xx that is neither about the token nor about a limit means that this server has no GraphQL, or another one.
    if (failure.kind === "misconfigured" || statusOf(error) === 501) return null;
    throw failure.kind === "denied" ? toFailure(error, `read ${named(place)}`, READ) : failure;
  }
}

/**
 * Asks for the head before the files. If another process saves in between, the files are newer than the head. The
 * compare-and-set on that head then fails, as it must.
 */
function queryFor({ branch }: BranchPlace, count: number, version: string | undefined): string {
  const declared = ["$owner: String!", "$name: String!"];
  if (branch !== null) declared.push("$branch: String!");
  if (version !== undefined) declared.push("$version: GitObjectID!");
  const fields = [
    branch === null
      ? "defaultBranchRef { name target { oid } }"
      : "ref(qualifiedName: $branch) { name target { oid } }",
  ];
  if (version !== undefined) fields.push("commit: object(oid: $version) { oid }");
  for (let index = 0; index < count; index += 1) {
    declared.push(`$expression${index}: String!`);
    const field = fieldOf(index, count, version);
    const alias = field === "object" ? "" : `${field}: `;
    fields.push(
      `${alias}object(expression: $expression${index}) { ... on Blob { isBinary isTruncated text } }`,
    );
  }
  return `query (${declared.join(", ")}) {\n  repository(owner: $owner, name: $name) {\n    isPrivate\n    ${fields.join("\n    ")}\n  }\n}`;
}

function fieldOf(index: number, count: number, version: string | undefined): string {
  return count === 1 && version === undefined ? "object" : `file${index}`;
}

/** The id of a branch's newest commit. @throws as `readByGraphql` does. */
export async function readHead(
  client: GitHubClient,
  place: BranchPlace,
  branch: string,
): Promise<string> {
  const at = { owner: place.owner, repo: place.name, branch };
  const doing = `read the branch ${branch} of ${named(place)}`;
  try {
    // Not by its typed route, which escapes the slash between "heads" and the name. Not every proxy keeps that escape.
    const { data } = await client.request("GET /repos/{owner}/{repo}/git/ref/heads/{branch}", at);
    return Head.parse(data).object.sha;
  } catch (error) {
    const status = statusOf(error);
    if (status === 409 || (status === 404 && place.branch === null)) throw repositoryEmpty(place);
    throw status === 404 ? branchMissing(place) : toFailure(error, doing, READ);
  }
}

async function readExisting(
  client: GitHubClient,
  place: BranchPlace,
  path: string,
  oid: string,
): Promise<string> {
  const text = await readRaw(client, place, path, oid);
  if (text !== null) return text;
  throw new Unchanged(
    `could not read ${path} of ${named(place)}: GitHub listed it and then did not return it`,
    {
      code: "github-unavailable",
      hint: "Run it again.",
    },
  );
}

/** A file up to 100 MB, byte for byte. Null if it does not exist. Octokit would strip a byte order mark. */
async function readRaw(
  client: GitHubClient,
  place: BranchPlace,
  path: string,
  oid: string,
): Promise<string | null> {
  try {
    const at = { owner: place.owner, repo: place.name, path, ref: oid };
    const request = { parseSuccessResponseBody: false };
    const { data } = await client.request("GET /repos/{owner}/{repo}/contents/{path}", {
      ...at,
      mediaType: { format: "raw" },
      request,
    });
    const body: unknown = data;
    if (!(body instanceof ReadableStream)) return "";
    const bytes = await new Response(body).arrayBuffer();
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    if (statusOf(error) === 404) return null;
    if (!(error instanceof TypeError))
      throw toFailure(error, `read ${path} of ${named(place)}`, READ);
    throw new Misconfigured(`${path} of ${named(place)} is not UTF-8 text`, {
      code: "file-not-text",
      hint: "Check the path of the config, and save the file as UTF-8.",
    });
  }
}

function named({ owner, name }: BranchPlace): string {
  return `${owner}/${name}`;
}

export function repositoryMissing(place: BranchPlace): Misconfigured {
  return new Misconfigured(`there is no repository ${named(place)}, or the token cannot see it`, {
    code: "repository-missing",
    hint: `Check the name. If it exists, give the token access to it, with the permission ${READ}.`,
  });
}

export function branchMissing(place: BranchPlace): Misconfigured {
  return new Misconfigured(
    `${named(place)} has no branch ${place.branch ?? "of the name it had when it was read"}`,
    {
      code: "branch-missing",
      hint: "Create the branch with `git push origin HEAD:refs/heads/NAME`, or name another one.",
    },
  );
}

export function repositoryEmpty(place: BranchPlace): Misconfigured {
  return new Misconfigured(`${named(place)} has no commit yet`, {
    code: "repository-empty",
    hint: "Make a first commit. A README.md is enough.",
  });
}

function versionMissing(place: BranchPlace, version: string): Misconfigured {
  return new Misconfigured(`${named(place)} has no commit ${version}`, {
    code: "version-missing",
    hint: "Load the newest version.",
  });
}
