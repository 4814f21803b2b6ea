// The port to the places where consumers read secrets.
import type { OrganizationAccess } from "../model/scope.ts";

/** A scope's public key for sealed boxes. */
export type PublicKey = {
  readonly keyId: string;
  /** 32 bytes, standard base64 with padding. */
  readonly key: string;
};

/** A secret's listing, without its value. */
export type SecretInfo = {
  readonly name: string;
  readonly createdAt: string | null;
  readonly updatedAt: string | null;
};

/** A value sealed for one scope: only that scope can open it, and placing it again changes nothing. */
export type SealedBox = {
  readonly keyId: string;
  /** The public key itself, since two keys may have one id; absent in a box that does not name it. */
  readonly key?: string;
  /** `crypto_box_seal`, standard base64 with padding. */
  readonly sealed: string;
};

/** A secret that is about to be placed. */
export type Newcomer = {
  readonly name: string;
  /** True if the record does not hold it as placed there. */
  readonly isNew: boolean;
  /** True if nothing else is made or placed with it. The destination's refusal then leaves everything as it is. */
  readonly alone: boolean;
  readonly access: OrganizationAccess | null;
};

export type PutOptions = {
  /** Nothing is sent once it is aborted. */
  readonly signal?: AbortSignal | undefined;
  /** Who may read it, if an organization's secret declares that. Otherwise it stays as it is. */
  readonly access?: OrganizationAccess | undefined;
};

/** One scope in which secrets are kept: a repository's Actions secrets, an environment, the local vault. */
export type Destination = {
  /** The key to seal with. Fetched once and kept; a refusal is `Denied` and names the permission. */
  publicKey(): Promise<PublicKey>;
  /** Secret name to why it cannot be placed there, as far as that shows before anything is written. Throws as `list`. */
  admit(secrets: readonly Newcomer[]): Promise<ReadonlyMap<string, Error>>;
  /** Creates or replaces one secret. Idempotent for the same box. */
  put(secretName: string, box: SealedBox, options?: PutOptions): Promise<void>;
  /** Every secret in the scope, all pages. */
  list(): Promise<readonly SecretInfo[]>;
};
