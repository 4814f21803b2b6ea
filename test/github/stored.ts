// The parts of a repository of the tests' GitHub beside its files: runs, issues, deploy keys.

/** A run as tests see and change it: they are the runner. */
export type StoredRun = {
  readonly id: number;
  readonly workflow: string;
  readonly title: string;
  readonly inputs: Readonly<Record<string, string>>;
  readonly url: string;
  readonly createdAt: string;
  status: "queued" | "in_progress" | "completed";
  conclusion: string | null;
};

export type ActionsState = {
  readonly runs: StoredRun[];
  /** Whether the server answers a dispatch with the run, as GitHub has since 2026 and older Enterprise servers have not. */
  tellsRun: boolean;
};

/** A comment on an issue. */
type StoredComment = {
  readonly login: string;
  readonly type: "User" | "Bot";
  readonly body: string;
  readonly edited?: true;
};

/** An issue as tests compare it. */
export type StoredIssue = {
  readonly number: number;
  title: string;
  body: string;
  state: string;
  readonly labels: readonly string[];
  readonly author: string;
  edited: boolean;
  readonly comments: StoredComment[];
  /** Of a pull request, which is an issue too. */
  readonly pull?: { readonly head: string; readonly reviews: StoredReview[] };
};

/** A review of a pull request, the newest last. */
type StoredReview = {
  readonly login: string;
  readonly type: "User" | "Bot";
  readonly state: "APPROVED" | "CHANGES_REQUESTED" | "COMMENTED" | "DISMISSED";
};

/** A deploy key as tests compare it. `key` is its type and its bytes, as GitHub keeps it: without the comment. */
export type StoredKey = {
  readonly id: number;
  readonly title: string;
  readonly key: string;
  readonly readOnly: boolean;
  readonly at: Date;
};
