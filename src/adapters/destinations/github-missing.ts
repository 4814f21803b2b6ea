// The meaning of a 404. GitHub answers it for a missing thing and for one that the token may not see, so another request decides.
import * as z from "zod";
import { type Failure, Misconfigured } from "../../core/base/errors.ts";
import { didYouMean } from "../../core/model/names.ts";
import type { GitHubScope } from "../../core/model/scope.ts";
import type { GitHubClient } from "../github/client.ts";
import { statusOf } from "../github/errors.ts";
import { PAGE_SIZE, pages } from "../github/pages.ts";

const Environments = z.object({
  total_count: z.int().optional(),
  environments: z.array(z.object({ name: z.string() })).optional(),
});

type Asked = {
  readonly client: () => Promise<GitHubClient>;
  readonly scope: GitHubScope;
  readonly parameters: Readonly<Record<string, string>>;
};

/**
 * The better failure for a 404 of a scope: its environment or organization does not exist, if GitHub says so
 * when asked for it. Else the one given. Costs one request for each hundred environments, and only after a failure.
 */
export async function explainMissing(asked: Asked, failure: Failure): Promise<Failure> {
  const { scope } = asked;
  try {
    if (scope.kind === "environment") return (await missingEnvironment(asked, scope)) ?? failure;
    if (scope.kind === "organization") return (await missingOrganization(asked, scope)) ?? failure;
  } catch {
    // The second request failed too, so the first answer stands.
  }
  return failure;
}

async function missingEnvironment(
  { client, parameters }: Asked,
  { environment, repository }: Extract<GitHubScope, { kind: "environment" }>,
): Promise<Misconfigured | null> {
  const names = await environmentNames(await client(), slug(parameters));
  if (names.some((name) => name.toLowerCase() === environment.toLowerCase())) return null;
  const meant = didYouMean(environment, names);
  const known = names.length === 0 ? "It has none." : `It has ${names.join(", ")}.`;
  return new Misconfigured(`${repository} has no environment ${JSON.stringify(environment)}`, {
    code: "environment-missing",
    hint: `${meant ?? known} Make it in the repository's settings, or correct the destination. The journalled value waits for it.`,
  });
}

async function environmentNames(
  client: GitHubClient,
  at: ReturnType<typeof slug>,
): Promise<string[]> {
  const found = await pages(async (page) => {
    const { data } = await client.request("GET /repos/{owner}/{repo}/environments", {
      ...at,
      per_page: PAGE_SIZE,
      page,
    });
    const { total_count: total = 0, environments: items = [] } = Environments.parse(data);
    return { total, items };
  });
  return found.map(({ name }) => name);
}

async function missingOrganization(
  { client, parameters }: Asked,
  { organization }: Extract<GitHubScope, { kind: "organization" }>,
): Promise<Misconfigured | null> {
  const status = await (await client())
    .request("GET /orgs/{org}", { org: parameters.org ?? "" })
    .then(({ status }) => status, statusOf);
  if (status !== 404) return null;
  return new Misconfigured(`there is no organization ${organization} that this token can see`, {
    code: "organization-missing",
    hint: "Check its login. A personal account has no organization secrets.",
  });
}

function slug({ owner = "", repo = "" }: Readonly<Record<string, string>>) {
  return { owner, repo };
}
