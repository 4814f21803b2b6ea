// The record on a branch of a repository on GitHub: read in one request, committed in one.

import type { RecordChange, SaveResult, Snapshot, Store } from "../../core/ports/store.ts";
import type { GitHubClient } from "../github/client.ts";
import {
  type CommitPlace,
  commitOnBranch,
  expectedMissing,
  findCommit,
  notSaved,
  outcomeUnknown,
} from "../github/commit.ts";
import { toFailure } from "../github/errors.ts";
import { listByGraphql, listByRest } from "../github/folder.ts";
import { parseRepository } from "../github/repository.ts";
import {
  type BranchPlace,
  type GitHubSnapshot,
  readByGraphql,
  readByRest,
} from "../github/snapshot.ts";

export type GitHubStoreOptions = {
  /** Called when it is first needed, and again after a failure. */
  readonly client: () => Promise<GitHubClient>;
  /** `owner/name` */
  readonly repository: string;
  /** Null means the default branch. */
  readonly branch: string | null;
};

/** If a reply is lost, the store looks for the commit and sends it once more if it is missing. The compare-and-set makes that safe. */
const ATTEMPTS = 2;

/**
 * The store on GitHub. A version is the id of the branch's head.
 * @throws `Misconfigured` for a repository that is not `owner/name`.
 */
export function githubStore(options: GitHubStoreOptions): Store {
  const place: BranchPlace = { ...parseRepository(options.repository), branch: options.branch };
  let branchName = options.branch;
  let answersGraphql = true;

  async function read(paths: readonly string[], version?: string): Promise<GitHubSnapshot> {
    const client = await options.client();
    const snapshot = answersGraphql ? await readByGraphql(client, place, paths, version) : null;
    if (snapshot === null) answersGraphql = false;
    const found = snapshot ?? (await readByRest(client, place, paths, version));
    branchName = found.branch;
    return found;
  }

  async function load(paths: readonly string[], version?: string): Promise<Snapshot> {
    const { oid, files, isPrivate } = await read([...new Set(paths)], version);
    return {
      version: oid,
      files,
      visibility: isPrivate === null ? "unknown" : isPrivate ? "private" : "public",
    };
  }

  async function list(folder: string, version?: string): Promise<readonly string[]> {
    const client = await options.client();
    const listed = answersGraphql ? await listByGraphql(client, place, folder, version) : null;
    if (listed === null) answersGraphql = false;
    return listed ?? (await listByRest(client, place, folder, version));
  }

  async function save(change: RecordChange): Promise<SaveResult> {
    const { expected } = change;
    if (expected === null) throw expectedMissing(place);
    const client = await options.client();
    const target: CommitPlace = { ...place, branch: branchName ?? (await read([])).branch };
    let replyWasLost = false;
    for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
      const result = await commitOnBranch(client, target, { ...change, expected });
      if (result.kind === "saved")
        return { kind: "saved", version: result.oid, sha: result.oid, url: result.url };
      if (result.kind === "stale" && !replyWasLost) return { kind: "conflict" };
      replyWasLost = true;
      const seen = await look(client, target, change).catch((error: unknown) => {
        // The error of the look says less than that the outcome is open. Octokit's errors hold the request, so none is kept.
        if (result.kind === "unknown") throw result.failure;
        throw outcomeUnknown(target, toFailure(error, `read the commits of ${options.repository}`));
      });
      if (seen !== null) return seen;
    }
    throw notSaved(target);
  }

  /** What became of a commit whose reply was lost. Null if the branch has not moved. */
  async function look(
    client: GitHubClient,
    target: CommitPlace,
    change: RecordChange,
  ): Promise<SaveResult | null> {
    const { head, ours } = await findCommit(client, target, change);
    if (head === change.expected) return null;
    if (ours === null) return { kind: "conflict" };
    const { files } = await read([...change.files.keys()], ours.oid);
    const isOurs = [...change.files].every(([path, text]) => files.get(path) === text);
    return isOurs
      ? { kind: "saved", version: ours.oid, sha: ours.oid, url: ours.url }
      : { kind: "conflict" };
  }

  return { load, list, save };
}
