// The ports to the people who hear of runs.
import type { Report } from "./report.ts";

/** Reports a run to people and programs. Its failure never fails the run. */
export type Notifier = {
  notify(report: Report): Promise<void>;
};

export type RemindBy = "issue" | "notification";

/** One way of reminding. */
export type Reminders = {
  /** Reminds of a token. A second call for the same token updates the one reminder. */
  open(reminder: Reminder): Promise<void>;
  /** The value was handed in, or is no longer asked for. */
  close(tokenName: string): Promise<void>;
};

/** A value that a person is asked for, as reminders show it. */
export type Reminder = {
  readonly token_name: string;
  /** The generation that is to be replaced; 0 if none was recorded. */
  readonly generation: number;
  readonly owner: string | null;
  readonly steps: readonly string[];
  readonly url: string | null;
  readonly due_at: string;
  readonly overdue: boolean;
  readonly why: string;
};
