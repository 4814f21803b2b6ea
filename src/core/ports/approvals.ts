// The port to the people who approve a plan.

/** A plan that waits for a person's approval. Its lines are shown as text. */
export type ApprovalRequest = {
  readonly digest: string;
  readonly title: string;
  readonly lines: readonly string[];
  readonly askedBy: string;
};

/** Where a person can approve, and who did. */
export type Approval = { readonly url: string; readonly approvedBy: string | null };

/** The place where people are asked. */
export type AskIn = "issue" | "pull_request";

/** Asks people to approve plans. A failure to ask is no approval. */
export type Approvals = {
  /** The open request for that plan; null if there is none. */
  find(digest: string): Promise<Approval | null>;
  /** Asks, once for each plan. */
  request(request: ApprovalRequest): Promise<Approval>;
  /** The plan was carried out. */
  close(digest: string): Promise<void>;
};
