// The commits of a branch that changed the record, and what they and their parents hold, by GraphQL.
import { z } from "zod";
import { Misconfigured } from "../../core/base/errors.ts";
import type { AuditCommit } from "../../core/ports/record-versions.ts";
import { historyFolder, isDayFile, isMonthFolder } from "../../core/record/history.ts";
import type { GitHubClient } from "./client.ts";
import { graphqlErrors, toFailure } from "./errors.ts";
import { type BranchPlace, branchMissing, repositoryEmpty, repositoryMissing } from "./snapshot.ts";

/** `parents` are its parents on GitHub, whether they changed the record or not. */
export type BranchCommit = AuditCommit & { readonly parents: readonly string[] };

/** A file's content by its id, and its size in bytes. */
export type BlobRef = { readonly id: string; readonly size: number };

/** `commits` has parents before children. */
export type BranchCommits = {
  readonly head: BranchCommit;
  readonly commits: readonly BranchCommit[];
};

/** The most entries that GitHub gives on one page of a connection. */
const PAGE = 100;
/** Files and folders asked for in one request: far below GitHub's 500,000 nodes. */
const STATES_PER_REQUEST = 100;
/** An octopus merge with more is not made by anybody's GitHub. */
const PARENTS = 10;
const READ = "Contents: read";

const Node = z.object({
  oid: z.string().min(1),
  authoredDate: z.string(),
  committedDate: z.string(),
  author: z.object({ name: z.string().nullish() }).nullish(),
  parents: z.object({ nodes: z.array(z.object({ oid: z.string() })) }),
});
const Page = z.object({
  nodes: z.array(Node),
  pageInfo: z.object({ hasNextPage: z.boolean(), endCursor: z.string().nullish() }),
});
const Listing = z.object({
  repository: z.object({ object: Node.extend({ record: Page, days: Page }).nullable() }).nullable(),
});
const States = z.object({ repository: z.record(z.string(), z.unknown()).nullable() });
const Blob = z.object({ oid: z.string().min(1), byteSize: z.number() });
const Tree = z.object({
  entries: z
    .array(
      z.object({ name: z.string(), oid: z.string().min(1), type: z.string(), size: z.number() }),
    )
    .nullish(),
});

const COMMIT = `oid authoredDate committedDate author { name } parents(first: ${PARENTS}) { nodes { oid } }`;
const HISTORY = `{ nodes { ${COMMIT} } pageInfo { hasNextPage endCursor } }`;
const LIST = `query ($owner: String!, $name: String!, $revision: String!, $record: String!, $days: String!, $afterRecord: String, $afterDays: String) {
  repository(owner: $owner, name: $name) {
    object(expression: $revision) {
      ... on Commit {
        ${COMMIT}
        record: history(first: ${PAGE}, path: $record, after: $afterRecord) ${HISTORY}
        days: history(first: ${PAGE}, path: $days, after: $afterDays) ${HISTORY}
      }
    }
  }
}`;

/**
 * The newest commits that changed the record or its history's files, as GitHub's own history of a path has them: of a merge
 * that takes one side whole, the other side is not listed.
 * @param limit the most commits of each kind
 * @throws `Misconfigured` where the repository or the branch is missing; `Denied`, `Unchanged`.
 */
export async function branchCommits(
  client: GitHubClient,
  place: BranchPlace,
  path: string,
  limit: number,
): Promise<BranchCommits> {
  const found = { record: [] as BranchCommit[], days: [] as BranchCommit[] };
  const after: { record: string | null; days: string | null } = { record: null, days: null };
  const open = { record: true, days: true };
  let head: BranchCommit | null = null;
  while (head === null || open.record || open.days) {
    const paths = {
      record: path,
      days: historyFolder(path),
      afterRecord: after.record,
      afterDays: after.days,
    };
    const revision = head?.sha ?? (place.branch === null ? "HEAD" : `refs/heads/${place.branch}`);
    const { repository } = readReply(
      Listing,
      await ask(client, place, LIST, { revision, ...paths }),
      place,
    );
    if (repository === null) throw repositoryMissing(place);
    const commit = repository.object;
    if (commit === null)
      throw place.branch === null ? repositoryEmpty(place) : branchMissing(place);
    head ??= commitOf(commit);
    for (const list of ["record", "days"] as const) {
      if (!open[list]) continue;
      const { nodes, pageInfo } = commit[list];
      found[list].push(...nodes.map(commitOf));
      after[list] = pageInfo.endCursor ?? null;
      open[list] = pageInfo.hasNextPage && found[list].length < limit;
    }
  }
  return {
    head,
    commits: mergeInOrder(found.record.toReversed(), found.days.toReversed()).slice(-limit),
  };
}

function commitOf({
  oid,
  authoredDate,
  committedDate,
  author,
  parents,
}: z.infer<typeof Node>): BranchCommit {
  return {
    sha: oid,
    author: author?.name ?? "",
    authored_at: authoredDate,
    committed_at: committedDate,
    parents: parents.nodes.map((parent) => parent.oid),
  };
}

/** Two lists merged into one that keeps the order of both. Dates decide the rest. */
function mergeInOrder(
  one: readonly BranchCommit[],
  other: readonly BranchCommit[],
): BranchCommit[] {
  const [inOne, inOther] = [
    new Set(one.map(({ sha }) => sha)),
    new Set(other.map(({ sha }) => sha)),
  ];
  const all: BranchCommit[] = [];
  const given = new Set<string>();
  let [left, right] = [0, 0];
  for (;;) {
    while (given.has(one[left]?.sha ?? "")) left += 1;
    while (given.has(other[right]?.sha ?? "")) right += 1;
    const [a, b] = [one[left], other[right]];
    const next = pickNext(a, b, inOne, inOther);
    if (next === undefined) return all;
    all.push(next);
    given.add(next.sha);
  }
}

