// The place of a record, and what opens it.
import type { Secret } from "../core/base/secret.ts";

/** How to reach GitHub. URLs as in GITHUB_API_URL and GITHUB_GRAPHQL_URL. */
export type GitHubAccess = {
  readonly token: Secret;
  readonly apiUrl: string;
  readonly graphqlUrl: string | null;
  /** In place of the global one, if requests must go through a proxy. */
  readonly fetch?: typeof fetch;
};

/** The place of the record, and what its adapters need. */
export type RecordLocation =
  | {
      readonly kind: "github";
      /** owner/name */
      readonly repository: string;
      /** Null means the default branch. */
      readonly branch: string | null;
      readonly access: GitHubAccess;
    }
  | {
      readonly kind: "local";
      /** The folder that paths start from. */
      readonly directory: string;
      /** For destinations on GitHub. Null means that they are refused when they are needed. */
      readonly access: GitHubAccess | null;
      /** The vault's key. Null means the key file beside the vault. */
      readonly vaultKey: Secret | null;
    };
