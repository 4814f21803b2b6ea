// GitHub's secrets of a repository, an environment or an organization, for Actions, Dependabot, Codespaces or agents.
import * as z from "zod";
import { Failure, Misconfigured, Unchanged } from "../../core/base/errors.ts";
import { type GitHubScope, scopeId } from "../../core/model/scope.ts";
import type {
  Destination,
  Newcomer,
  PublicKey,
  PutOptions,
  SealedBox,
  SecretInfo,
} from "../../core/ports/destination.ts";
import type { GitHubClient } from "../github/client.ts";
import { statusOf, toFailure } from "../github/errors.ts";
import { explainMissing } from "./github-missing.ts";
import { factsOf, type ScopeFacts } from "./github-scopes.ts";
import { type AccessReader, organizationAccess } from "./organization-access.ts";

export type GitHubDestinationOptions = {
  /** Called when it is first needed, and again after a failure. */
  readonly client: () => Promise<GitHubClient>;
  readonly scope: GitHubScope;
};

/** The most secrets that GitHub gives on one page. */
const PAGE_SIZE = 100;

const Key = z.object({ key_id: z.string().min(1), key: z.string().min(1) });
const Page = z.object({
  total_count: z.int().min(0),
  secrets: z.array(z.object({ name: z.string(), created_at: z.string(), updated_at: z.string() })),
});

type Facts = ScopeFacts & Pick<GitHubDestinationOptions, "client" | "scope">;

/**
 * The destination for one scope of secrets on GitHub: https://docs.github.com/rest/actions/secrets and similar pages.
 * @throws `Misconfigured` for a repository that is not `owner/name`, or an invalid login of an organization.
 */
export function githubDestination({ client, scope }: GitHubDestinationOptions): Destination {
  const facts: Facts = { ...factsOf(scope), client, scope };
  const access =
    scope.kind === "organization"
      ? organizationAccess({ client, organization: scope.organization, app: scope.app, facts })
      : null;
  let key: Promise<PublicKey> | null = null;

  function publicKey(): Promise<PublicKey> {
    if (key !== null) return key;
    const fetched = fetchKey(facts);
    key = fetched;
    fetched.catch(() => {
      if (key === fetched) key = null;
    });
    return fetched;
  }

  async function put(
    secretName: string,
    box: SealedBox,
    { signal, access: declared }: PutOptions = {},
  ): Promise<void> {
    const readers =
      access === null ? {} : await access.bodyFor(secretName, declared ?? null, signal);
    try {
      await send(
        facts,
        secretName,
        { encrypted_value: box.sealed, key_id: box.keyId, ...readers },
        signal,
      );
    } catch (error) {
      if (error instanceof Unchanged) throw error;
      const status = statusOf(error);
      // GitHub may have replaced the scope's key, so the next caller must not get the old one.
      if (status === 422) key = null;
      if (status === 422) await refuseFull(facts, secretName);
      const failure = toFailure(
        error,
        `place ${secretName} in ${facts.secrets}`,
        facts.needs("write"),
      );
      throw status === 404 ? await explainMissing(facts, failure) : failure;
    }
  }

  return {
    publicKey,
    put,
    list: () => list(facts),
    admit: (secrets) => admit(facts, access, secrets),
  };
}

async function fetchKey(facts: Facts): Promise<PublicKey> {
  const client = await facts.client();
  try {
    const { data } = await client.request(`GET ${facts.route}/public-key`, facts.parameters);
    const read = Key.safeParse(data);
    if (!read.success) throw notGitHub(`the public key of ${facts.secrets}`);
    return { keyId: read.data.key_id, key: read.data.key };
  } catch (error) {
    if (error instanceof Unchanged) throw error;
    // A caller that fetches the key is about to write. A token that can only read should be refused before that.
    const failure = toFailure(
      error,
      `read the public key of ${facts.secrets}`,
      facts.needs("write"),
    );
    throw statusOf(error) === 404 ? await explainMissing(facts, failure) : failure;
  }
}

