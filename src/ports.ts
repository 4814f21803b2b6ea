// The ports through which the core reaches the world. One flat file per adapter; compose.ts alone names adapters.
import type { TokenType } from "./schema.ts";
import type { Access } from "./scope.ts";
import type { Secret } from "./secret.ts";

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
  /** Tells whether a credential works now, without changing anything. */
  check(credential: Credential, signal: AbortSignal): Promise<CheckResult>;
  /** Ends one credential by its ref, and no other. Revoking what is already gone succeeds. */
  revoke(ref: string): Promise<void>;
  /** The refs of all credentials on the provider's side with exactly that label. */
  find(label: string): Promise<readonly string[]>;
};

/** A scope's public key for sealed boxes. */
export type PublicKey = {
  readonly keyId: string;
  /** 32 bytes, standard base64 with padding. */
  readonly key: string;
};

/** What can be known of a secret without its value. */
export type SecretInfo = {
  readonly name: string;
  readonly createdAt: string | null;
  readonly updatedAt: string | null;
};

/** A value sealed for one scope: only that scope can open it, and placing it again changes nothing. */
export type SealedBox = {
  readonly keyId: string;
  /** The public key itself, since ids do not tell keys apart; absent in a box that does not say it. */
  readonly key?: string;
  /** `crypto_box_seal`, standard base64 with padding. */
  readonly sealed: string;
};

/** A secret that is about to be placed. */
export type Newcomer = {
  readonly name: string;
  /** Whether the record does not hold it as placed there. */
  readonly isNew: boolean;
  /** Whether nothing else is made or placed with it: then its refusal by the destination leaves everything as it is. */
  readonly alone: boolean;
  readonly access: Access | null;
};

export type PutOptions = {
  /** Nothing is sent once it is aborted. */
  readonly signal?: AbortSignal | undefined;
  /** Who may read it, where an organization's secret declares that; else it stays as it is. */
  readonly access?: Access | undefined;
};

/** One scope in which secrets are kept: a repository's Actions secrets, an environment, the local vault. */
export type Destination = {
  /** The key to seal with. Fetched once and kept; a refusal is `Denied` and names the permission. */
  publicKey(): Promise<PublicKey>;
  /** By name: why a secret cannot be placed there, as far as that shows before anything is written. Throws as `list`. */
  admit(secrets: readonly Newcomer[]): Promise<ReadonlyMap<string, Error>>;
  /** Creates or replaces one secret. Idempotent for the same box. */
  put(secretName: string, box: SealedBox, options?: PutOptions): Promise<void>;
  /** Every secret in the scope, all pages. */
  list(): Promise<readonly SecretInfo[]>;
};

/** What a load gives: files as they stood at one version. */
export type Snapshot = {
  /** Opaque; for `save`'s compare-and-set. Null where nothing is there yet. */
  readonly version: string | null;
  /** Path to content; null where the file does not exist at that version. */
  readonly files: ReadonlyMap<string, string | null>;
  /** Who can read the store: decides whether sealed boxes may be journalled. `unknown` is treated as public. */
  readonly visibility: "public" | "private" | "unknown";
};

/** One compare-and-set. */
export type Change = {
  readonly expected: string | null;
  /** Path to its whole new content. */
  readonly files: ReadonlyMap<string, string>;
  /** First line: the commit's headline. Never a value. */
  readonly message: string;
};

/** `sha` is null where the store makes no commits (a folder outside git). */
export type Commit = { readonly sha: string | null; readonly url: string | null };

/** `conflict`: somebody else saved since `expected`; nothing was written. */
export type SaveResult =
  | ({ readonly kind: "saved"; readonly version: string } & Commit)
  | { readonly kind: "conflict" };

/** Where the record lives. Paths are relative to the repository's root, with forward slashes. */
export type Store = {
  /** Reads the files, all at one version: the newest, or the one given. */
  load(paths: readonly string[], version?: string): Promise<Snapshot>;
  /** Writes all the files in one commit, or nothing. */
  save(change: Change): Promise<SaveResult>;
};

/** Tells people and programs what a run did. Its failure never fails the run. */
export type Notifier = {
  notify(report: import("./report.ts").Report): Promise<void>;
};

/** A language model that explains and orders what the program suggests. It is told metadata only, and is never believed unchecked. */
export type Advisor = {
  /** Its answer as text. Throws `Unchanged` where there is none in time. */
  advise(question: import("./advice-question.ts").Question): Promise<string>;
};

/** What a person is asked to approve. Its lines are shown as text. */
export type ApprovalRequest = {
  readonly digest: string;
  readonly title: string;
  readonly lines: readonly string[];
  readonly askedBy: string;
};
/** Where a person can approve, and who did. */
export type Approval = { readonly url: string; readonly approvedBy: string | null };

/** Where people are asked. */
export type AskIn = "issue" | "pull_request";

/** Asks people to approve plans. A failure to ask is no approval. */
export type Approvals = {
  /** The open request for that plan; null where there is none. */
  find(digest: string): Promise<Approval | null>;
  /** Asks, once for each plan. */
  request(request: ApprovalRequest): Promise<Approval>;
  /** The plan was carried out. */
  close(digest: string): Promise<void>;
};
