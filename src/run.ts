// What the phases of one run share.
import type { RunRequest } from "./app.ts";
import type { Observed } from "./observe.ts";
import type { Collaborators } from "./prepare.ts";
import type { RecordSource } from "./record.ts";
import type { RemindBy, Reminders } from "./remind.ts";
import type { TokenConfig, TokenState } from "./schema.ts";
import type { Selection } from "./select.ts";

export type RunOptions = Collaborators & {
  readonly source: RecordSource;
  readonly clock: () => Date;
  readonly runId: string;
  /** How people are reminded of values that they make. Throws `Misconfigured` where that way is not set up. */
  readonly reminders: (by: RemindBy) => Promise<Reminders>;
};

export type Run = {
  readonly request: RunRequest;
  readonly options: RunOptions;
  readonly startedAt: Date;
  readonly selection: Selection;
  /** What this process sees of the declared secrets; only what tells something. */
  readonly observed: readonly Observed[];
};

/** The config with those tokens' states in place of what it had of them. */
export function withStates(
  config: TokenConfig,
  states: Readonly<Record<string, TokenState>>,
): TokenConfig {
  return { ...config, state: { ...config.state, tokens: { ...config.state?.tokens, ...states } } };
}

/** A commit's headline: few names fit, and `[skip ci]` because a record changes nothing that CI tests. */
export function headline(verb: string, names: readonly string[]): string {
  const what = names.length <= 3 ? names.join(", ") : `${names.length} tokens`;
  return `token-automation: ${verb} ${what} [skip ci]`;
}
