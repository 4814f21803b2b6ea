// Who asks and what they may: tokens, their permissions, and GitHub's refusals for them.
import { notFound, refusal } from "./replies.ts";

export type Access = "read" | "write";
/** By GitHub's names for an App's permissions; it has published none for the secrets of agents yet. */
const SECRETS_PERMISSIONS = [
  "secrets",
  "dependabot_secrets",
  "codespaces_secrets",
  "agents_secrets",
  "organization_secrets",
  "organization_dependabot_secrets",
  "organization_codespaces_secrets",
  "organization_agents_secrets",
] as const;
export const PERMISSIONS = [
  "contents",
  "metadata",
  "issues",
  "pull_requests",
  "actions",
  "environments",
  "administration",
  "actions_variables",
  ...SECRETS_PERMISSIONS,
] as const;
export type Permission = (typeof PERMISSIONS)[number];

/** An App as it is installed on one account. */
export type Installation = {
  readonly id: number;
  /** The account that it is installed on. */
  readonly account: string;
  /** Full names that it reaches. */
  readonly repositories: readonly string[];
  readonly permissions: Readonly<Partial<Record<Permission, Access>>>;
};

/** An App that the server knows. */
export type AppSetup = {
  readonly id: number;
  readonly clientId: string;
  /** PEM (SubjectPublicKeyInfo). */
  readonly publicKey: string;
  readonly installations: readonly Installation[];
};

/**
 * One token the server knows.
 * - `github_token`: a job's GITHUB_TOKEN, which never has the secrets permission whatever is asked for;
 * - `app`: an App's installation token; `pat`: a fine-grained personal access token.
 */
export type TokenSetup = {
  readonly token: string;
  /** (default: `app`) */
  readonly kind?: "github_token" | "app" | "pat";
  readonly login?: string;
  /** (default: write for everything) Metadata: read goes with every token. */
  readonly permissions?: Readonly<Partial<Record<Permission, Access>>>;
  /** Full names (default: every repository) */
  readonly repositories?: readonly string[];
  /** Sent as `github-authentication-token-expiration`; past it the token is refused. */
  readonly expiresAt?: Date;
};

export type Token = Required<Omit<TokenSetup, "repositories" | "expiresAt">> & {
  readonly repositories: readonly string[] | null;
  readonly expiresAt: Date | null;
  /** Whose JSON web token it is; null for every token that reaches repositories. */
  readonly app: AppSession | null;
};

/** An App that asks for installation tokens. `keep` remembers one, and returns how many the server knows. */
export type AppSession = {
  readonly setup: AppSetup;
  readonly keep: (token: Token | null) => number;
};

/** What every server accepts unless told otherwise: an App's token with contents and secrets: write. In parts, so that no scanner takes it for a live one. */
export const DEFAULT_TOKEN = `ghs_${"T".repeat(36)}`;

const LOGINS = {
  github_token: "github-actions[bot]",
  app: "token-automation[bot]",
  pat: "octocat",
} as const;

const everySecret = Object.fromEntries(SECRETS_PERMISSIONS.map((name) => [name, "write" as const]));
const EVERYTHING: NonNullable<TokenSetup["permissions"]> = {
  contents: "write",
  issues: "write",
  pull_requests: "write",
  actions: "write",
  environments: "write",
  administration: "write",
  actions_variables: "write",
  ...everySecret,
};
/** What a workflow's GITHUB_TOKEN can have under no circumstances. */
const NEVER_A_JOBS: ReadonlySet<string> = new Set([
  "environments",
  "administration",
  "actions_variables",
  ...SECRETS_PERMISSIONS,
]);

/** Fills in what a setup leaves out. */
export function createToken(setup: TokenSetup): Token {
  const kind = setup.kind ?? "app";
  const asked = setup.permissions ?? EVERYTHING;
  const rest = Object.fromEntries(
    Object.entries(asked).filter(([name]) => !NEVER_A_JOBS.has(name)),
  );
  return {
    token: setup.token,
    kind,
    login: setup.login ?? LOGINS[kind],
    permissions: { metadata: "read", ...(kind === "github_token" ? rest : asked) },
    repositories: setup.repositories?.map((name) => name.toLowerCase()) ?? null,
    expiresAt: setup.expiresAt ?? null,
    app: null,
  };
}

/** Whether the token was given this repository. */
export function reaches(token: Token, fullName: string): boolean {
  return token.repositories === null || token.repositories.includes(fullName.toLowerCase());
}

/** Whether the token may do this to that repository. What is public can be read by everyone, its secrets' names apart. */
export function allows(
  token: Token,
  repository: { fullName: string; visibility: string },
  permission: Permission,
  access: Access,
): boolean {
  if (access === "read" && !NEVER_A_JOBS.has(permission) && repository.visibility === "public")
    return true;
  return reaches(token, repository.fullName) && holds(token, permission, access);
}

function holds({ permissions }: Token, permission: Permission, access: Access): boolean {
  const held = permissions[permission];
  return held === "write" || (held === "read" && access === "read");
}

/** Throws 404 where the caller is not installed in the organization, 403 where only the permission is missing. */
export function authorizeOrganization(
  token: Token,
  login: string,
  permission: Permission,
  access: Access,
): void {
  const isInstalled =
    token.repositories === null ||
    token.repositories.some((name) => name.startsWith(`${login.toLowerCase()}/`));
  if (!isInstalled) throw notFound();
  if (!holds(token, permission, access))
    throw refusal(403, notAccessible(token), accepts([permission], access));
}

function accepts(permissions: readonly Permission[], access: Access): Record<string, string> {
  return {
    "x-accepted-github-permissions": permissions
      .map((permission) => `${permission}=${access}`)
      .join(","),
  };
}

/** GitHub's words for a missing permission. */
export function notAccessible(token: Token): string {
  return token.kind === "pat"
    ? "Resource not accessible by personal access token"
    : "Resource not accessible by integration";
}

/** Throws 404 where the caller may not even see the repository, 403 where only a permission is missing. */
export function authorize(
  token: Token,
  repository: { fullName: string; visibility: string },
  permissions: readonly Permission[],
  access: Access,
): void {
  if (repository.visibility !== "public" && !reaches(token, repository.fullName)) throw notFound();
  if (permissions.every((permission) => allows(token, repository, permission, access))) return;
  throw refusal(403, notAccessible(token), accepts(permissions, access));
}
