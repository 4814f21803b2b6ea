// The port to the services that issue credentials.

import type { Secret } from "../base/secret.ts";
import type { TokenType } from "../model/schema.ts";

/** A credential as an issuer returns it. */
export type Credential = {
  /** Named fields: most have one, `value`. */
  readonly fields: Readonly<Record<string, Secret>>;
  /** Not secret. The issuer checks or revokes the credential by it. Null if there is nothing to check or revoke. */
  readonly ref: string | null;
  /** Shannon entropy in bits if this program drew the value at random; null if the entropy is not known. */
  readonly entropyBits: number | null;
  /** When it stops working, in ISO 8601, if the issuer knows. */
  readonly expiresAt: string | null;
  /** How long the service may take until it accepts the credential, in milliseconds. 0: it works at once. */
  readonly settlesWithinMs: number;
  /** A note for a person. Never a value. */
  readonly warnings: readonly string[];
};

/** The declaration that a credential is made from, with its defaults applied. */
export type IssueRequest = {
  readonly tokenName: string;
  /** Deterministic and visible on the provider's side, `<repo>/<token>/g<generation>`, so that an orphan can be found. */
  readonly label: string;
  readonly type: TokenType;
  readonly length: number | null;
  readonly prefix: string | null;
  readonly includeSpecial: boolean | null;
  /** The ref of the credential in place, which is never touched. Null if the record knows of none. */
  readonly current: string | null;
  /** The refs of earlier ones that are not revoked yet. */
  readonly retiring: readonly string[];
  /** Aborted when the run may no longer wait. A request under way then has an unknown outcome. */
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
  /** Ends one credential by its ref, and no other. Revoking a credential that is already gone succeeds. */
  revoke(ref: string): Promise<void>;
  /** The refs of all credentials on the provider's side with exactly that label. */
  find(label: string): Promise<readonly string[]>;
};
