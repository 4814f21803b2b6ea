// The ports through which the core reaches the world. One flat file per adapter; compose.ts alone names adapters.

import type { Secret } from "../base/secret.ts";
import type { TokenType } from "../model/schema.ts";

/** What an issuer hands over. */
export type Credential = {
  /** Named fields: most have one, `value`. */
  readonly fields: Readonly<Record<string, Secret>>;
  /** Not secret: by which the issuer can check or revoke it. Null where there is nothing to check or revoke. */
  readonly ref: string | null;
  /** Shannon entropy in bits where the program drew it at random; null where it cannot know. */
  readonly entropyBits: number | null;
  /** ISO 8601, where the issuer knows when it stops working. */
  readonly expiresAt: string | null;
  /** How long the service may take until it accepts the credential, in milliseconds; 0: it works at once. */
  readonly settlesWithinMs: number;
  /** What a person should know about it. Never a value. */
  readonly warnings: readonly string[];
};

/** What a credential is made from: the declaration with its defaults applied. */
export type IssueRequest = {
  readonly tokenName: string;
  /** Deterministic and visible on the provider's side, `<repo>/<token>/g<generation>`, so that an orphan can be found. */
  readonly label: string;
  readonly type: TokenType;
  readonly length: number | null;
  readonly prefix: string | null;
  readonly includeSpecial: boolean | null;
  /** The ref of the credential in place: never touched. Null where the record knows of none. */
  readonly current: string | null;
  /** The refs of earlier ones that are not revoked yet. */
  readonly retiring: readonly string[];
  /** Aborted when the run may no longer wait: what is under way then has an unknown outcome. */
  readonly signal: AbortSignal;
};

/** Whether a credential works; `unknown` is its own answer, never "works". */
export type CheckResult = {
  readonly verdict: "works" | "refused" | "unknown";
  readonly detail: string | null;
};

/** Makes, checks and revokes credentials. */
export type Issuer = {
  /** Makes a new credential, which has the label on the provider's side. Throws `Unchanged`, `Uncertain`, `Denied` or `Misconfigured`. */
  issue(request: IssueRequest): Promise<Credential>;
  /** Checks whether a credential works now, without changing anything. */
  check(credential: Credential, signal: AbortSignal): Promise<CheckResult>;
  /** Ends one credential by its ref, and no other. Revoking what is already gone succeeds. */
  revoke(ref: string): Promise<void>;
  /** The refs of all credentials on the provider's side with exactly that label. */
  find(label: string): Promise<readonly string[]>;
};
