// The differences between the scopes of GitHub's secrets: the route, the words, the permission, the limit.
import type { paths } from "@octokit/openapi-types";
import { Misconfigured } from "../../core/base/errors.ts";
import type { GitHubScope, SecretApp } from "../../core/model/scope.ts";
import { parseRepository } from "../github/repository.ts";

/** The route of a scope's list. `/public-key` and `/{secret_name}` below it are the others. */
type SecretsRoute = Extract<keyof paths, `/${"repos" | "orgs"}/${string}/secrets`>;

export type ScopeFacts = {
  /** A `SecretsRoute`. It is a string, since Octokit's types know no request to one of several routes. */
  readonly route: string;
  /** The values for the route's braces. */
  readonly parameters: Readonly<Record<string, string>>;
  /** As in "list …": `the Dependabot secrets of acme/widgets`. */
  readonly secrets: string;
  /** The permission that the token needs for each action, in the words of GitHub's settings. */
  readonly needs: (access: "read" | "write") => string;
  /** The most secrets that it holds. */
  readonly limit: number;
};

// docs.github.com, "Limits for secrets"; codespaces: "Managing development environment secrets".
const MAX_OF_REPOSITORY = 100;
const MAX_OF_ENVIRONMENT = 100;
const MAX_OF_ORGANIZATION = 1000;
const MAX_OF_ORGANIZATION_CODESPACES = 100;

/** An organization's login: part of a URL. */
const LOGIN = /^[A-Za-z0-9_-]{1,100}$/;

type AppFacts = {
  readonly repository: SecretsRoute;
  readonly organization: SecretsRoute;
  readonly called: string;
  readonly permission: string;
};

const APPS: Readonly<Record<SecretApp, AppFacts>> = {
  actions: {
    repository: "/repos/{owner}/{repo}/actions/secrets",
    organization: "/orgs/{org}/actions/secrets",
    called: "secrets",
    permission: "Secrets",
  },
  dependabot: {
    repository: "/repos/{owner}/{repo}/dependabot/secrets",
    organization: "/orgs/{org}/dependabot/secrets",
    called: "Dependabot secrets",
    permission: "Dependabot secrets",
  },
  codespaces: {
    repository: "/repos/{owner}/{repo}/codespaces/secrets",
    organization: "/orgs/{org}/codespaces/secrets",
    called: "Codespaces secrets",
    permission: "Codespaces secrets",
  },
  agents: {
    repository: "/repos/{owner}/{repo}/agents/secrets",
    organization: "/orgs/{org}/agents/secrets",
    called: "agent secrets",
    permission: "Agents secrets",
  },
};

const permissionFor = (permission: string) => (access: string) => `${permission}: ${access}`;

/** @throws `Misconfigured` for an invalid name of a repository or organization, since both become parts of a URL. */
export function factsOf(scope: GitHubScope): ScopeFacts {
  if (scope.kind === "organization") return ofOrganization(scope.organization, scope.app);
  const { owner, name: repo } = parseRepository(scope.repository);
  if (scope.kind === "environment") {
    return {
      route: "/repos/{owner}/{repo}/environments/{environment_name}/secrets",
      parameters: { owner, repo, environment_name: scope.environment },
      secrets: `the secrets of the environment ${scope.environment} of ${owner}/${repo}`,
      // GitHub lists them under both.
      needs: (access) => `Secrets: ${access} and Environments: ${access}`,
      limit: MAX_OF_ENVIRONMENT,
    };
  }
  const { repository: route, called, permission } = APPS[scope.kind];
  return {
    route,
    parameters: { owner, repo },
    secrets: `the ${called} of ${owner}/${repo}`,
    needs: permissionFor(permission),
    limit: MAX_OF_REPOSITORY,
  };
}

function ofOrganization(org: string, app: SecretApp): ScopeFacts {
  if (!LOGIN.test(org)) {
    throw new Misconfigured(
      `${JSON.stringify(org.slice(0, 200))} is not the login of an organization`,
      {
        code: "organization-malformed",
        hint: "Write it as in the organization's address, github.com/LOGIN.",
      },
    );
  }
  const { organization: route, called, permission } = APPS[app];
  return {
    route,
    parameters: { org },
    secrets: `the ${called} of the organization ${org}`,
    needs: permissionFor(`Organization ${permission}`),
    limit: app === "codespaces" ? MAX_OF_ORGANIZATION_CODESPACES : MAX_OF_ORGANIZATION,
  };
}
