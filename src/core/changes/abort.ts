// Giving up what is pending for one token, for a person.

import { Unchanged } from "../base/errors.ts";
import { toInstant } from "../base/instant.ts";
import { requireDeclared } from "../config/edit.ts";
import type { TokenState, TriggeredBy } from "../model/schema.ts";
import { liveGeneration, tokenState } from "../model/token.ts";
import type { Commit } from "../ports/store.ts";
import {
  entryOf,
  headline,
  loadRecord,
  type RecordSource,
  reviseRecord,
  withStates,
} from "../record/record.ts";
import { leaseEnd } from "../rotation/lease.ts";
import { next, requirePending } from "../rotation/state.ts";

export type AbortOptions = {
  readonly source: RecordSource;
  readonly clock: () => Date;
};

/** What it has in use stays. Throws `Misconfigured` (`nothing-pending`) and `Unchanged` (`in-progress`). */
export async function abort(
  name: string,
  { triggeredBy, options }: { triggeredBy: TriggeredBy; options: AbortOptions },
): Promise<AbortResult> {
  const now = options.clock();
  let given: Omit<AbortResult, "commit"> = { token_name: name, generation: 0, placed: [] };
  const loaded = await loadRecord(options.source);
  const { commit } = await reviseRecord(options.source, loaded, (fresh) => {
    requireDeclared(fresh, [name]);
    requirePending(fresh, [name]);
    const before = tokenState(fresh, name);
    requireIdle(name, before, now);
    const generation = before.pending?.generation ?? liveGeneration(before);
    const placed = Object.entries(before.pending?.destinations ?? {}).filter(
      ([, { status }]) => status === "placed",
    );
    given = { token_name: name, generation, placed: placed.map(([destination]) => destination) };
    const state = next(before, { type: "abort" }, now);
    return {
      config: withStates(fresh, { [name]: state }),
      entries: [entryOf({ event: "aborted", name, triggeredBy, now })],
      message: headline("give up what is pending for", [name]),
    };
  });
  return { ...given, commit };
}

/** Throws `Unchanged` (`in-progress`): what is given up under a run's hands would be placed all the same. */
function requireIdle(name: string, state: TokenState, now: Date): void {
  const until = leaseEnd(state, now.getTime());
  if (until === null) return;
  throw new Unchanged(
    `${state.pending === null ? "another run" : `run ${state.pending.run_id}`} is at work on ${name}, or died: it is left alone until ${toInstant(until)}`,
    {
      code: "in-progress",
      hint: "Give it up after that, if the run has not finished it.",
    },
  );
}

export type AbortResult = {
  readonly token_name: string;
  /** The generation that was given up. */
  readonly generation: number;
  /** Ids of destinations that hold the value that was given up: rotate the token to bring them together again. */
  readonly placed: readonly string[];
  readonly commit: Commit | null;
};
