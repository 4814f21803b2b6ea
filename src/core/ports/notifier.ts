// The ports to the people who hear of runs.
import type { Report } from "./report.ts";

/** Reports to people and programs what a run did. Its failure never fails the run. */
export type Notifier = {
  notify(report: Report): Promise<void>;
};

export type RemindBy = "issue" | "notification";

/** One way of reminding. */
export type Reminders = {
  /** Told again of the same token, it keeps one reminder up to date. */
  open(reminder: Reminder): Promise<void>;
  /** The value was handed in, or is no longer asked for. */
  close(tokenName: string): Promise<void>;
};

/** What a person is asked for, as reminders tell it. */
export type Reminder = {
  readonly token_name: string;
  /** The generation that is to be replaced; 0 where none was recorded. */
  readonly generation: number;
  readonly owner: string | null;
  readonly steps: readonly string[];
  readonly url: string | null;
  readonly due_at: string;
  readonly overdue: boolean;
  readonly why: string;
};
