// Puts the parts together: the only file that names adapters.
import type { App } from "./app.ts";
import type { Secret } from "./secret.ts";

/** How to reach GitHub. URLs as in GITHUB_API_URL, GITHUB_GRAPHQL_URL. */
export type GitHubAccess = {
  readonly token: Secret;
  readonly apiUrl: string;
  readonly graphqlUrl: string | null;
};

/** Where the record lives, and what its adapters need. */
export type Place =
  | { readonly kind: "github"; readonly repository: string; /** null: the default branch */ readonly branch: string | null; readonly access: GitHubAccess }
  | {
      readonly kind: "local";
      /** The folder that paths start from. */
      readonly directory: string;
      /** For destinations on GitHub; null: they are refused when they are needed. */
      readonly access: GitHubAccess | null;
      /** The vault's key; null: the key file beside the vault. */
      readonly vaultKey: Secret | null;
    };

export type ComposeOptions = {
  readonly place: Place;
  /** Relative to the repository's root (GitHub) or the directory (local), forward slashes. */
  readonly configPath: string;
  /** Turns fingerprints into HMACs; null: none. */
  readonly fingerprintKey: Secret | null;
  /** `empty`: a record that does not exist yet is an empty one, and is written by the first change. */
  readonly whenMissing: "empty" | "error";
  readonly clock?: () => Date;
};

/** Builds the app. Loads no adapter before it is needed. */
export declare function compose(options: ComposeOptions): Promise<App>;
