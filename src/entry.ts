// An entry of the history for what a person changed, rather than a run.
import { appendHistory } from "./history.ts";
import { withMark } from "./idempotency.ts";
import type { RequestMark, TokenConfig, TriggeredBy } from "./schema.ts";

export type Entry = {
  readonly event: string;
  readonly name: string | null;
  readonly triggeredBy: TriggeredBy;
  readonly mark?: RequestMark | null | undefined;
  readonly now: Date;
  readonly id: string;
};

/** The config with the entry at the end of its history. */
export function withEntry(
  config: TokenConfig,
  { event, name, triggeredBy, mark, now, id }: Entry,
): TokenConfig {
  const draft = {
    id: `${id}/${name ?? triggeredBy.workflow_name ?? ""}/${event}`,
    at: now.toISOString(),
    event,
    token_name: name,
    generation: null,
    previous_hash: null,
    new_hash: null,
    triggered_by: triggeredBy,
    ...withMark([], mark),
  };
  return { ...config, history: appendHistory(config.history ?? [], [draft]) };
}
