// The last commit of a run: its outcome, applied to the newest record. Pure.

import { describeError, Misconfigured, Unchanged } from "../base/errors.ts";
import { instantMs } from "../base/instant.ts";
import type { RequestMark, TokenConfig, TokenState } from "../model/schema.ts";
import { liveGeneration, tokenState } from "../model/token.ts";
import { isFarAhead } from "../plan/wrong-clock.ts";
import type { Observed } from "../proof/observe.ts";
import type { HistoryDraft } from "../record/history.ts";
import { headline, type Revision, withStates } from "../record/record.ts";
import { type RotatedToken, withDone } from "../record/request-mark.ts";
import type { RotationEvent } from "../rotation/event.ts";
import { leaseEnd } from "../rotation/lease.ts";
import { next, STAGES, stageOf } from "../rotation/state.ts";
import { isAnnouncedBy } from "./claim.ts";
import type { Run } from "./context.ts";
import type { Reminded } from "./remind.ts";
import type { Revoked } from "./retire.ts";
import { settle } from "./settle.ts";
import {
  DECLARATION_CHANGED,
  type Failed,
  inPhase,
  type Lost,
  type Placed,
  type Tried,
} from "./token-run.ts";

/** The results of a run's phases. */
export type Results = {
  readonly tokens: readonly Tried[];
  readonly revoked: readonly Revoked[];
  readonly reminded: readonly Reminded[];
};

/** The revision of the record after the run; null if nothing changes. It judges each token by the given record. */
export function reviseAfter(fresh: TokenConfig, run: Run, results: Results, now: Date): Revision {
  const book = createBook(fresh, run, now);
  for (const observed of run.observed) book.observe(observed);
  for (const revoked of results.revoked) book.revoke(revoked);
  const placed = inPhase(results.tokens, "placed");
  for (const one of placed) book.settle(one);
  // A refusal that only a person can end is recorded only if the run placed something else: a run without permission writes nothing.
  for (const failed of inPhase(results.tokens, "failed")) {
    if (placed.length > 0 || isPassing(failed) || book.isAnnounced(failed)) book.abandon(failed);
  }
  const lost = inPhase(results.tokens, "lost");
  for (const one of lost) book.drop(one);
  for (const name of run.selection.removed) book.forget(name);
  for (const one of lost) book.miss(one);
  for (const reminded of results.reminded) book.remind(reminded);
  const workflows = notedWorkflows(fresh, run, placed.length > 0);
  const { states, done } = book;
  const drafts = book.drafts();
  const names = Object.keys(states);
  if (names.length === 0 && workflows === null) return null;
  const config = done.reduce(
    (before, { marks, token }) => withDone(before, marks, { now, runId: run.options.runId, token }),
    withStates(fresh, states),
  );
  const noted = workflows === null ? config : { ...config, state: { ...config.state, workflows } };
  return { config: noted, message: messageOf(names, drafts), entries: drafts };
}

