// An Ed25519 deploy key of a repository: https://docs.github.com/rest/deploy-keys/deploy-keys
import * as z from "zod";
import { Misconfigured, Uncertain } from "../../core/base/errors.ts";
import { Secret } from "../../core/base/secret.ts";
import { generateKeyPair } from "../../core/credentials/key-pair.ts";
import { VALUE_FIELD } from "../../core/model/token.ts";
import type { Credential, Issuer } from "../../core/ports/issuer.ts";
import type { GitHubClient } from "../github/client.ts";
import { statusOf, toFailure } from "../github/errors.ts";
import { parseRepository } from "../github/repository.ts";

export type DeployKeyOptions = {
  /** GitHub with a token that may administer the repository. */
  readonly client: () => Promise<GitHubClient>;
  /** `owner/name` */
  readonly repository: string;
  /** Whether the key may only read. */
  readonly readOnly: boolean;
};

const WRITE = "Administration: write";
const READ = "Administration: read";
const PAGE_SIZE = 100;
/** How long GitHub may take to list a new key, in milliseconds. */
const SETTLES_WITHIN_MS = 15_000;
const PUBLIC_FIELD = "public_key";

const Key = z.object({ id: z.int().min(1), key: z.string(), title: z.string() });

/**
 * The issuer of deploy keys. A ref is `owner/name#id`, so that a key is removed from its own repository even if the declaration changes.
 * @throws `Misconfigured` for a repository that is not `owner/name`.
 */
export function deployKeyIssuer({ client, repository, readOnly }: DeployKeyOptions): Issuer {
  const home = placeAt(repository);

  /** Every key of the repository, all pages. */
  async function list({ owner, repo }: Place): Promise<readonly z.infer<typeof Key>[]> {
    const github = await client();
    const found: z.infer<typeof Key>[] = [];
    for (let page = 1; ; page += 1) {
      const { data } = await github.request("GET /repos/{owner}/{repo}/keys", {
        owner,
        repo,
        per_page: PAGE_SIZE,
        page,
      });
      const read = z.array(Key).safeParse(data);
      if (!read.success) throw notUnderstood(`list the deploy keys of ${named({ owner, repo })}`);
      found.push(...read.data);
      if (read.data.length < PAGE_SIZE) return found;
    }
  }

  return {
    async issue({ label, signal }) {
      const doing = `add a deploy key to ${repository}`;
      const pair = await generateKeyPair(
        { algorithm: "ed25519", bits: null, format: "openssh" },
        label,
      );
      const github = await client();
      // Sent once. GitHub would refuse a second key of the same bytes, and the first one's id would stay unknown.
      const once = { request: { signal, retries: 0 } };
      const content = { title: label, key: pair.publicKey.openssh, read_only: readOnly };
      const { data } = await github
        .request("POST /repos/{owner}/{repo}/keys", { ...home, ...content, ...once })
        .catch((error: unknown) => {
          throw toFailure(error, doing, WRITE);
        });
      const read = Key.safeParse(data);
      if (!read.success || withoutComment(read.data.key) !== pair.publicKey.openssh)
        throw notUnderstood(doing);
      return {
        fields: {
          [VALUE_FIELD]: pair.privateKey,
          private_key: pair.privateKey,
          [PUBLIC_FIELD]: new Secret(pair.publicKey.openssh),
        },
        ref: `${repository}#${read.data.id}`,
        entropyBits: pair.strengthBits,
        expiresAt: null,
        settlesWithinMs: SETTLES_WITHIN_MS,
        warnings: [],
      };
    },

    async check(credential, signal) {
      const place = placeOf(credential.ref);
      if (place === null) return { verdict: "refused", detail: "it has no id" };
      const github = await client();
      const given = { owner: place.owner, repo: place.repo, key_id: place.id, request: { signal } };
      try {
        const { data } = await github.request("GET /repos/{owner}/{repo}/keys/{key_id}", given);
        const listed = withoutComment(data.key) === publicOf(credential);
        return listed
          ? { verdict: "works", detail: null }
          : { verdict: "refused", detail: `GitHub has another key under the id ${place.id}` };
      } catch (error) {
        if (statusOf(error) === 404)
          return { verdict: "refused", detail: `GitHub does not list it for ${named(place)}` };
        throw toFailure(error, `read the deploy key ${place.id} of ${named(place)}`, READ);
      }
    },

    async revoke(ref) {
      const place = placeOf(ref);
      if (place === null) throw refMalformed();
      const { owner, repo, id } = place;
      const doing = `remove the deploy key ${id} of ${named(place)}`;
      const github = await client();
      try {
        await github.request("DELETE /repos/{owner}/{repo}/keys/{key_id}", {
          owner,
          repo,
          key_id: id,
        });
      } catch (error) {
        if (statusOf(error) !== 404) throw toFailure(error, doing, WRITE);
        // GitHub answers the same for a key that is gone and one that the token may not see. Only the list shows which it is.
        const listed = await list(place).catch((seen: unknown) => {
          throw toFailure(seen, doing, WRITE);
        });
        if (listed.some((key) => key.id === id)) throw toFailure(error, doing, WRITE);
      }
    },

    async find(label) {
      const listed = await list(home).catch((error: unknown) => {
        throw toFailure(error, `list the deploy keys of ${repository}`, READ);
      });
      return listed.filter(({ title }) => title === label).map(({ id }) => `${repository}#${id}`);
    },
  };
}

type Place = { readonly owner: string; readonly repo: string };

function placeAt(repository: string): Place {
  const { owner, name: repo } = parseRepository(repository);
  return { owner, repo };
}

function named({ owner, repo }: Place): string {
  return `${owner}/${repo}`;
}

function placeOf(ref: string | null): (Place & { readonly id: number }) | null {
  const [, repository, id] = /^([\w.-]+\/[\w.-]+)#([1-9]\d{0,15})$/.exec(ref ?? "") ?? [];
  return repository === undefined ? null : { ...placeAt(repository), id: Number(id) };
}

/** Type and bytes, without a comment. */
function withoutComment(key: string): string {
  return key.trim().split(/\s+/, 2).join(" ");
}

function publicOf({ fields }: Credential): string | undefined {
  return fields[PUBLIC_FIELD]?.reveal();
}

function refMalformed(): Misconfigured {
  return new Misconfigured("the record's ref of a deploy key is not owner/name#id", {
    code: "ref-malformed",
    hint: "Remove the old key in the repository's settings, and the ref from the record.",
  });
}

function notUnderstood(doing: string): Uncertain {
  return new Uncertain(`could not ${doing}: the reply is not GitHub's`, {
    code: "reply-malformed",
    hint: "Check GITHUB_API_URL and any proxy. If a key was added, the next run finds and removes it.",
  });
}
