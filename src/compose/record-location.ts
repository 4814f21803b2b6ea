// Where a record lives, and what opens it.
import type { Secret } from "../core/base/secret.ts";

/** How to reach GitHub. URLs as in GITHUB_API_URL and GITHUB_GRAPHQL_URL. */
export type GitHubAccess = {
  readonly token: Secret;
  readonly apiUrl: string;
  readonly graphqlUrl: string | null;
  /** In place of the global one, where requests must go through a proxy. */
  readonly fetch?: typeof fetch;
};

/** Where the record lives, and what its adapters need. */
export type RecordLocation =
  | {
      readonly kind: "github";
      /** owner/name */
      readonly repository: string;
      /** null: the default branch */
      readonly branch: string | null;
      readonly access: GitHubAccess;
    }
  | {
      readonly kind: "local";
      /** The folder that paths start from. */
      readonly directory: string;
      /** For destinations on GitHub; null: they are refused when they are needed. */
      readonly access: GitHubAccess | null;
      /** The vault's key; null: the key file beside the vault. */
      readonly vaultKey: Secret | null;
    };
