// The commit before anything is asked of a service: that credentials are about to be made there, and how they are found again.

import { declareTokens } from "../config/edit.ts";
import type { RequestMark, TokenConfig, TokenState } from "../model/schema.ts";
import { type Home, resolveToken, tokenState } from "../model/token.ts";
import { headline, type LoadedRecord, reviseRecord, withStates } from "../record/record.ts";
import type { RotationEvent } from "../rotation/event.ts";
import { issueLeaseUntil, leaseUntil, placingUntil } from "../rotation/lease.ts";
import { next, nextGeneration, stageOf } from "../rotation/state.ts";
import type { Run, RunOptions } from "./context.ts";
import { type RunRequest, suppliedValue } from "./request.ts";
import { declarationDigest } from "./select.ts";
import type { Prepared, Selected } from "./token-run.ts";

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

export type Journalled = {
  readonly record: LoadedRecord;
  /** What is this run's to place. */
  readonly taken: readonly Prepared[];
  /** By token: why it is no longer this run's. */
  readonly lost: ReadonlyMap<string, string>;
  /** Nothing is placed after it, since then another run may take over. */
  readonly placeUntil: Date;
};

/** Commits the journal, and with it this run's lease on what is in it. Throws as `reviseRecord`: nothing is placed then. */
export async function journal(
  run: Run,
  loaded: LoadedRecord,
  ready: readonly Prepared[],
): Promise<Journalled> {
  const { request, options } = run;
  const now = options.clock();
  const until = leaseUntil(
    ready.reduce((sum, { boxes }) => sum + Object.keys(boxes).length, 0),
    now,
  );
  const placeUntil = placingUntil(until);
  if (ready.length === 0) return { record: loaded, taken: ready, lost: new Map(), placeUntil };
  request.onProgress?.({ phase: "journal", done: 0, total: 1 });
  let lost = new Map<string, string>();
  const { record } = await reviseRecord(options.source, loaded, (fresh) => {
    lost = new Map();
    const config =
      request.wanted.kind === "tokens" && request.wanted.create
        ? declareTokens(fresh, request.wanted.names)
        : fresh;
    const sealed = journalsBoxes(config, loaded.visibility);
    const states: Record<string, TokenState> = {};
    for (const prepared of ready) {
      const { name } = prepared.selected.token;
      const reason = whyLost(config, prepared.selected, options.home);
      const lease = { runId: options.runId, leaseUntil: until, mark: request.mark ?? null };
      if (reason === null)
        states[name] = journalledState(prepared, {
          state: tokenState(config, name),
          lease,
          sealed,
          now,
        });
      else lost.set(name, reason);
    }
    const names = Object.keys(states);
    return names.length === 0
      ? null
      : { config: withStates(config, states), message: headline("prepare", names) };
  });
  return {
    record,
    taken: ready.filter((prepared) => !lost.has(prepared.selected.token.name)),
    lost,
    placeUntil,
  };
}

/** Boxes are committed only where strangers cannot collect them; `auto` trusts nothing but a private repository. */
function journalsBoxes(config: TokenConfig, visibility: LoadedRecord["visibility"]): boolean {
  const mode = config.settings?.journal ?? "auto";
  return mode === "auto" ? visibility === "private" : mode === "sealed";
}

/** What a run writes before it places: that a person asked for a stuck token ends its being stuck. */
function journalledState(
  prepared: Prepared,
  {
    state,
    lease,
    sealed,
    now,
  }: {
    state: TokenState;
    lease: { runId: string; leaseUntil: string; mark: RequestMark | null };
    sealed: boolean;
    now: Date;
  },
): TokenState {
  const { token } = prepared.selected;
  if (prepared.resumed) {
    const open = stageOf(state) === "stuck" ? next(state, { type: "retry" }, now).state : state;
    return next(open, { type: "resume", ...lease }, now).state;
  }
  const destinations = token.placements.map((placement) => placement.id);
  const declaration = declarationDigest(token);
  const { prints, ref, expiresAt } = prepared;
  const announced = isAnnouncedBy(state, lease.runId);
  const begin: RotationEvent = {
    type: "begin",
    ...lease,
    declaration,
    issuer: prepared.issuer,
    destinations,
  };
  const begun = announced ? state : next(state, begin, now).state;
  const issued = next(begun, { type: "issued", ...prints, ref, expiresAt }, now).state;
  const boxed = next(issued, { type: "sealed", boxes: sealed ? prepared.boxes : null }, now).state;
  // The announcement's lease was for asking the service; this one is for placing.
  return announced ? next(boxed, { type: "resume", ...lease }, now).state : boxed;
}

export const DECLARATION_CHANGED = "its declaration was changed meanwhile";

/** Why a token is no longer this run's to rotate; null while it is. */
function whyLost(config: TokenConfig, selected: Selected, home: Home): string | null {
  const token = resolveToken(config, selected.token.name, home);
  if (token === null || declarationDigest(token) !== declarationDigest(selected.token))
    return DECLARATION_CHANGED;
  return standing(tokenState(config, token.name)) === standing(selected.state)
    ? null
    : "another run took it up meanwhile";
}

/** What a run decided by: where it is another, what the run prepared answers to a record that is gone. */
function standing(state: TokenState): string {
  return JSON.stringify([
    state.generation,
    nextGeneration(state),
    state.pending?.run_id,
    state.failures,
    state.drift?.at,
  ]);
}
