// Reads of the record that cost GitHub's budget nothing while it has not changed, and that are answered while GitHub is down.
import { Unchanged } from "../../core/base/errors.ts";
import type { Copies, Copy, Stale } from "../../core/ports/copies.ts";
import type { Snapshot, Store } from "../../core/ports/store.ts";
import type { GitHubClient } from "../github/client.ts";
import { statusOf, toFailure } from "../github/errors.ts";
import { parseRepository } from "../github/repository.ts";

export type CopiedStoreOptions = {
  /** Asked where there is no copy, or an old one. */
  readonly store: Store;
  readonly client: () => Promise<GitHubClient>;
  /** `owner/name` */
  readonly repository: string;
  /** Null: the default branch. */
  readonly branch: string | null;
  /** Where copies are kept from one request to the next, and under which name. */
  readonly copies: Copies;
  readonly name: string;
  readonly now: () => Date;
  /** Told whenever a copy is given because GitHub gave no answer. */
  readonly onStale: (stale: Stale) => void;
};

/** How long GitHub is not asked again after it failed to answer and did not say when to, in milliseconds. */
const PAUSE_MS = 10_000;

type Head = { readonly sha: string; readonly etag: string | null };

/**
 * A store for those who only read. GraphQL, which gives all files in one request, knows no ETag; so the branch's head is asked
 * for by REST with `If-None-Match`, and only where it moved are the files read again. An answer 304 is free:
 * https://docs.github.com/rest/using-the-rest-api/best-practices-for-using-the-rest-api#use-conditional-requests-if-appropriate
 */
export function copiedStore(options: CopiedStoreOptions): Store {
  const { store, copies, now } = options;

  async function load(paths: readonly string[], version?: string): Promise<Snapshot> {
    if (version !== undefined) return store.load(paths, version);
    const key = [options.name, ...paths].join("\n");
    const copy = copies.get(key);
    const at = now().getTime();
    if (copy !== undefined && at < copy.askAgainAt) return told(copy, at);
    try {
      const fresh = await ask(paths, copy ?? null);
      copies.set(key, { ...fresh, confirmedAt: at, askAgainAt: at, reason: null });
      return fresh.snapshot;
    } catch (error) {
      const failure = toFailure(error, `read the record of ${options.repository}`);
      // What is refused must not be told from memory; only where there was no answer does the last good one stand.
      if (copy === undefined || !(failure instanceof Unchanged)) throw failure;
      const kept = {
        ...copy,
        askAgainAt: failure.retryAt?.getTime() ?? at + PAUSE_MS,
        reason: failure.code,
      };
      copies.set(key, kept);
      return told(kept, at);
    }
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
  ): Promise<Pick<Copy, "snapshot" | "etag">> {
    const client = await options.client();
    const before = copy?.etag ? await readHead(client, copy.etag) : null;
    if (before === "same" && copy !== null) return copy;
    const snapshot = await store.load(paths);
    // Without a tag the next read is only dearer, so this one does not fail for want of it.
    const head =
      before === null || before === "same"
        ? await readHead(client, null).catch(() => null)
        : before;
    const isOfThis = head !== null && head !== "same" && head.sha === snapshot.version;
    return { snapshot, etag: isOfThis ? head.etag : null };
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

  return { load, save: store.save };
}
