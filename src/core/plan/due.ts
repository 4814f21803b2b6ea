// The due time of one token: whether it is due, why, what holds it back, and when next. Plan, health and suggestions all ask here.

import { DAY_MS, HOUR_MS, instantMs, inWords, toInstant } from "../base/instant.ts";
import type { TokenConfig, TokenState } from "../model/schema.ts";
import { type Home, resolveToken, type Token, tokenState } from "../model/token.ts";
import { type WorkflowStatus, workflowStatuses } from "../model/workflow.ts";
import { leaseEnd } from "../rotation/lease.ts";
import { BACKOFF_MAX_MS } from "../rotation/state.ts";
import { type Claim, claimsOf, type Enabled, enabled, type Trigger } from "./claims.ts";
import { failedTimes, issuerMissing, stuckHelp } from "./condition.ts";
import { manualOf, waitingOf, waitingText } from "./waiting.ts";

type Reason = { readonly trigger: Trigger; readonly text: string };

/** A hold that keeps a due token from being rotated now. `until` is ISO 8601; null if only a person can end it. */
export type Hold = {
  readonly code:
    | "issuer-required"
    | "waiting"
    | "stuck"
    | "drift"
    | "in-progress"
    | "backoff"
    | "daily-cap"
    | "floor";
  readonly reason: string;
  readonly until: string | null;
};

/** The state of one token at one moment. Due: it has reasons and no hold. */
export type DueVerdict = {
  readonly reasons: readonly Reason[];
  readonly hold: Hold | null;
  /** The due workflows that mean it. */
  readonly workflows: readonly string[];
  /** When a run would next rotate it, never before this moment; null if none would. */
  readonly next: { readonly at: number; readonly reason: () => string } | null;
};

export type JudgedToken = {
  readonly token: Token;
  readonly state: TokenState;
  /** True if a rule or an enabled workflow covers it. */
  readonly covered: boolean;
  readonly verdict: DueVerdict;
};
export type Judgement = {
  readonly workflows: readonly WorkflowStatus[];
  /** In declaration order. */
  readonly tokens: readonly JudgedToken[];
};

/** No backoff that this program records reaches further ahead, in milliseconds. A later time was written by a wrong clock, and is not waited for. */
const SANE_BACKOFF_MS = 2 * BACKOFF_MAX_MS;
/** Credentials issued per token and UTC day on schedule: an hourly rotation, with some room for people. */
const DEFAULT_MAX_PER_DAY = 30;

/** Judges every declared token, with the workflows it is judged by. Throws as `workflowStatuses`. */
export function judgeTokens(config: TokenConfig, home: Home, now: Date): Judgement {
  const workflows = workflowStatuses(config, now);
  const memberships = groupByToken(workflows);
  const tokens = Object.keys(config.tokens ?? {}).flatMap((name): JudgedToken[] => {
    const token = resolveToken(config, name, home);
    if (token === null) return [];
    const state = tokenState(config, name);
    const mine = memberships.get(name) ?? [];
    const covered = token.rule !== null || mine.length > 0 || Boolean(state.current?.expires_at);
    return [{ token, state, covered, verdict: judgeToken(token, state, mine, now.getTime()) }];
  });
  return { workflows, tokens };
}

/** The enabled workflows of each token, by its name. */
function groupByToken(workflows: readonly WorkflowStatus[]): ReadonlyMap<string, Enabled[]> {
  const memberships = new Map<string, Enabled[]>();
  for (const workflow of workflows) {
    const ready = enabled(workflow);
    if (ready === null) continue;
    for (const name of workflow.tokens) {
      const mine = memberships.get(name);
      if (mine === undefined) memberships.set(name, [ready]);
      else mine.push(ready);
    }
  }
  return memberships;
}

/**
 * Judges one token at `now` (milliseconds).
 * @param workflows the enabled workflows that mean it
 */
export function judgeToken(
  token: Token,
  state: TokenState,
  workflows: readonly Enabled[],
  now: number,
): DueVerdict {
  if (manualOf(token) !== null && !state.pending?.boxes) return judgeManual(token, state, now);
  const claims = claimsOf(token, state, workflows, now);
  const blocked = holdOf(token, state, now);
  const next = nextOf(claims, blocked, now);
  const due = claims.filter((claim) => claim.at <= now);
  if (due.length === 0) return { reasons: [], hold: null, workflows: [], next };
  const ripe = due.filter((claim) => claim.floor <= now);
  // If only the floor holds it, the hold shows the reasons why it is due.
  const reasons = (ripe.length > 0 ? ripe : due).map((claim) => ({
    trigger: claim.trigger,
    text: claim.text(),
  }));
  const hold =
    (blocked === null ? null : untilNext(blocked, state, next)) ??
    (ripe.length === 0 ? floorHold(due, state, now) : null);
  return {
    reasons,
    hold,
    workflows: workflows.flatMap(({ due_at, name }) => (due_at === null ? [] : [name])),
    next,
  };
}

