// Claiming tokens for a run: a commit before each side effect that the record must announce.

import { declareTokens } from "../config/edit.ts";
import type { RequestMark, TokenConfig, TokenState } from "../model/schema.ts";
import { type Home, liveGeneration, resolveToken, tokenState } from "../model/token.ts";
import { headline, type LoadedRecord, reviseRecord, withStates } from "../record/record.ts";
import type { RotationEvent } from "../rotation/event.ts";
import { issueLeaseUntil, leaseUntil, placingUntil } from "../rotation/lease.ts";
import { next, nextGeneration, stageOf } from "../rotation/state.ts";
import type { Run } from "./context.ts";
import { type RunRequest, suppliedValue } from "./request.ts";
import { declarationDigest } from "./select.ts";
import {
  type Choice,
  DECLARATION_CHANGED,
  inPhase,
  type LossReason,
  lose,
  type Prepared,
  replaceIn,
  type Selected,
  TAKEN_UP,
  type Unplaced,
} from "./token-run.ts";

export type Claimed = {
  readonly record: LoadedRecord;
  readonly tokens: readonly Unplaced[];
  /** The time by which the announced side effects must be over: another run may take over later. */
  readonly until: Date;
};

/** The lease that a claim gives the run, and the request that it is carried out for. */
type Lease = {
  readonly runId: string;
  /** ISO 8601 */
  readonly leaseUntil: string;
  readonly mark: RequestMark | null;
};

type Claim<Entry extends Selected | Prepared> = {
  readonly verb: string;
  readonly entries: readonly Entry[];
  readonly leaseUntil: string;
  readonly now: Date;
  /** The state of a token that the run still owns, with the announcement in it. */
  readonly write: (entry: Entry, state: TokenState, by: Lease, config: TokenConfig) => TokenState;
  /** The entry as it goes on; `state` is what was committed. */
  readonly keep: (entry: Entry, state: TokenState) => Unplaced;
};

/**
 * Announces, in one commit, every credential that a service is about to make: a run that dies leaves
 * the label under which the next run finds an orphan. Throws as `reviseRecord`: no service was asked then.
 */
export function announce(
  run: Run,
  record: LoadedRecord,
  tokens: readonly Unplaced[],
): Promise<Claimed> {
  const now = run.options.clock();
  return claim(run, record, tokens, {
    verb: "announce",
    entries: inPhase(tokens, "selected").filter((one) => issuesOutside(one, run.request)),
    leaseUntil: issueLeaseUntil(now),
    now,
    write: ({ token }, state, by) => {
      const label = labelOf(run.options.home, token.name, nextGeneration(state));
      const outside = { label, issuing: token.issuing };
      return next(state, { ...beginEvent({ token }, token.issuer, by), outside }, now);
    },
    keep: (entry, state): Selected => ({ ...entry, state }),
  });
}

/**
 * Journals, in one commit, every sealed credential that the run is about to place, and with it the
 * run's lease on the tokens. Throws as `reviseRecord`: nothing is placed then.
 */
export function journal(
  run: Run,
  record: LoadedRecord,
  tokens: readonly Unplaced[],
): Promise<Claimed> {
  const now = run.options.clock();
  const entries = inPhase(tokens, "prepared");
  const boxes = entries.reduce((sum, one) => sum + Object.keys(one.boxes).length, 0);
  if (entries.length > 0) run.request.onProgress?.({ phase: "journal", done: 0, total: 1 });
  return claim(run, record, tokens, {
    verb: "prepare",
    entries,
    leaseUntil: leaseUntil(boxes, now),
    now,
    write: (prepared, state, by, config) => {
      const keepsBoxes = journalsBoxes(config, record.visibility);
      return journalledState(prepared, { state, by, keepsBoxes, now });
    },
    keep: (prepared) => prepared,
  });
}

