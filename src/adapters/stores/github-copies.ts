// Cached reads of the record: free while it has not changed, and answered while GitHub is down.
import { Unchanged } from "../../core/base/errors.ts";
import type { Copies, Copy, Stale } from "../../core/ports/copies.ts";
import type { Snapshot, Store } from "../../core/ports/store.ts";
import type { GitHubClient } from "../github/client.ts";
import { statusOf, toFailure } from "../github/errors.ts";
import { parseRepository } from "../github/repository.ts";

export type CopiedStoreOptions = {
  /** Asked if there is no copy, or an old one. */
  readonly store: Store;
  readonly client: () => Promise<GitHubClient>;
  /** `owner/name` */
  readonly repository: string;
  /** Null means the default branch. */
  readonly branch: string | null;
  /** The cache that keeps copies from one request to the next, and the copy's name in it. */
  readonly copies: Copies;
  readonly name: string;
  readonly now: () => Date;
  /** Called when a copy is returned because GitHub gave no answer. */
  readonly onStale: (stale: Stale) => void;
};

/** How long GitHub is not asked again after a failure that names no time, in milliseconds. */
const PAUSE_MS = 10_000;

type Head = { readonly sha: string; readonly etag: string | null };

/**
 * A store for edges that only read. GraphQL gives all files in one request, but knows no ETag. So the store asks REST for
 * the branch's head with `If-None-Match`, and reads the files again only if the head moved. An answer 304 is free:
 * https://docs.github.com/rest/using-the-rest-api/best-practices-for-using-the-rest-api#use-conditional-requests-if-appropriate
 */
export function copiedStore(options: CopiedStoreOptions): Store {
  const { store, copies, now } = options;

  async function load(paths: readonly string[], version?: string): Promise<Snapshot> {
    if (version !== undefined) return loadAt(paths, version);
    const copy = copies.get(options.name);
    const at = now().getTime();
    // What was never read is not known to be missing: it is asked for, even soon after a failure.
    const covers = copy !== undefined && paths.every((path) => copy.snapshot.files.has(path));
    if (copy !== undefined && covers && at < copy.askAgainAt) return told(copy, at);
    try {
      const fresh = await ask(paths, copy ?? null);
      copies.set(options.name, { ...fresh, confirmedAt: at, askAgainAt: at, reason: null });
      return fresh.snapshot;
    } catch (error) {
      const failure = toFailure(error, `read the record of ${options.repository}`);
      // A refused read must not be answered from memory. The last good copy stands only if there was no answer.
      if (copy === undefined || !(failure instanceof Unchanged)) throw failure;
      const kept = {
        ...copy,
        askAgainAt: failure.retryAt?.getTime() ?? at + PAUSE_MS,
        reason: failure.code,
      };
      copies.set(options.name, kept);
      return told(kept, at);
    }
  }

  /** Of a version that is held, nothing is read twice: it never changes. */
  async function loadAt(paths: readonly string[], version: string): Promise<Snapshot> {
    const held = heldAt(version);
    const missing = paths.filter((path) => !held?.snapshot.files.has(path));
    if (held !== null && missing.length === 0) return held.snapshot;
    const read = await store.load(missing, version);
    const kept = heldAt(version);
    if (kept === null) return held === null ? read : joined(held.snapshot, read);
    const snapshot = joined(kept.snapshot, read);
    copies.set(options.name, { ...kept, snapshot });
    return snapshot;
  }

  async function list(folder: string, version?: string): Promise<readonly string[]> {
    const known = version === undefined ? undefined : heldAt(version)?.folders.get(folder);
    if (known !== undefined) return known;
    const paths = await store.list(folder, version);
    const kept = version === undefined ? null : heldAt(version);
    if (kept !== null)
      copies.set(options.name, { ...kept, folders: new Map(kept.folders).set(folder, paths) });
    return paths;
  }

  function heldAt(version: string): Copy | null {
    const copy = copies.get(options.name);
    return copy?.snapshot.version === version ? copy : null;
  }

  function told({ snapshot, confirmedAt, reason }: Copy, at: number): Snapshot {
    const age = Math.max(0, Math.round((at - confirmedAt) / 1000));
    options.onStale({
      as_of: new Date(confirmedAt).toISOString(),
      age_seconds: age,
      reason: reason ?? "github-unavailable",
    });
    return snapshot;
  }

  async function ask(
    paths: readonly string[],
    copy: Copy | null,
  ): Promise<Pick<Copy, "snapshot" | "etag" | "folders">> {
    const client = await options.client();
    const before = copy?.etag ? await readHead(client, copy.etag) : null;
    if (before === "same" && copy !== null) {
      const missing = paths.filter((path) => !copy.snapshot.files.has(path));
      if (missing.length === 0) return copy;
      const read = await store.load(missing, copy.snapshot.version ?? undefined);
      return { ...copy, snapshot: joined(copy.snapshot, read) };
    }
    const snapshot = await store.load(paths);
    // Without a tag the next read only costs more, so this one does not fail.
    const head =
      before === null || before === "same"
        ? await readHead(client, null).catch(() => null)
        : before;
    const isOfThis = head !== null && head !== "same" && head.sha === snapshot.version;
    return { snapshot, etag: isOfThis ? head.etag : null, folders: new Map() };
  }

  async function readHead(client: GitHubClient, etag: string | null): Promise<Head | "same"> {
    const { owner, name: repo } = parseRepository(options.repository);
    const headers = etag === null ? {} : { "if-none-match": etag };
    try {
      if (options.branch === null) {
        const { data, headers: got } = await client.request(
          "GET /repos/{owner}/{repo}/commits/{ref}",
          {
            owner,
            repo,
            ref: "HEAD",
            headers,
          },
        );
        return { sha: data.sha, etag: got.etag ?? null };
      }
      const asked = { owner, repo, branch: options.branch, headers };
      const { data, headers: got } = await client.request(
        "GET /repos/{owner}/{repo}/git/ref/heads/{branch}",
        asked,
      );
      return { sha: Object(data).object?.sha ?? "", etag: got.etag ?? null };
    } catch (error) {
      if (statusOf(error) === 304) return "same";
      throw error;
    }
  }

  return { load, list, save: store.save };
}

function joined(one: Snapshot, other: Snapshot): Snapshot {
  return { ...one, files: new Map([...one.files, ...other.files]) };
}
