// Callers of the HTTP API: keys, scopes and trusted workflows.

export const API_SCOPES = ["read", "generate", "rotate", "admin", "reveal"] as const;

/** What a key allows. None implies another. */
export type ApiScope = (typeof API_SCOPES)[number];

type Allowance = {
  /** The client, which the history names as the actor. It may have two live keys, so that one can be replaced without a gap. */
  readonly id: string;
  readonly scopes: ReadonlySet<ApiScope>;
  readonly expiresAt: Date | null;
  /** Whether the client is a program that decides by itself what to ask for. The record's `settings.agents` applies to it. */
  readonly agent?: boolean;
};

/**
 * One live key.
 *
 * Its digest is a plain SHA-256, neither salted nor slow. Salt and slowness defend words that people choose against an attacker
 * who can guess them. A key of at least 128 random bits cannot be guessed, however fast the guesses are tested
 * (NIST SP 800-63B-4, 3.1.2), and a slow hash would let a sender of wrong keys keep the service busy.
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

/** How the server identifies callers. `none`: it does not, because only programs on this machine can reach it. */
export type Access =
  | { readonly kind: "loopback"; readonly port: number }
  /** Set if the caller is a known agent: it came through the MCP endpoint, or it is a client of this process. */
  | { readonly kind: "admitted"; readonly caller: Caller }
  /** Read when they are needed, so that a route that needs none works even if they are malformed. Throws `Misconfigured`. */
  | {
      readonly kind: "keys";
      readonly keys: () => readonly ApiKey[];
      /** Null or left out: no workflow is let in. */
      readonly workflows?: () => WorkflowTrust | null;
      /** Fingerprints by which the live values of a token of the record are recognized. Needed if a key names a token. */
      readonly liveFingerprints?: (tokenName: string) => Promise<readonly string[]>;
    };

export type Caller = {
  readonly id: string;
  readonly scopes: ReadonlySet<ApiScope>;
  /** The workflow's run, if the caller is a workflow. */
  readonly runUrl?: string | null;
  readonly agent?: boolean;
};

/** Workflows that are let in. A claim that is null here is not checked. */
export type TrustedWorkflow = {
  /** The actor that the history names. */
  readonly id: string;
  /** Ids, since names can be given to others: https://docs.github.com/actions/reference/security/oidc */
  readonly repositoryId: string;
  readonly repositoryOwnerId: string;
  /** As `refs/heads/main`. */
  readonly ref: string | null;
  readonly environment: string | null;
  readonly scopes: ReadonlySet<ApiScope>;
};

/** The issuer whose tokens are trusted, and the audience that they must name. */
export type WorkflowTrust = {
  readonly issuer: string;
  readonly audience: string;
  readonly jwksUrl: string;
  readonly callers: readonly TrustedWorkflow[];
};