/** One compare-and-set for all the entries; a token that is no longer this run's becomes `lost`. */
async function claim<Entry extends Selected | Prepared>(
  { request, options }: Run,
  loaded: LoadedRecord,
  tokens: readonly Unplaced[],
  { verb, entries, leaseUntil: until, write, keep }: Claim<Entry>,
): Promise<Claimed> {
  if (entries.length === 0) return { record: loaded, tokens, until: placingUntil(until) };
  const by: Lease = { runId: options.runId, leaseUntil: until, mark: request.mark ?? null };
  let claimed: Unplaced[] = [];
  const { record } = await reviseRecord(options.source, loaded, (fresh) => {
    const config = declaredBy(request, fresh);
    const states: Record<string, TokenState> = {};
    claimed = entries.map((entry) => {
      const { name } = entry.token;
      const why = whyLost(config, entry, options.home);
      if (why !== null) return lose(entry, why);
      const state = write(entry, tokenState(config, name), by, config);
      states[name] = state;
      return keep(entry, state);
    });
    const names = Object.keys(states);
    if (names.length === 0) return null;
    return { config: withStates(config, states), message: headline(verb, names) };
  });
  return { record, tokens: replaceIn(tokens, claimed), until: placingUntil(until) };
}

/** The config with the tokens that the request declares, if it declares any. */
export function declaredBy({ wanted }: RunRequest, config: TokenConfig): TokenConfig {
  return wanted.kind === "tokens" && wanted.create ? declareTokens(config, wanted.names) : config;
}

/** The label under which a service shows what was made for a generation: deterministic, so that an orphan can be found. */
export function labelOf(home: Home, tokenName: string, generation: number): string {
  return `${home.repository ?? "local"}/${tokenName}/g${generation}`;
}

/** Whether making the token's next credential leaves a trace outside, which the record must announce. */
export function issuesOutside(
  { token, how }: Choice,
  request: Pick<RunRequest, "wanted">,
): boolean {
  return how === "issue" && token.outside && suppliedValue(request) === null;
}

/** Whether that run announced the token's pending credential, and has not said yet what came of it. */
export function isAnnouncedBy(state: TokenState, runId: string): boolean {
  return (
    state.pending?.run_id === runId &&
    state.pending.stage === "intent" &&
    state.pending.label !== undefined
  );
}

/** Boxes are committed only in a place that strangers cannot read; `auto` trusts nothing but a private repository. */
function journalsBoxes(config: TokenConfig, visibility: LoadedRecord["visibility"]): boolean {
  const mode = config.settings?.journal ?? "auto";
  return mode === "auto" ? visibility === "private" : mode === "sealed";
}

type Begin = Extract<RotationEvent, { type: "begin" }>;

function beginEvent({ token }: Pick<Choice, "token">, issuer: string, by: Lease): Begin {
  const destinations = token.placements.map(({ id }) => id);
  return { type: "begin", ...by, declaration: declarationDigest(token), issuer, destinations };
}

/** The state before the run places: a stuck token that a person asked for is no longer stuck. */
function journalledState(
  prepared: Prepared,
  about: {
    readonly state: TokenState;
    readonly by: Lease;
    readonly keepsBoxes: boolean;
    readonly now: Date;
  },
): TokenState {
  const { state, by, keepsBoxes, now } = about;
  if (prepared.resumed) {
    const open = stageOf(state) === "stuck" ? next(state, { type: "retry" }, now) : state;
    return next(open, { type: "resume", ...by }, now);
  }
  const { prints, ref, expiresAt, boxes, issuer } = prepared;
  const isAnnounced = isAnnouncedBy(state, by.runId);
  const begun = isAnnounced ? state : next(state, beginEvent(prepared, issuer, by), now);
  const issued = next(begun, { type: "issued", ...prints, ref, expiresAt }, now);
  const sealed = next(issued, { type: "sealed", boxes: keepsBoxes ? boxes : null }, now);
  // The announcement's lease was for asking the service; this one is for placing.
  return isAnnounced ? next(sealed, { type: "resume", ...by }, now) : sealed;
}

/** Why a token is no longer this run's to rotate; null while it is. */
function whyLost(
  config: TokenConfig,
  { token: chosen, state }: Choice,
  home: Home,
): LossReason | null {
  const token = resolveToken(config, chosen.name, home);
  if (token === null || declarationDigest(token) !== declarationDigest(chosen))
    return DECLARATION_CHANGED;
  return standing(tokenState(config, token.name)) === standing(state) ? null : TAKEN_UP;
}

/** What a run decided by: if it has changed, what the run prepared answers to a record that is gone. */
function standing(state: TokenState): string {
  return JSON.stringify([
    liveGeneration(state),
    nextGeneration(state),
    state.pending?.run_id,
    state.failures,
    state.drift?.at,
  ]);
}