/** Collects the tokens' new states, and a history entry for each thing that happened to them. */
function createBook(fresh: TokenConfig, run: Run, now: Date) {
  const states: Record<string, TokenState> = {};
  const drafts: HistoryDraft[] = [];
  const done: { readonly marks: readonly RequestMark[]; readonly token: RotatedToken }[] = [];
  const provedNames: string[] = [];
  const stateOf = (name: string) =>
    (Object.hasOwn(states, name) ? states[name] : undefined) ?? tokenState(fresh, name);
  const write = (name: string, after: TokenState, entry: Omit<Entry, "name"> | null) => {
    states[name] = after;
    if (entry !== null) drafts.push(draftOf(run, { ...entry, name }, now));
  };
  return {
    states,
    done,
    /** One entry for all proved tokens, since a job that sees many secrets proves them all at once. */
    drafts: (): HistoryDraft[] =>
      provedNames.length === 0 ? drafts : [provedDraft(run, provedNames, now), ...drafts],
    remind({ tokenName, reminded }: Reminded): void {
      const { reminded: _, ...kept } = stateOf(tokenName);
      write(tokenName, reminded === null ? kept : { ...kept, reminded }, null);
    },
    observe({ token, state, observation, proved, required }: Observed): void {
      const before = stateOf(token.name);
      if (
        observation === "unknown" ||
        observation === "not_seen" ||
        liveGeneration(before) !== liveGeneration(state)
      )
        return;
      if (before.pending !== null || !STAGES[stageOf(before)].takes.includes("seen")) return;
      const after = next(
        before,
        { type: "seen", verdict: observation, destinations: proved, required },
        now,
      );
      if (JSON.stringify(after) === JSON.stringify(before)) return;
      const drifted = after.drift && !before.drift;
      if (!drifted && after.current?.proved_at && !before.current?.proved_at)
        provedNames.push(token.name);
      const generation = liveGeneration(after);
      const entry = { event: "drift", generation, previousHash: null, newHash: null };
      write(token.name, after, drifted ? entry : null);
    },
    revoke({ tokenName, credential, error, count, mayCome }: Revoked): void {
      if (error === null && count === 0 && mayCome) return;
      const before = stateOf(tokenName);
      const { generation, fingerprint } = credential;
      if (
        !before.retiring?.some((one) => one.generation === generation) ||
        !STAGES[stageOf(before)].takes.includes("revoked")
      )
        return;
      const event: RotationEvent =
        error === null
          ? { type: "revoked", generation }
          : { type: "revoke-failed", generation, error };
      const entry = {
        event: error === null ? "revoked" : "revoke_failed",
        generation,
        previousHash: fingerprint,
        newHash: null,
        error: error?.code,
      };
      write(tokenName, next(before, event, now), error === null && count === 0 ? null : entry);
    },
    settle(placed: Placed): void {
      const { token, generation, prints } = placed;
      const before = stateOf(token.name);
      const after = settle(before, placed, { runId: run.options.runId, now });
      if (after === before) return;
      const rotated = liveGeneration(after) !== liveGeneration(before);
      const hashes = {
        previousHash: before.current?.fingerprint ?? null,
        newHash: rotated ? prints.fingerprint : null,
      };
      const event = rotated ? "rotated" : after.failures > before.failures ? "failed" : null;
      const marks = rotated ? (before.pending?.requests ?? []) : [];
      const hash = { previous_hash: hashes.previousHash, new_hash: hashes.newHash };
      if (marks.length > 0)
        done.push({ marks, token: { token_name: token.name, generation, ...hash } });
      write(
        token.name,
        after,
        event && { event, generation, ...hashes, error: after.last_error?.code },
      );
    },
    /** Every announcement gets its outcome recorded. */
    isAnnounced: ({ token }: Failed) => isAnnouncedBy(stateOf(token.name), run.options.runId),
    abandon({ token, state, error: cause, attempted, left }: Failed): void {
      // A mistake of the request's own says nothing about the token.
      if (!attempted && cause instanceof Misconfigured) return;
      const before = stateOf(token.name);
      const mine = isAnnouncedBy(before, run.options.runId);
      // Another run has begun with the token, or has finished it.
      const isOver = before.pending !== null || liveGeneration(before) !== liveGeneration(state);
      if (!mine && isOver) return;
      const error = describeError(cause);
      const known = mine && left.kind === "credential" ? issuedWith(before, left.ref, now) : before;
      const clean = left.kind === "nothing";
      const notBefore = cause instanceof Unchanged ? cause.retryAt : null;
      const { stuckAfter } = token;
      const after = next(known, { type: "abandon", error, stuckAfter, clean, notBefore }, now);
      write(token.name, after, {
        event: "failed",
        generation: liveGeneration(before),
        previousHash: before.current?.fingerprint ?? null,
        newHash: null,
        error: error.code,
      });
    },
    /** Gives up what is pending for a token that is no longer declared: no run would finish it. */
    forget(name: string): void {
      const before = stateOf(name);
      if (before.pending === null || leaseEnd(before, now.getTime()) !== null) return;
      const { generation, fingerprint } = before.pending;
      const entry = { event: "aborted", generation, previousHash: fingerprint, newHash: null };
      write(name, next(before, { type: "abort" }, now), entry);
    },
    /** The schedule counts the token as rotated, but it was not, so the next run takes it up. A token that another run took up stays that run's. */
    miss({ token, why }: Lost): void {
      const before = stateOf(token.name);
      if (why === DECLARATION_CHANGED && before.pending === null && before.failures === 0)
        write(token.name, { ...before, next_attempt_at: now.toISOString() }, null);
    },
    /** Ends the announcement of a credential whose declaration has changed. A later run revokes what the service keeps. */
    drop({ token, left }: Lost): void {
      const before = stateOf(token.name);
      if (!isAnnouncedBy(before, run.options.runId)) return;
      const known = issuedWith(before, left.kind === "credential" ? left.ref : null, now);
      write(token.name, next(known, { type: "abort" }, now), null);
    },
  };
}

