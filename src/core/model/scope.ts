// Scopes of secrets: each has a key and secrets of its own, and an id.
import type { DestinationDeclaration } from "./schema.ts";

/** The apps that read secrets on GitHub: each keeps its own secrets under its own keys. */
export type SecretApp = "actions" | "dependabot" | "codespaces" | "agents";

/** Where the record lives: it decides the default destination and the default repository. */
export type Home =
  | { readonly kind: "github"; readonly repository: string }
  /** `repository` is the one that its `origin` remote names, if it has one. */
  | { readonly kind: "local"; readonly repository: string | null };

/** One scope of secrets on GitHub. */
export type GitHubScope =
  | { readonly kind: SecretApp; readonly repository: string }
  | { readonly kind: "environment"; readonly repository: string; readonly environment: string }
  | { readonly kind: "organization"; readonly organization: string; readonly app: SecretApp };

export type FileFormat = "files" | "dotenv" | "json";
/** Files on this machine: a folder with one file per secret, or one file with all of them. */
export type FileScope = {
  readonly kind: "file";
  readonly path: string;
  readonly format: FileFormat;
};

/** One scope with a key and secrets of its own. */
export type Scope = GitHubScope | FileScope | { readonly kind: "vault" };

/** Which repositories may read an organization's secret, if the declaration says it. */
export type OrganizationAccess = {
  readonly visibility: "all" | "private" | "selected";
  /** Names of the organization's repositories, for `selected`; without the owner. */
  readonly repositories: readonly string[];
};

/** The id of a scope, as it stands in the record, in reports and in key caches. */
export function scopeId(scope: Scope): string {
  switch (scope.kind) {
    case "vault":
      return "vault:local";
    case "file":
      return `file:${scope.path}`;
    case "environment":
      return `environment:${scope.repository}/${scope.environment}`;
    case "organization":
      return `organization:${scope.organization}${scope.app === "actions" ? "" : `/${scope.app}`}`;
    default:
      return `${scope.kind}:${scope.repository}`;
  }
}

/** The scope that a destination means; null if its repository is not known. */
export function scopeOf(destination: DestinationDeclaration, home: Home): Scope | null {
  switch (destination.to) {
    case "vault":
      return { kind: "vault" };
    case "file":
      return { kind: "file", path: destination.path, format: destination.format ?? "files" };
    case "organization":
      return {
        kind: "organization",
        organization: destination.organization,
        app: destination.app ?? "actions",
      };
  }
  const repository = destination.repository ?? home.repository;
  if (repository === null) return null;
  return destination.to === "environment"
    ? { kind: "environment", repository, environment: destination.environment }
    : { kind: destination.to, repository };
}

/** The declared readers; null if the readers on GitHub stay as they are. */
export function accessOf(destination: DestinationDeclaration): OrganizationAccess | null {
  if (destination.to !== "organization") return null;
  const { visibility, repositories } = destination;
  if (visibility === undefined && repositories === undefined) return null;
  return { visibility: visibility ?? "selected", repositories: repositories ?? [] };
}

/** The same for two spellings of one path that differ in slashes alone: `run/secrets/` is `run/secrets`. */
export function plainPath(path: string): string {
  return path.replace(/\/+/g, "/").replace(/(?<=.)\/$/, "");
}

const ON_GITHUB: readonly Scope["kind"][] = [
  "actions",
  "environment",
  "organization",
  "dependabot",
  "codespaces",
  "agents",
];

/** Whether GitHub keeps the scope: GitHub has rules for names, and changes their letters to capitals. */
export function isOnGitHub(scope: Scope): scope is GitHubScope {
  return ON_GITHUB.includes(scope.kind);
}

/** Whether the scope is elsewhere, as on this machine: names keep their capitals there, and GitHub's rules do not hold. */
export function isLocal({ kind }: { readonly kind: Scope["kind"] }): boolean {
  return !ON_GITHUB.includes(kind);
}

/**
 * Whether a job or process beside the record can have the secret in its environment. What Dependabot, codespaces,
 * agents, other repositories and files hold is never there, so a variable of that name says nothing about them.
 */
export function isSeenBeside(scope: Scope, home: Home): boolean {
  switch (scope.kind) {
    case "vault":
      return true;
    case "organization":
      return scope.app === "actions" && isSame(home.repository?.split("/")[0], scope.organization);
    case "actions":
    case "environment":
      return isSame(home.repository, scope.repository);
    default:
      return false;
  }
}

/** GitHub ignores capitals in these names. If the home is not known, any name may be it. */
function isSame(known: string | null | undefined, name: string): boolean {
  return known === null || known === undefined || known.toLowerCase() === name.toLowerCase();
}