type Maybe = BranchCommit | undefined;

function pickNext(
  a: Maybe,
  b: Maybe,
  inOne: ReadonlySet<string>,
  inOther: ReadonlySet<string>,
): Maybe {
  if (a === undefined || b === undefined || a.sha === b.sha) return a ?? b;
  // A commit in both lists waits until it is the next of both.
  if (inOther.has(a.sha) !== inOne.has(b.sha)) return inOther.has(a.sha) ? b : a;
  return Date.parse(a.committed_at) <= Date.parse(b.committed_at) ? a : b;
}

/** The record and its history's files in each of the commits. @throws as `branchCommits` */
export async function filesInCommits(
  client: GitHubClient,
  place: BranchPlace,
  path: string,
  shas: readonly string[],
): Promise<Map<string, ReadonlyMap<string, BlobRef>>> {
  const folder = historyFolder(path);
  const read = (fields: readonly string[], expressions: readonly string[]) =>
    objectsAt(client, place, fields, expressions);
  const found = await read(
    shas.flatMap(() => ["... on Blob { oid byteSize }", TREE]),
    shas.flatMap((sha) => [`${sha}:${path}`, `${sha}:${folder}`]),
  );
  const records = found.filter((_, index) => index % 2 === 0);
  const folders = found.filter((_, index) => index % 2 === 1);
  const monthsOf = folders.map((tree) =>
    entriesOf(tree).filter(({ name, type }) => type === "tree" && isMonthFolder(name)),
  );
  // Most months are the same in most commits: each is read once, wherever it stands.
  const places = new Map<string, string>();
  for (const [index, months] of monthsOf.entries())
    for (const { oid, name } of months) places.set(oid, `${shas[index]}:${folder}/${name}`);
  const trees = await read(
    [...places].map(() => TREE),
    [...places.values()],
  );
  const days = new Map([...places.keys()].map((oid, index) => [oid, entriesOf(trees[index])]));
  return new Map(
    shas.map((sha, index) => {
      const files = new Map<string, BlobRef>();
      for (const month of monthsOf[index] ?? []) {
        for (const { name, oid, type, size } of days.get(month.oid) ?? [])
          if (type === "blob" && isDayFile(name))
            files.set(`${folder}/${month.name}/${name}`, { id: oid, size });
      }
      const record = Blob.safeParse(records[index]).data;
      if (record !== undefined) files.set(path, { id: record.oid, size: record.byteSize });
      return [sha, files];
    }),
  );
}

const TREE = "... on Tree { entries { name oid type size } }";

function entriesOf(tree: unknown): NonNullable<z.infer<typeof Tree>["entries"]> {
  return Tree.safeParse(tree).data?.entries ?? [];
}

/** What stands at each of the expressions, by as many requests as it takes. @param fields what is asked of each */
async function objectsAt(
  client: GitHubClient,
  place: BranchPlace,
  fields: readonly string[],
  expressions: readonly string[],
): Promise<unknown[]> {
  const objects: unknown[] = [];
  for (let start = 0; start < expressions.length; start += STATES_PER_REQUEST) {
    const batch = expressions.slice(start, start + STATES_PER_REQUEST);
    const variables = Object.fromEntries(batch.map((each, index) => [`at${index}`, each]));
    const asked = batch.map(
      (_, index) => `at${index}: object(expression: $at${index}) { ${fields[start + index]} }`,
    );
    const query = queryOf(Object.keys(variables), "String!", asked);
    const { repository } = readReply(States, await ask(client, place, query, variables), place);
    for (const index of batch.keys()) objects.push(repository?.[`at${index}`]);
  }
  return objects;
}

/** A query of several fields of one repository, each with a variable of its own. */
export function queryOf(
  variables: readonly string[],
  type: string,
  fields: readonly string[],
): string {
  const declared = [
    "$owner: String!",
    "$name: String!",
    ...variables.map((name) => `$${name}: ${type}`),
  ];
  return `query (${declared.join(", ")}) {\n  repository(owner: $owner, name: $name) {\n    ${fields.join("\n    ")}\n  }\n}`;
}

/** @throws `Misconfigured`, `Denied`, `Unchanged`. */
export async function ask(
  client: GitHubClient,
  place: BranchPlace,
  query: string,
  variables: Readonly<Record<string, string | null>>,
): Promise<unknown> {
  try {
    return await client.graphql(query, { owner: place.owner, name: place.name, ...variables });
  } catch (error) {
    if (graphqlErrors(error)?.some(({ type }) => type === "NOT_FOUND"))
      throw repositoryMissing(place);
    throw toFailure(error, `read the commits of ${place.owner}/${place.name}`, READ);
  }
}

/** @throws `Misconfigured` for an answer of another form than GitHub's, from another server or a proxy. */
export function readReply<T>(form: z.ZodType<T>, reply: unknown, place: BranchPlace): T {
  const parsed = form.safeParse(reply);
  if (parsed.success) return parsed.data;
  throw new Misconfigured(
    `could not read the commits of ${place.owner}/${place.name}: the server's GraphQL is not GitHub's`,
    {
      code: "graphql-not-understood",
      hint: "Clone the repository and run `token-automation history --verify` there.",
    },
  );
}
