// Callers of the HTTP API: keys, scopes and trusted workflows.

export const API_SCOPES = ["read", "generate", "rotate", "admin", "reveal"] as const;

/** What a key allows. None implies another. */
export type ApiScope = (typeof API_SCOPES)[number];

type Allowance = {
  /** The client: stands in the history as the actor. It may have two live keys, so that one can be replaced without a gap. */
  readonly id: string;
  readonly scopes: ReadonlySet<ApiScope>;
  readonly expiresAt: Date | null;
  /** Whether the client is a program that decides by itself what to ask for: the record's `settings.agents` holds for it. */
  readonly agent?: boolean;
};

/**
 * One live key.
 *
 * Its digest is a plain SHA-256, neither salted nor slow: those defend words that people choose, against whoever can guess
 * them. A key of at least 128 random bits cannot be guessed, however fast the guesses are tested (NIST SP 800-63B-4, 3.1.2),
 * and a slow hash would let whoever sends wrong keys keep the service busy.
 */
export type ApiKey = Allowance &
  (
    | {
        /** SHA-256 of the key: 32 bytes. */
        readonly digest: Uint8Array;
      }
    /** The key is the value of this token of the record, so that rotating the token rotates the key. */
    | { readonly token: string }
  );

/** How callers are told apart: by what they carry; or not at all, where nobody but this machine's own programs can reach the server. */
export type Access =
  | { readonly kind: "loopback"; readonly port: number }
  /** An agent of whom it is known already: it came through the MCP endpoint, or it is a client of this very process. */
  | { readonly kind: "admitted"; readonly caller: Caller }
  /** Read when they are needed, so that what needs none works though they are malformed: throws `Misconfigured`. */
  | {
      readonly kind: "keys";
      readonly keys: () => readonly ApiKey[];
      /** Null or left out: no workflow is let in. */
      readonly workflows?: () => WorkflowTrust | null;
      /** What the live values of a token of the record are recognized by; needed where a key names a token. */
      readonly liveFingerprints?: (tokenName: string) => Promise<readonly string[]>;
    };

export type Caller = {
  readonly id: string;
  readonly scopes: ReadonlySet<ApiScope>;
  /** The workflow's run, where a workflow calls. */
  readonly runUrl?: string | null;
  readonly agent?: boolean;
};

/** Workflows that are let in. What is null is not asked of them. */
export type TrustedWorkflow = {
  /** Stands in the history as the actor. */
  readonly id: string;
  /** Ids, since names can be given to others: https://docs.github.com/actions/reference/security/oidc */
  readonly repositoryId: string;
  readonly repositoryOwnerId: string;
  /** As `refs/heads/main`. */
  readonly ref: string | null;
  readonly environment: string | null;
  readonly scopes: ReadonlySet<ApiScope>;
};

/** Whose tokens are believed, and for what they must have been asked. */
export type WorkflowTrust = {
  readonly issuer: string;
  readonly audience: string;
  readonly jwksUrl: string;
  readonly callers: readonly TrustedWorkflow[];
};