/** No run can rotate it, so there is no next time. It waits for its owner, or for nothing yet. */
function judgeManual(token: Token, state: TokenState, now: number): DueVerdict {
  const waiting = waitingOf(token, state, now);
  if (waiting === null) return { reasons: [], hold: null, workflows: [], next: null };
  const hold = { code: "waiting", reason: waitingText(token, waiting, now), until: null } as const;
  return {
    reasons: [{ trigger: waiting.trigger, text: waiting.why }],
    hold,
    workflows: [],
    next: null,
  };
}

function holdOf(token: Token, state: TokenState, now: number): Hold | null {
  // A journalled box holds a value that a person supplied, so it can be placed without an issuer.
  const missing = state.pending?.boxes ? null : issuerMissing(token, state);
  if (missing !== null) return { code: "issuer-required", reason: missing, until: null };
  if (state.stuck_at)
    return {
      code: "stuck",
      reason: `${failedTimes(state)} and waits for a person: ${stuckHelp(token.name)}`,
      until: null,
    };
  // Another value was put there by hand. A schedule must not take that back.
  if (state.drift && state.pending === null) {
    return {
      code: "drift",
      reason: `${state.drift.message} at ${state.drift.at}; nothing overwrites it until it is rotated by name`,
      until: null,
    };
  }
  const lease = state.pending?.boxes ? null : leaseEnd(state, now);
  if (lease !== null)
    return {
      code: "in-progress",
      reason: "another run is at work on it, or died",
      until: toInstant(lease),
    };
  const attempt = instantMs(state.next_attempt_at);
  if (attempt !== null && attempt > now && attempt <= now + SANE_BACKOFF_MS)
    return backoffHold(state, attempt);
  const issuedToday =
    state.issues === undefined || state.issues.day !== toInstant(now).slice(0, 10)
      ? 0
      : state.issues.count;
  if (issuedToday >= dailyCap(token, state) && !state.pending?.boxes) {
    const tomorrow = toInstant((Math.floor(now / DAY_MS) + 1) * DAY_MS);
    return {
      code: "daily-cap",
      reason: `${issuedToday} credentials were issued for it today, and no more are allowed`,
      until: tomorrow,
    };
  }
  return null;
}

/** Twice what the credential's own lifetime takes, if no cap is declared: what lives an hour must be made again all day long. */
function dailyCap({ maxPerDay }: Token, state: TokenState): number {
  if (maxPerDay !== null) return maxPerDay;
  const expires = instantMs(state.current?.expires_at);
  if (expires === null) return DEFAULT_MAX_PER_DAY;
  const lifetime = expires - (instantMs(state.current?.rotated_at) ?? expires);
  return lifetime < HOUR_MS / 2
    ? DEFAULT_MAX_PER_DAY
    : Math.max(DEFAULT_MAX_PER_DAY, Math.ceil((2 * DAY_MS) / lifetime));
}

/** The hold of a backoff. It may be over before the floor is, so it names the time of the real next attempt. */
function untilNext(hold: Hold, state: TokenState, next: DueVerdict["next"]): Hold {
  return hold.code === "backoff" && next !== null ? backoffHold(state, next.at) : hold;
}

function backoffHold(state: TokenState, at: number): Hold {
  return {
    code: "backoff",
    reason: `${failedTimes(state)}; next attempt at ${toInstant(at)}`,
    until: toInstant(at),
  };
}

function floorHold(due: readonly Claim[], state: TokenState, now: number): Hold {
  const until = Math.min(...due.map((claim) => claim.floor));
  const rotated = instantMs(state.current?.rotated_at) ?? now;
  const reason =
    rotated > now
      ? `rotated at ${toInstant(rotated)}, which is ahead of this clock`
      : `rotated ${inWords(now - rotated)} ago, and nothing is rotated twice that soon`;
  return { code: "floor", reason, until: toInstant(until) };
}

function nextOf(claims: readonly Claim[], blocked: Hold | null, now: number): DueVerdict["next"] {
  if (blocked?.until === null) return null;
  const open = instantMs(blocked?.until) ?? now;
  let first: { at: number; reason: () => string } | null = null;
  for (const claim of claims) {
    const at = Math.max(claim.at, claim.floor, open);
    if (first === null || at < first.at) first = { at, reason: claim.text };
  }
  return first;
}
