// The commit before anything is asked of a service: that credentials are about to be made there, and how they are found again.
import type { RunRequest } from "./app.ts";
import { issueLeaseUntil, placingUntil } from "./lease.ts";
import { whyLost } from "./lost.ts";
import type { LoadedRecord } from "./record.ts";
import { reviseRecord } from "./record.ts";
import { next, nextGeneration } from "./rotation.ts";
import { headline, type Run, type RunOptions, withStates } from "./run.ts";
import type { RequestMark, TokenState } from "./schema.ts";
import { declarationDigest, type Selected, suppliedValue } from "./select.ts";
import { tokenState } from "./token.ts";

export type Begun = {
  readonly record: LoadedRecord;
  /** What is this run's to issue, with its state as the record has it now. */
  readonly selected: readonly Selected[];
  /** By token: why it is no longer this run's. */
  readonly lost: ReadonlyMap<string, string>;
  /** When the run must have its answers. */
  readonly issueUntil: Date;
};

/** How the service shows what was made for a generation, so that an orphan can be found: deterministic, and nobody else's. */
export function labelOf(home: RunOptions["home"], tokenName: string, generation: number): string {
  return `${home.repository ?? "local"}/${tokenName}/g${generation}`;
}

/** Whether making the token's next credential leaves a trace outside, which the record must announce. */
export function issuesOutside(
  { token, how }: Selected,
  request: Pick<RunRequest, "wanted">,
): boolean {
  return how === "issue" && token.outside && suppliedValue(request) === null;
}

/**
 * Commits the intents of all those tokens at once. Throws as `reviseRecord`: nothing was asked of any service then.
 * @param ready the tokens that passed preflight and whose credential a service keeps
 */
export async function begin(
  run: Run,
  loaded: LoadedRecord,
  ready: readonly Selected[],
): Promise<Begun> {
  const { options } = run;
  const now = options.clock();
  const until = issueLeaseUntil(now);
  const issueUntil = placingUntil(until);
  if (ready.length === 0) return { record: loaded, selected: [], lost: new Map(), issueUntil };
  let states: Record<string, TokenState> = {};
  let lost = new Map<string, string>();
  const { record } = await reviseRecord(options.source, loaded, (fresh) => {
    states = {};
    lost = new Map();
    for (const selected of ready) {
      const { token } = selected;
      const state = tokenState(fresh, token.name);
      const reason = whyLost(fresh, selected, options.home);
      const by = { runId: options.runId, until, mark: run.request.mark ?? null };
      if (reason === null)
        states[token.name] = begunState(selected, state, { ...by, home: options.home, now });
      else lost.set(token.name, reason);
    }
    const names = Object.keys(states);
    return names.length === 0
      ? null
      : { config: withStates(fresh, states), message: headline("announce", names) };
  });
  const selected = ready.flatMap((one) => {
    const state = states[one.token.name];
    return state === undefined ? [] : [{ ...one, state }];
  });
  return { record, selected, lost, issueUntil };
}

function begunState(
  { token }: Selected,
  state: TokenState,
  by: Pick<RunOptions, "runId" | "home"> & {
    readonly until: string;
    readonly mark: RequestMark | null;
    readonly now: Date;
  },
): TokenState {
  const { runId, until: leaseUntil, mark, home, now } = by;
  const outside = {
    label: labelOf(home, token.name, nextGeneration(state)),
    issuing: token.issuing,
  };
  const destinations = token.placements.map(({ id }) => id);
  const declaration = declarationDigest(token);
  return next(
    state,
    {
      type: "begin",
      runId,
      leaseUntil,
      mark,
      declaration,
      issuer: token.issuer,
      outside,
      destinations,
    },
    now,
  ).state;
}

/** Whether that run announced the token's pending credential, and has not said yet what came of it. */
export function isAnnouncedBy(state: TokenState, runId: string): boolean {
  return (
    state.pending?.run_id === runId &&
    state.pending.stage === "intent" &&
    state.pending.label !== undefined
  );
}

/** The number that the new credential has: the announced one, where its making was announced. */
export function generationOf({ token, state, how }: Selected): number {
  const { pending } = state;
  const isAnnounced = how === "issue" && token.outside && pending?.stage === "intent";
  return isAnnounced ? pending.generation : nextGeneration(state);
}
