// The store of a record: a work tree or a branch, and for edges that only read, copies of it without long waits.
import type { GitHubClient, GitHubClientOptions } from "../adapters/github/client.ts";
import type { Failure } from "../core/base/errors.ts";
import type { Copies, Stale } from "../core/ports/copies.ts";
import type { Store } from "../core/ports/store.ts";
import type { RecordLocation } from "./record-location.ts";

/** How long a client tries. */
export type Haste = Pick<GitHubClientOptions, "retries" | "requestTimeoutMs" | "longestWaitS">;

/** A caller that waits for a page has a copy to look at, or hears at once that there is none. */
export const IMPATIENT: Haste = { retries: 1, requestTimeoutMs: 8_000, longestWaitS: 0 };

type CopiesOptions = {
  readonly place: RecordLocation;
  readonly client: () => Promise<GitHubClient>;
  readonly copies: Copies;
  readonly now: () => Date;
  readonly onStale: (stale: Stale) => void;
};

/** The store as it is, if it is not on GitHub. */
export async function readByCopies(
  stored: Store,
  { place, client, copies, now, onStale }: CopiesOptions,
): Promise<Store> {
  if (place.kind !== "github") return stored;
  const { copiedStore } = await import("../adapters/stores/github-copies.ts");
  const { githubStore } = await import("../adapters/stores/github.ts");
  const { repository, branch, access } = place;
  const store = githubStore({ client, repository, branch });
  const name = [access.apiUrl, repository, branch ?? ""].join(" ");
  return copiedStore({ store, client, repository, branch, copies, name, now, onStale });
}

/** Opens the store of the record. */
export async function storeOf(
  place: RecordLocation,
  client: () => Promise<GitHubClient>,
  onUncommitted: (failure: Failure) => void,
): Promise<Store> {
  if (place.kind === "github") {
    const { githubStore } = await import("../adapters/stores/github.ts");
    return githubStore({ client, repository: place.repository, branch: place.branch });
  }
  const { localStore } = await import("../adapters/stores/local.ts");
  return localStore({ directory: place.directory, onUncommitted });
}
