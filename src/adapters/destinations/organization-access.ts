// The repositories that may read an organization's secret. A PUT that leaves them out would take it from all of them.
import * as z from "zod";
import { Misconfigured, Unchanged } from "../../core/base/errors.ts";
import type { OrganizationAccess, SecretApp } from "../../core/model/scope.ts";
import type { Newcomer } from "../../core/ports/destination.ts";
import type { GitHubClient } from "../github/client.ts";
import { statusOf, toFailure } from "../github/errors.ts";
import type { ScopeFacts } from "./github-scopes.ts";

/** For a secret that does not exist yet, the default of GitHub's own command line. No public repository, and no fork of one, sees it. */
const DEFAULT_VISIBILITY = "private";
const PAGE_SIZE = 100;

const Found = z.object({ visibility: z.enum(["all", "private", "selected"]) });
const Selected = z.object({
  total_count: z.int().min(0),
  repositories: z.array(z.object({ id: z.int() })),
});
const Repository = z.object({ id: z.int() });

/** The part of a PUT that says who may read. Dependabot's ids are strings. All others are integers. */
type Readers = {
  readonly visibility: OrganizationAccess["visibility"];
  readonly selected_repository_ids?: readonly (number | string)[];
};

export type AccessReader = {
  /** The access that a PUT must name: the declared one, else GitHub's present one, else the default. */
  bodyFor(
    secretName: string,
    declared: OrganizationAccess | null,
    signal?: AbortSignal,
  ): Promise<Readers>;
  /** By secret name, the reason why its declared repositories cannot be used. */
  refusals(secrets: readonly Newcomer[]): Promise<ReadonlyMap<string, Error>>;
};

export type OrganizationAccessOptions = {
  readonly client: () => Promise<GitHubClient>;
  readonly organization: string;
  readonly app: SecretApp;
  readonly facts: ScopeFacts;
};

/** Reads and keeps who may read an organization's secrets. It asks once for the ids of repositories that are declared by name. */
export function organizationAccess(options: OrganizationAccessOptions): AccessReader {
  const { app } = options;
  const ids = new Map<string, Promise<number>>();

  function idOf(name: string): Promise<number> {
    const known = ids.get(name.toLowerCase());
    if (known !== undefined) return known;
    const asked = repositoryId(options, name);
    ids.set(name.toLowerCase(), asked);
    asked.catch(() => ids.delete(name.toLowerCase()));
    return asked;
  }

  const written = (
    visibility: OrganizationAccess["visibility"],
    repositories: readonly number[],
  ): Readers =>
    visibility === "selected"
      ? {
          visibility,
          selected_repository_ids: app === "dependabot" ? repositories.map(String) : repositories,
        }
      : { visibility };

  return {
    async bodyFor(secretName, declared, signal) {
      if (declared !== null)
        return written(declared.visibility, await Promise.all(declared.repositories.map(idOf)));
      const visibility = await visibilityOf(options, secretName, signal);
      return written(
        visibility ?? DEFAULT_VISIBILITY,
        visibility === "selected" ? await selectedOf(options, secretName, signal) : [],
      );
    },

    async refusals(secrets) {
      const refused = new Map<string, Error>();
      for (const { name, access } of secrets) {
        await Promise.all((access?.repositories ?? []).map(idOf)).catch((error: unknown) => {
          if (error instanceof Error) refused.set(name, error);
        });
      }
      return refused;
    },
  };
}

/** Null if there is no such secret yet. */
async function visibilityOf(
  { client, facts }: OrganizationAccessOptions,
  secretName: string,
  signal?: AbortSignal,
): Promise<OrganizationAccess["visibility"] | null> {
  try {
    const { data } = await (await client()).request(
      `GET ${facts.route}/{secret_name}`,
      secretParameters(facts, secretName, signal),
    );
    return Found.parse(data).visibility;
  } catch (error) {
    if (statusOf(error) === 404) return null;
    throw refusal(error, `read who may see ${secretName} in ${facts.secrets}`, facts);
  }
}

/** Every selected repository's id. Throws if the list is not whole, since a missing repository would lose the secret. */
async function selectedOf(
  { client, facts }: OrganizationAccessOptions,
  secretName: string,
  signal?: AbortSignal,
): Promise<number[]> {
  const found: number[] = [];
  try {
    for (let page = 1; ; page += 1) {
      const given = { ...secretParameters(facts, secretName, signal), per_page: PAGE_SIZE, page };
      const { data } = await (await client()).request(
        `GET ${facts.route}/{secret_name}/repositories`,
        given,
      );
      const { total_count, repositories } = Selected.parse(data);
      found.push(...repositories.map(({ id }) => id));
      if (found.length >= total_count) return found;
      if (repositories.length === 0)
        throw repositoriesUnseen(secretName, found.length, total_count);
    }
  } catch (error) {
    if (error instanceof Unchanged) throw error;
    throw refusal(
      error,
      `read which repositories may see ${secretName} in ${facts.secrets}`,
      facts,
    );
  }
}

async function repositoryId(
  { client, organization }: OrganizationAccessOptions,
  name: string,
): Promise<number> {
  try {
    const { data } = await (await client()).request("GET /repos/{owner}/{repo}", {
      owner: organization,
      repo: name,
    });
    return Repository.parse(data).id;
  } catch (error) {
    if (statusOf(error) !== 404)
      throw toFailure(error, `look up the repository ${organization}/${name}`, "Metadata: read");
    throw new Misconfigured(
      `there is no repository ${organization}/${name} that this token can see`,
      {
        code: "repository-missing",
        hint: 'Correct it under "repositories", or give the token access to it. GitHub needs its id.',
      },
    );
  }
}

function secretParameters(
  { parameters }: ScopeFacts,
  secretName: string,
  signal: AbortSignal | undefined,
) {
  return {
    ...parameters,
    secret_name: secretName,
    ...(signal === undefined ? {} : { request: { signal } }),
  };
}

function refusal(error: unknown, doing: string, facts: ScopeFacts): Error {
  if (!(error instanceof z.ZodError)) return toFailure(error, doing, facts.needs("read"));
  return new Unchanged(`could not ${doing}: the reply is not GitHub's`, {
    code: "not-github",
    hint: "Check GITHUB_API_URL.",
  });
}

function repositoriesUnseen(secretName: string, seen: number, total: number): Unchanged {
  return new Unchanged(
    `${secretName} is selected for ${total} repositories, of which this token sees ${seen}`,
    {
      code: "repositories-unseen",
      hint: 'Placing it would take it from the others. Give the token access to all of them, or declare their names under "repositories".',
    },
  );
}
