// A repository's Actions secrets: https://docs.github.com/rest/actions/secrets
import * as z from "zod";
import { Unchanged } from "../errors.ts";
import type { GitHubClient } from "../github/client.ts";
import { statusOf, toFailure } from "../github/errors.ts";
import { parseRepository } from "../github/repository.ts";
import type { Destination, PublicKey, SealedBox, SecretInfo } from "../ports.ts";

export type ActionsDestinationOptions = {
  /** Called when it is first needed, and again after it failed. */
  readonly client: () => Promise<GitHubClient>;
  /** `owner/name` */
  readonly repository: string;
};

/** The most that GitHub gives on one page. */
const PAGE_SIZE = 100;
/** The public key too: whoever fetches it is about to write, and a token that can only read should be refused before that. */
const WRITE = "Secrets: write";

const Key = z.object({ key_id: z.string().min(1), key: z.string().min(1) });

/**
 * The destination for a repository's Actions secrets.
 * @throws `Misconfigured` for a repository that is not `owner/name`.
 */
export function actionsDestination(options: ActionsDestinationOptions): Destination {
  const { owner, name: repo } = parseRepository(options.repository);
  let key: Promise<PublicKey> | null = null;

  async function fetchKey(): Promise<PublicKey> {
    const client = await options.client();
    try {
      const { data } = await client.request("GET /repos/{owner}/{repo}/actions/secrets/public-key", { owner, repo });
      const read = Key.safeParse(data);
      if (!read.success) throw notGitHub(`the public key of ${owner}/${repo}'s secrets`);
      return { keyId: read.data.key_id, key: read.data.key };
    } catch (error) {
      if (error instanceof Unchanged) throw error;
      throw toFailure(error, `read the public key of ${owner}/${repo}'s secrets`, WRITE);
    }
  }

  function publicKey(): Promise<PublicKey> {
    if (key !== null) return key;
    const fetched = fetchKey();
    key = fetched;
    fetched.catch(() => {
      if (key === fetched) key = null;
    });
    return fetched;
  }

  async function put(secretName: string, box: SealedBox, signal?: AbortSignal): Promise<void> {
    const client = await options.client();
    const sealed = { encrypted_value: box.sealed, key_id: box.keyId };
    const given = { owner, repo, secret_name: secretName, ...sealed, ...(signal === undefined ? {} : { request: { signal } }) };
    try {
      const { headers } = await client.request("PUT /repos/{owner}/{repo}/actions/secrets/{secret_name}", given);
      // A proxy's login page is a 200 too, and nothing was placed.
      if (/^text\/html/i.test(headers["content-type"] ?? "")) throw notGitHub(`the request to place ${secretName}`);
    } catch (error) {
      if (error instanceof Unchanged) throw error;
      // GitHub replaced the scope's key, perhaps: the next one to ask must not get the old one.
      if (statusOf(error) === 422) key = null;
      throw toFailure(error, `place ${secretName} in the secrets of ${owner}/${repo}`, WRITE);
    }
  }

  async function list(): Promise<readonly SecretInfo[]> {
    const client = await options.client();
    const found: SecretInfo[] = [];
    try {
      for (let page = 1; ; page += 1) {
        const { data } = await client.request("GET /repos/{owner}/{repo}/actions/secrets", { owner, repo, per_page: PAGE_SIZE, page });
        for (const { name, created_at, updated_at } of data.secrets) found.push({ name, createdAt: created_at, updatedAt: updated_at });
        if (data.secrets.length === 0 || found.length >= data.total_count) return found;
      }
    } catch (error) {
      throw toFailure(error, `list the secrets of ${owner}/${repo}`, "Secrets: read");
    }
  }

  return { publicKey, put, list };
}

function notGitHub(what: string): Unchanged {
  return new Unchanged(`what answered for ${what} is not GitHub's API`, {
    code: "not-github",
    hint: "Check GITHUB_API_URL, and whether a proxy in between answers with a page of its own.",
  });
}
