// Every version of the record that a branch on GitHub holds, for the audit of the history.
import { z } from "zod";
import type { RecordVersion, RecordVersions } from "../../core/ports/record-versions.ts";
import type { GitHubClient } from "./client.ts";
import { toFailure } from "./errors.ts";
import {
  ask,
  type BlobRef,
  type BranchCommit,
  branchCommits,
  filesInCommits,
  queryOf,
  readReply,
} from "./record-commits.ts";
import { parseRepository } from "./repository.ts";
import type { BranchPlace } from "./snapshot.ts";

export type GitHubVersionsOptions = {
  readonly client: () => Promise<GitHubClient>;
  /** `owner/name` */
  readonly repository: string;
  /** Null means the default branch. */
  readonly branch: string | null;
  readonly path: string;
};

/** The commits that are read by default. Each version's whole text is fetched. */
const DEFAULT_COMMITS = 500;
/** The most bytes of one request's texts. */
const BATCH_BYTES = 4_000_000;
/** The most texts of one request. */
const BATCH_BLOBS = 50;
/** GraphQL cuts longer texts, in bytes. REST reads those. */
const LONGEST_TEXT_BYTES = 512_000;

const Texts = z.object({ repository: z.record(z.string(), z.unknown()).nullable() });
const Blob = z.object({
  text: z.string().nullish(),
  isTruncated: z.boolean().nullish(),
  isBinary: z.boolean().nullish(),
});

type Files = ReadonlyMap<string, BlobRef>;
type Step = {
  readonly commit: BranchCommit;
  readonly files: Files;
  readonly parents: readonly string[];
  readonly unseen: RecordVersion["unseen"];
};

/**
 * The newest commits of the branch that changed the record or its history's files, each compared with what its parents
 * hold. As GitHub lists them: what a merge threw away by taking the other side whole shows only in a clone.
 * The generator throws `Misconfigured`, `Denied` or `Unchanged`.
 */
export function githubVersions(options: GitHubVersionsOptions): RecordVersions {
  const place: BranchPlace = { ...parseRepository(options.repository), branch: options.branch };
  return async function* versions(limit) {
    const client = await options.client();
    const listed = await branchCommits(client, place, options.path, limit ?? DEFAULT_COMMITS);
    const wanted = new Set(
      [...listed.commits, listed.head].flatMap(({ sha, parents }) => [sha, ...parents]),
    );
    const states = await filesInCommits(client, place, options.path, [...wanted]);
    const steps = stepsOf(listed.commits, listed.head, states);
    const given = new Set<string>();
    for (let start = 0; start < steps.length; ) {
      const { blobs, end } = nextBatch(steps, start, given);
      const texts = await readTexts(client, place, blobs);
      for (const { commit, files, parents, unseen } of steps.slice(start, end)) {
        const { parents: _, ...made } = commit;
        const ids = new Map([...files].map(([path, { id }]) => [path, id]));
        yield {
          id: commit.sha,
          commit: made,
          parents,
          unseen,
          abandoned: false,
          files: ids,
          texts,
        };
      }
      for (const { id } of blobs) given.add(id);
      start = end;
    }
  };
}

/** Each commit with the earlier ones that hold what its parents hold. */
function stepsOf(
  commits: readonly BranchCommit[],
  head: BranchCommit,
  states: ReadonlyMap<string, Files>,
): Step[] {
  const steps: Step[] = [];
  const byState = new Map<string, string>();
  const stateOf = (sha: string) =>
    JSON.stringify([...(states.get(sha) ?? [])].map(([path, { id }]) => [path, id]));
  const empty = JSON.stringify([]);
  const add = (commit: BranchCommit) => {
    const before = commit.parents.map(stateOf);
    const known = before.flatMap((state) => byState.get(state) ?? []);
    const unseen = before.some((state) => state !== empty && !byState.has(state)) ? "limit" : null;
    steps.push({
      commit,
      files: states.get(commit.sha) ?? new Map(),
      parents: [...new Set(known)],
      unseen,
    });
    byState.set(stateOf(commit.sha), commit.sha);
  };
  for (const commit of commits) add(commit);
  const newest = commits.at(-1);
  if (newest === undefined || stateOf(newest.sha) !== stateOf(head.sha)) add(head);
  return steps;
}

function nextBatch(
  steps: readonly Step[],
  start: number,
  given: ReadonlySet<string>,
): { blobs: BlobRef[]; end: number } {
  const blobs = new Map<string, BlobRef>();
  let bytes = 0;
  let end = start;
  for (; end < steps.length; end += 1) {
    const fresh = [...(steps[end]?.files.values() ?? [])].filter(
      ({ id }) => !given.has(id) && !blobs.has(id),
    );
    bytes += fresh.reduce((sum, { size }) => sum + size, 0);
    if (end > start && (bytes > BATCH_BYTES || blobs.size + fresh.length > BATCH_BLOBS)) break;
    for (const blob of fresh) blobs.set(blob.id, blob);
  }
  return { blobs: [...blobs.values()], end };
}

/** Text by blob id. Null for a blob that is not text. */
async function readTexts(
  client: GitHubClient,
  place: BranchPlace,
  blobs: readonly BlobRef[],
): Promise<Map<string, string | null>> {
  const texts = new Map<string, string | null>();
  const short = blobs.filter(({ size }) => size <= LONGEST_TEXT_BYTES);
  const variables = Object.fromEntries(short.map(({ id }, index) => [`blob${index}`, id]));
  const fields = short.map(
    (_, index) =>
      `blob${index}: object(oid: $blob${index}) { ... on Blob { text isTruncated isBinary } }`,
  );
  const query = queryOf(Object.keys(variables), "GitObjectID!", fields);
  const { repository } =
    short.length === 0
      ? { repository: null }
      : readReply(Texts, await ask(client, place, query, variables), place);
  for (const [index, { id }] of short.entries()) {
    const blob = Blob.safeParse(repository?.[`blob${index}`]);
    if (blob.success && blob.data.isTruncated !== true)
      texts.set(id, blob.data.isBinary === true ? null : (blob.data.text ?? null));
  }
  for (const { id } of blobs) if (!texts.has(id)) texts.set(id, await readRaw(client, place, id));
  return texts;
}

async function readRaw(
  client: GitHubClient,
  place: BranchPlace,
  id: string,
): Promise<string | null> {
  const at = { owner: place.owner, repo: place.name, file_sha: id, mediaType: { format: "raw" } };
  try {
    const { data } = await client.request("GET /repos/{owner}/{repo}/git/blobs/{file_sha}", {
      ...at,
      request: { parseSuccessResponseBody: false },
    });
    const body: unknown = data;
    if (!(body instanceof ReadableStream)) return "";
    const bytes = await new Response(body).arrayBuffer();
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    // The audit reports text that is not UTF-8.
    if (error instanceof TypeError) return null;
    throw toFailure(error, `read ${id} of ${place.owner}/${place.name}`, "Contents: read");
  }
}
