// The commits of a branch that changed the record, and what they and their parents hold, by GraphQL.
import { z } from "zod";
import { Misconfigured } from "../../core/base/errors.ts";
import type { AuditCommit } from "../../core/ports/record-versions.ts";
import { historyFolder, isMonthlyFile } from "../../core/record/history.ts";
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
/** Files asked for in one request, far below GitHub's 500,000 nodes. */
const STATES_PER_REQUEST = 50;
/** The most parents that are read. GitHub makes no octopus merge with more. */
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
  repository: z
    .object({ object: Node.extend({ record: Page, months: Page }).nullable() })
    .nullable(),
});
const States = z.object({ repository: z.record(z.string(), z.unknown()).nullable() });
const Blob = z.object({ oid: z.string().min(1), byteSize: z.number() });
const Tree = z.object({
  entries: z.array(z.object({ name: z.string(), object: z.unknown() })).nullish(),
});

const COMMIT = `oid authoredDate committedDate author { name } parents(first: ${PARENTS}) { nodes { oid } }`;
const HISTORY = `{ nodes { ${COMMIT} } pageInfo { hasNextPage endCursor } }`;
const LIST = `query ($owner: String!, $name: String!, $revision: String!, $record: String!, $months: String!, $afterRecord: String, $afterMonths: String) {
  repository(owner: $owner, name: $name) {
    object(expression: $revision) {
      ... on Commit {
        ${COMMIT}
        record: history(first: ${PAGE}, path: $record, after: $afterRecord) ${HISTORY}
        months: history(first: ${PAGE}, path: $months, after: $afterMonths) ${HISTORY}
      }
    }
  }
}`;

/**
 * The newest commits that changed the record or its monthly files, as GitHub's own history of a path has them. If a merge
 * took one side whole, the other side is not listed.
 * @param limit the most commits of each kind
 * @throws `Misconfigured` if the repository or the branch is missing; `Denied`, `Unchanged`.
 */
export async function branchCommits(
  client: GitHubClient,
  place: BranchPlace,
  path: string,
  limit: number,
): Promise<BranchCommits> {
  const found = { record: [] as BranchCommit[], months: [] as BranchCommit[] };
  const after: { record: string | null; months: string | null } = { record: null, months: null };
  const open = { record: true, months: true };
  let head: BranchCommit | null = null;
  while (head === null || open.record || open.months) {
    const paths = {
      record: path,
      months: historyFolder(path),
      afterRecord: after.record,
      afterMonths: after.months,
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
    for (const list of ["record", "months"] as const) {
      if (!open[list]) continue;
      const { nodes, pageInfo } = commit[list];
      found[list].push(...nodes.map(commitOf));
      after[list] = pageInfo.endCursor ?? null;
      open[list] = pageInfo.hasNextPage && found[list].length < limit;
    }
  }
  return {
    head,
    commits: mergeInOrder(found.record.toReversed(), found.months.toReversed()).slice(-limit),
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

/** The record and its monthly files in each of the commits. @throws as `branchCommits` */
export async function filesInCommits(
  client: GitHubClient,
  place: BranchPlace,
  path: string,
  shas: readonly string[],
): Promise<Map<string, ReadonlyMap<string, BlobRef>>> {
  const states = new Map<string, ReadonlyMap<string, BlobRef>>();
  const folder = historyFolder(path);
  for (let start = 0; start < shas.length; start += STATES_PER_REQUEST) {
    const batch = shas.slice(start, start + STATES_PER_REQUEST);
    const variables = new Map<string, string>();
    for (const [index, sha] of batch.entries()) {
      variables.set(`record${index}`, `${sha}:${path}`).set(`months${index}`, `${sha}:${folder}`);
    }
    const query = queryOf([...variables.keys()], "String!", batch.map(stateFields));
    const { repository } = readReply(
      States,
      await ask(client, place, query, Object.fromEntries(variables)),
      place,
    );
    for (const [index, sha] of batch.entries())
      states.set(
        sha,
        filesOf(repository?.[`record${index}`], repository?.[`months${index}`], path),
      );
  }
  return states;
}

function stateFields(_sha: string, index: number): string {
  return `record${index}: object(expression: $record${index}) { ... on Blob { oid byteSize } }
    months${index}: object(expression: $months${index}) { ... on Tree { entries { name object { ... on Blob { oid byteSize } } } } }`;
}

function filesOf(record: unknown, months: unknown, path: string): ReadonlyMap<string, BlobRef> {
  const files = new Map<string, BlobRef>();
  for (const { name, object } of Tree.safeParse(months).data?.entries ?? []) {
    const blob = Blob.safeParse(object).data;
    if (isMonthlyFile(name) && blob !== undefined)
      files.set(`${historyFolder(path)}/${name}`, { id: blob.oid, size: blob.byteSize });
  }
  const blob = Blob.safeParse(record).data;
  if (blob !== undefined) files.set(path, { id: blob.oid, size: blob.byteSize });
  return files;
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
