// The files in a folder of one branch or commit, with those in the folders in it: in one GraphQL request, or by REST.
import pLimit from "p-limit";
import { z } from "zod";
import type { GitHubClient } from "./client.ts";
import { graphqlErrors, statusOf, toFailure } from "./errors.ts";
import { type BranchPlace, repositoryMissing } from "./snapshot.ts";

const READ = "Contents: read";
/** Folders listed at once, where each takes a request. */
const LIST_CONCURRENCY = 5;

const Entry = z.object({
  name: z.string(),
  object: z.object({ entries: z.array(z.object({ name: z.string() })).nullish() }).nullish(),
});
const Reply = z.object({
  repository: z
    .object({ object: z.object({ entries: z.array(Entry).nullish() }).nullable() })
    .nullable(),
});
const Contents = z.array(z.object({ type: z.string(), path: z.string() }));

const QUERY = `query ($owner: String!, $name: String!, $folder: String!) {
  repository(owner: $owner, name: $name) {
    object(expression: $folder) {
      ... on Tree { entries { name object { ... on Tree { entries { name } } } } }
    }
  }
}`;

/**
 * Paths of the files; empty if there is no such folder.
 * @param version a commit to list at, rather than the branch's head
 * @returns null if the server answers GraphQL with nothing that can be used
 * @throws `Misconfigured` if the repository is missing; `Denied`, `Unchanged`
 */
export async function listByGraphql(
  client: GitHubClient,
  place: BranchPlace,
  folder: string,
  version?: string,
): Promise<string[] | null> {
  const revision = version ?? (place.branch === null ? "HEAD" : `refs/heads/${place.branch}`);
  const { owner, name } = place;
  const doing = `list ${folder} of ${owner}/${name}`;
  let answer: unknown;
  try {
    answer = await client.graphql(QUERY, { owner, name, folder: `${revision}:${folder}` });
  } catch (error) {
    if (graphqlErrors(error)?.some(({ type }) => type === "NOT_FOUND"))
      throw repositoryMissing(place);
    const failure = toFailure(error, doing, undefined);
    if (failure.kind === "misconfigured" || statusOf(error) === 501) return null;
    throw failure.kind === "denied" ? toFailure(error, doing, READ) : failure;
  }
  const reply = Reply.safeParse(answer);
  if (!reply.success) return null;
  if (reply.data.repository === null) throw repositoryMissing(place);
  return (reply.data.repository.object?.entries ?? []).flatMap((entry) =>
    entry.object?.entries
      ? entry.object.entries.map((inside) => `${folder}/${entry.name}/${inside.name}`)
      : [`${folder}/${entry.name}`],
  );
}

/** The same by REST, with one request for each folder. Throws what `listByGraphql` throws. */
export async function listByRest(
  client: GitHubClient,
  place: BranchPlace,
  folder: string,
  version?: string,
): Promise<string[]> {
  const top = await contentsOf(client, place, folder, version);
  const inside = await pLimit(LIST_CONCURRENCY).map(
    top.filter(({ type }) => type === "dir"),
    ({ path }) => contentsOf(client, place, path, version),
  );
  return [...top, ...inside.flat()].flatMap(({ type, path }) => (type === "file" ? [path] : []));
}

async function contentsOf(
  client: GitHubClient,
  place: BranchPlace,
  path: string,
  version: string | undefined,
): Promise<z.infer<typeof Contents>> {
  const ref = version ?? place.branch;
  try {
    const { data } = await client.request("GET /repos/{owner}/{repo}/contents/{path}", {
      owner: place.owner,
      repo: place.name,
      path,
      ...(ref === null ? {} : { ref }),
    });
    const entries = Contents.safeParse(data);
    return entries.success ? entries.data : [];
  } catch (error) {
    if (statusOf(error) === 404) return [];
    throw toFailure(error, `list ${path} of ${place.owner}/${place.name}`, READ);
  }
}
