// The surroundings of a repository: its environments, and its organization's secrets as far as the token may see them.
import * as z from "zod";
import type { Surroundings } from "../../core/discovery/surroundings.ts";
import type { Scope, SecretApp } from "../../core/model/scope.ts";
import type { SecretInfo } from "../../core/ports/destination.ts";
import type { GitHubClient } from "./client.ts";
import { toFailure } from "./errors.ts";
import { PAGE_SIZE, pages } from "./pages.ts";
import { parseRepository } from "./repository.ts";

const Owner = z.object({ owner: z.object({ login: z.string(), type: z.string() }) });
const Environments = z.object({
  total_count: z.int(),
  environments: z.array(z.object({ name: z.string() })),
});
const Secrets = z.object({
  total_count: z.int(),
  secrets: z.array(z.object({ name: z.string(), created_at: z.string(), updated_at: z.string() })),
});

/** The kinds of organization secrets that GitHub shows to a repository, and the route of each. */
const SHARED = {
  actions: "GET /repos/{owner}/{repo}/actions/organization-secrets",
  agents: "GET /repos/{owner}/{repo}/agents/organization-secrets",
} as const;
const LISTED: readonly SecretApp[] = ["dependabot", "codespaces"];

type Part = Partial<Surroundings>;

/** Never throws for what the token may not see, which is listed in `refused`. Throws `Misconfigured` without a client. */
export async function surroundingsOf(
  client: () => Promise<GitHubClient>,
  repository: string,
): Promise<Surroundings> {
  const { owner, name: repo } = parseRepository(repository);
  const at = { owner, repo };
  const github = await client();
  const apps = ["actions", "dependabot", "codespaces", "agents"] as const;
  const parts = await Promise.all([
    { scopes: apps.map((kind): Scope => ({ kind, repository })) },
    part(
      `environment:${repository}`,
      "Actions: read",
      `list the environments of ${repository}`,
      async () => {
        const names = await pages(async (page) => {
          const { data } = await github.request("GET /repos/{owner}/{repo}/environments", {
            ...at,
            per_page: PAGE_SIZE,
            page,
          });
          const { total_count, environments } = Environments.parse(data);
          return { total: total_count, items: environments };
        });
        return {
          scopes: names.map(
            ({ name }): Scope => ({ kind: "environment", repository, environment: name }),
          ),
        };
      },
    ),
    part(
      `organization:${owner}`,
      "Metadata: read",
      `look up the owner of ${repository}`,
      async () => {
        const { data } = await github.request("GET /repos/{owner}/{repo}", at);
        const { login, type } = Owner.parse(data).owner;
        return type === "Organization" ? ofOrganization(github, { at, organization: login }) : {};
      },
    ),
  ]);
  return {
    scopes: parts.flatMap((one: Part) => one.scopes ?? []),
    shared: parts.flatMap((one: Part) => one.shared ?? []),
    refused: parts.flatMap((one: Part) => one.refused ?? []),
  };
}

async function ofOrganization(
  github: GitHubClient,
  {
    at,
    organization,
  }: {
    readonly at: { readonly owner: string; readonly repo: string };
    readonly organization: string;
  },
): Promise<Part> {
  const shared = await Promise.all(
    (["actions", "agents"] as const).map((app) => {
      const scope: Scope = { kind: "organization", organization, app };
      const what = `list the secrets of ${organization} that ${at.owner}/${at.repo} can see`;
      return part(
        `organization:${organization}${app === "actions" ? "" : `/${app}`}`,
        app === "actions" ? "Secrets: read" : "Agents secrets: read",
        what,
        async () => {
          const secrets = await pages(async (page) => {
            const { data } = await github.request(SHARED[app], {
              ...at,
              per_page: PAGE_SIZE,
              page,
            });
            const read = Secrets.parse(data);
            return { total: read.total_count, items: read.secrets };
          });
          return { shared: [{ scope, secrets: secrets.map(info) }] };
        },
      );
    }),
  );
  return {
    scopes: LISTED.map((app): Scope => ({ kind: "organization", organization, app })),
    shared: shared.flatMap((one) => one.shared ?? []),
    refused: shared.flatMap((one) => one.refused ?? []),
  };
}

async function part(
  scope: string,
  permission: string,
  doing: string,
  look: () => Promise<Part>,
): Promise<Part> {
  try {
    return await look();
  } catch (error) {
    return { refused: [{ scope, error: toFailure(error, doing, permission) }] };
  }
}

function info({
  name,
  created_at,
  updated_at,
}: z.infer<typeof Secrets>["secrets"][number]): SecretInfo {
  return { name, createdAt: created_at, updatedAt: updated_at };
}