async function send(
  facts: Facts,
  secretName: string,
  body: object,
  signal: AbortSignal | undefined,
): Promise<void> {
  const client = await facts.client();
  const given = {
    ...facts.parameters,
    secret_name: secretName,
    ...body,
    ...(signal === undefined ? {} : { request: { signal } }),
  };
  const { headers } = await client.request(`PUT ${facts.route}/{secret_name}`, given);
  // A proxy's login page is a 200 too, and nothing was placed.
  if (/^text\/html/i.test(headers["content-type"] ?? ""))
    throw notGitHub(`the request to place ${secretName}`);
}

async function list(facts: Facts): Promise<readonly SecretInfo[]> {
  const found: SecretInfo[] = [];
  for (let page = 1; ; page += 1) {
    const { total, secrets } = await listPage(facts, page);
    found.push(...secrets);
    if (secrets.length === 0 || found.length >= total) return found;
  }
}

async function listPage(
  facts: Facts,
  page: number,
): Promise<{ readonly total: number; readonly secrets: readonly SecretInfo[] }> {
  const client = await facts.client();
  try {
    const { data } = await client.request(`GET ${facts.route}`, {
      ...facts.parameters,
      per_page: PAGE_SIZE,
      page,
    });
    const read = Page.safeParse(data);
    if (!read.success) throw notGitHub(`the list of ${facts.secrets}`);
    const secrets = read.data.secrets.map(({ name, created_at, updated_at }) => ({
      name,
      createdAt: created_at,
      updatedAt: updated_at,
    }));
    return { total: read.data.total_count, secrets };
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw toFailure(error, `list ${facts.secrets}`, facts.needs("read"));
  }
}

/**
 * Room for new secrets, and the repositories that may read them. A repository's Actions secrets are not counted if
 * each is alone. That would cost every first rotation a request, and GitHub itself refuses the hundred-and-first.
 */
async function admit(
  facts: Facts,
  access: AccessReader | null,
  secrets: readonly Newcomer[],
): Promise<ReadonlyMap<string, Error>> {
  const refused = new Map(await access?.refusals(secrets));
  const newcomers = secrets.filter(({ isNew }) => isNew);
  const fresh = newcomers.map(({ name }) => name);
  const leftToGitHub =
    facts.scope.kind === "actions" &&
    fresh.length <= facts.limit &&
    newcomers.every(({ alone }) => alone);
  if (fresh.length === 0 || leftToGitHub) return refused;
  // If the room cannot be read, nothing is held back. GitHub itself refuses what does not fit.
  const first = await listPage(facts, 1).catch(() => null);
  if (first === null || first.total + fresh.length <= facts.limit) return refused;
  const present = new Set((await list(facts)).map(({ name }) => name));
  const absent = fresh.filter((name) => !present.has(name));
  const room = Math.max(0, facts.limit - present.size);
  for (const name of absent.slice(room)) refused.set(name, scopeFull(facts, name, present.size));
  return refused;
}

/** Throws if the refusal of a secret means that there is no room for it. */
async function refuseFull(facts: Facts, secretName: string): Promise<void> {
  const present = await list(facts).catch(() => null);
  if (
    present === null ||
    present.length < facts.limit ||
    present.some(({ name }) => name === secretName)
  )
    return;
  throw scopeFull(facts, secretName, present.length);
}

function scopeFull(
  { scope, secrets, limit }: Facts,
  secretName: string,
  count: number,
): Misconfigured {
  return new Misconfigured(
    `${secretName} does not fit into ${secrets}, because ${count} of at most ${limit} exist`,
    {
      code: "scope-full",
      hint: `Remove unused secrets from ${scopeId(scope)} (\`token-automation discover\` lists them), or put this one elsewhere.`,
    },
  );
}

function notGitHub(what: string): Unchanged {
  return new Unchanged(`what answered for ${what} is not GitHub's API`, {
    code: "not-github",
    hint: "Check GITHUB_API_URL, and check that no proxy answers in GitHub's place.",
  });
}