function issuedWith(state: TokenState, ref: string | null, now: Date): TokenState {
  return next(state, { type: "issued", fingerprint: null, ref, expiresAt: null }, now);
}

/** Whether the failure may pass without a person. Without a backoff, every run would try again. */
function isPassing({ error, attempted }: Failed): boolean {
  const { kind } = describeError(error);
  return kind === "unchanged" || kind === "uncertain" || (attempted && kind !== "misconfigured");
}

type Entry = {
  readonly event: string;
  readonly name: string;
  readonly generation: number;
  readonly previousHash: string | null;
  readonly newHash: string | null;
  readonly error?: string | undefined;
};

function draftOf(
  run: Run,
  { event, name, generation, previousHash, newHash, error }: Entry,
  now: Date,
): HistoryDraft {
  return {
    at: now.toISOString(),
    event,
    token_name: name,
    generation,
    previous_hash: previousHash,
    new_hash: newHash,
    triggered_by: triggerOf(run),
    ...(error === undefined ? {} : { error }),
  };
}

function provedDraft(run: Run, names: readonly string[], now: Date): HistoryDraft {
  return {
    at: now.toISOString(),
    event: "proved",
    token_name: null,
    token_names: [...names],
    generation: null,
    previous_hash: null,
    new_hash: null,
    triggered_by: triggerOf(run),
  };
}

function triggerOf({ request, selection: { workflows } }: Run): HistoryDraft["triggered_by"] {
  const workflow = workflows.length === 1 ? { workflow_name: workflows[0] } : {};
  return { ...workflow, ...request.triggeredBy };
}

/** The workflows' state after this run; null if it does not change. */
function notedWorkflows(
  config: TokenConfig,
  { selection, startedAt }: Run,
  ran: boolean,
): NonNullable<TokenConfig["state"]>["workflows"] | null {
  const at = startedAt.toISOString();
  const before = config.state?.workflows ?? {};
  const changed = { ...before };
  for (const name of selection.unseen)
    if (!Object.hasOwn(before, name)) changed[name] = { first_seen_at: at, last_run_at: null };
  if (ran) {
    // A workflow may be called `constructor`, which every object has.
    for (const name of selection.workflows) {
      changed[name] = noteRun(
        (Object.hasOwn(changed, name) ? changed[name] : undefined) ?? { first_seen_at: at },
        at,
      );
    }
  }
  return Object.keys(changed).length > Object.keys(before).length ||
    (ran && selection.workflows.length > 0)
    ? changed
    : null;
}

/** A clock that stepped back does not repeat occurrences. A date from a wrong clock is replaced. */
function noteRun<Noted extends { readonly last_run_at?: string | null | undefined }>(
  before: Noted,
  at: string,
): Noted {
  const last = instantMs(before.last_run_at);
  return last !== null && last > Date.parse(at) && !isFarAhead(before.last_run_at, new Date(at))
    ? before
    : { ...before, last_run_at: at };
}

const VERBS: Readonly<Record<string, string>> = {
  rotated: "rotate",
  failed: "record failures of",
  proved: "prove",
  drift: "note drift of",
  revoked: "retire",
  revoke_failed: "retire",
  aborted: "give up what is pending for",
};

function messageOf(names: readonly string[], drafts: readonly HistoryDraft[]): string {
  if (names.length === 0) return "token-automation: note new workflows [skip ci]";
  const first = Object.keys(VERBS).find((event) => drafts.some((draft) => draft.event === event));
  return headline(VERBS[first ?? ""] ?? "note", names);
}
