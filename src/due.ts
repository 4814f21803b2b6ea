// Whether one token is due, why, what holds it back, and when it is due next. Plan, health and suggestions all ask here.
import { expiryMs, isExposed, issuerRequired, rotatedMs } from "./condition.ts";
import { DAY_MS, HOUR_MS, instantMs, inWords, toInstant } from "./instant.ts";
import { BACKOFF_MAX_MS, LEASE_MS } from "./rotation.ts";
import { MIN_INTERVAL_HOURS, type TokenConfig, type TokenState } from "./schema.ts";
import { type Home, resolveToken, type Token, tokenState } from "./token.ts";
import { indexGroups, type WorkflowStatus, workflowStatuses } from "./workflows.ts";

/** Why a token is due, the strongest first: the order in which reasons are told. */
export const TRIGGERS = ["pending", "exposed", "expired", "never_rotated", "interval", "workflow", "retry"] as const;
export type Trigger = (typeof TRIGGERS)[number];
export type Reason = { readonly trigger: Trigger; readonly text: string };

/** What keeps a due token from being rotated now. `until` is ISO 8601; null where only a person can end it. */
export type Hold = {
  readonly code: "issuer-required" | "in-progress" | "backoff" | "floor";
  readonly reason: string;
  readonly until: string | null;
};

/** What holds of one token at one moment. Due: it has reasons and no hold. */
export type Verdict = {
  readonly reasons: readonly Reason[];
  readonly hold: Hold | null;
  /** The due workflows that mean it. */
  readonly workflows: readonly string[];
  /** When a run would next rotate it, never before this moment; null where none would. */
  readonly next: { readonly at: number; readonly reason: string } | null;
};

export type JudgedToken = {
  readonly token: Token;
  readonly state: TokenState;
  /** Whether a rule or an enabled workflow speaks of it. */
  readonly covered: boolean;
  readonly verdict: Verdict;
};
export type Judgement = { readonly workflows: readonly WorkflowStatus[]; readonly tokens: readonly JudgedToken[] };

/** Never rotate again sooner, in milliseconds, whatever a rule, an expiry or a retry says: a mistake must not rotate in a loop. */
export const FLOOR_MS = MIN_INTERVAL_HOURS * HOUR_MS;
/** The same for workflows. Half, since runs start minutes late: an hourly schedule whose last run was late must not lose its next hour. */
export const WORKFLOW_FLOOR_MS = FLOOR_MS / 2;
/** A credential that expires is due this long before, in milliseconds, or a fifth of its lifetime where that is shorter. */
export const EXPIRY_LEAD_MS = DAY_MS;
/** Twice the longest wait that this program records: what lies further ahead was written by a wrong clock and is not waited for. */
const SANE_LEASE_MS = 2 * LEASE_MS;
const SANE_BACKOFF_MS = 2 * BACKOFF_MAX_MS;

/** Judges every declared token, in declaration order, with the workflows it was judged by. Throws as `workflowStatuses`. */
export function judgeTokens(config: TokenConfig, home: Home, now: Date): Judgement {
  const index = indexGroups(config);
  const workflows = workflowStatuses(config, now, index);
  const memberships = membershipsOf(workflows);
  const tokens: JudgedToken[] = [];
  for (const name of index.names) {
    const token = resolveToken(config, name, home);
    if (token === null) continue;
    const state = tokenState(config, name);
    const mine = memberships.get(name) ?? [];
    const covered = token.rule !== null || mine.length > 0;
    tokens.push({ token, state, covered, verdict: judgeToken(token, state, mine, now.getTime()) });
  }
  return { workflows, tokens };
}

/** The enabled workflows of each token. */
function membershipsOf(workflows: readonly WorkflowStatus[]): Map<string, WorkflowStatus[]> {
  const memberships = new Map<string, WorkflowStatus[]>();
  for (const workflow of workflows) {
    if (!workflow.enabled) continue;
    for (const name of workflow.tokens) {
      const mine = memberships.get(name);
      if (mine === undefined) memberships.set(name, [workflow]);
      else mine.push(workflow);
    }
  }
  return memberships;
}

/**
 * Judges one token at `now` (milliseconds).
 * @param workflows the enabled workflows that mean it
 */
export function judgeToken(token: Token, state: TokenState, workflows: readonly WorkflowStatus[], now: number): Verdict {
  const claims = claimsOf(token, state, workflows, now);
  const due = claims.filter((claim) => claim.at <= now);
  const ripe = due.filter((claim) => claim.floor <= now);
  // Only the floor holds it: the reasons are told with the hold, so that nobody wonders.
  const reasons = (ripe.length > 0 ? ripe : due).map(({ trigger, text }) => ({ trigger, text }));
  const blocked = holdOf(token, state, now);
  const hold = blocked ?? (due.length > 0 && ripe.length === 0 ? floorHold(due, state, now) : null);
  const held = {
    hold: reasons.length > 0 ? hold : null,
    workflows: workflows.filter((each) => each.due).map((each) => each.workflow_name),
  };
  return { reasons, ...held, next: nextOf(claims, blocked, now) };
}

/** One reason that makes or will make a token due: when, and before when the floor forbids it. */
type Claim = Reason & { readonly at: number; readonly floor: number; readonly upcoming: string };

function claimsOf(token: Token, state: TokenState, workflows: readonly WorkflowStatus[], now: number): Claim[] {
  const rotated = rotatedMs(state, now);
  const floor = (length: number) => (rotated === null ? Number.NEGATIVE_INFINITY : rotated + length);
  const claims: Claim[] = [];
  const claim = (trigger: Trigger, at: number, floorMs: number, text: string, upcoming = text) =>
    claims.push({ trigger, at, floor: floorMs, text, upcoming });
  if (state.pending !== null) {
    claim("pending", now, now, `resumes generation ${state.pending.generation}, which run ${state.pending.run_id} left unfinished`);
  }
  if (isExposed(state, now)) {
    // An exposure dated ahead of this clock would outlive every rotation, so there the floor holds.
    const ahead = (instantMs(state.exposed_at) ?? now) > now;
    claim("exposed", now, ahead ? floor(FLOOR_MS) : now, "its value is in the git history");
  }
  const { rule } = token;
  const expiry = expiryMs(token, state);
  if (rule?.autoRotate && expiry !== null) {
    const text = `${expiry <= now ? "expired" : "expires"} at ${toInstant(expiry)}`;
    claim("expired", expiry - expiryLead(expiry, rotated), floor(FLOOR_MS), text, `expires at ${toInstant(expiry)}`);
  }
  if (rule?.autoRotate && rotated === null) claim("never_rotated", now, now, "never rotated");
  if (rule?.autoRotate && rotated !== null) {
    const length = `interval of ${rule.intervalHours} h`;
    claim("interval", rotated + rule.intervalHours * HOUR_MS, floor(FLOOR_MS), `${length} elapsed`, length);
  }
  for (const { workflow_name, due_at, next_run } of workflows) {
    const at = instantMs(due_at ?? next_run);
    if (at === null) continue;
    claim("workflow", at, floor(WORKFLOW_FLOOR_MS), `workflow ${workflow_name} was due at ${toInstant(at)}`, `workflow ${workflow_name}`);
  }
  // Only what a schedule covers: a value that a person supplied and that failed must not be replaced by a random one.
  if (state.pending === null && state.failures > 0 && state.next_attempt_at && (rule?.autoRotate || workflows.length > 0)) {
    claim("retry", now, floor(FLOOR_MS), `attempt ${state.failures + 1}, after ${state.failures} that failed`);
  }
  return claims;
}

function holdOf(token: Token, state: TokenState, now: number): Hold | null {
  // A journalled box holds a value that somebody supplied, so it can be placed without an issuer.
  if (issuerRequired(token) && !state.pending?.boxes) {
    return {
      code: "issuer-required",
      reason: "GitHub issues these only to people: it needs a value (new_token) or an issuer",
      until: null,
    };
  }
  // Journalled boxes are placed again without harm, even beside the run that made them; anything else waits for that run.
  const lease = instantMs(state.pending?.lease_until);
  if (state.pending !== null && !state.pending.boxes && lease !== null && lease > now && lease <= now + SANE_LEASE_MS) {
    return { code: "in-progress", reason: `run ${state.pending.run_id} is at work on it`, until: toInstant(lease) };
  }
  const attempt = instantMs(state.next_attempt_at);
  if (attempt !== null && attempt > now && attempt <= now + SANE_BACKOFF_MS) {
    const times = state.failures === 1 ? "once" : `${state.failures} times`;
    return { code: "backoff", reason: `failed ${times}; next attempt at ${toInstant(attempt)}`, until: toInstant(attempt) };
  }
  return null;
}

function floorHold(due: readonly Claim[], state: TokenState, now: number): Hold {
  const until = Math.min(...due.map((claim) => claim.floor));
  const rotated = instantMs(state.rotated_at) ?? now;
  const reason =
    rotated > now
      ? `rotated at ${toInstant(rotated)}, which is ahead of this clock`
      : `rotated ${inWords(now - rotated)} ago, and nothing is rotated twice that soon`;
  return { code: "floor", reason, until: toInstant(until) };
}

function nextOf(claims: readonly Claim[], blocked: Hold | null, now: number): Verdict["next"] {
  if (blocked?.code === "issuer-required") return null;
  const open = instantMs(blocked?.until) ?? now;
  let first: { at: number; reason: string } | null = null;
  for (const claim of claims) {
    const at = Math.max(claim.at, claim.floor, open);
    if (first === null || at < first.at) first = { at, reason: claim.at <= now ? claim.text : claim.upcoming };
  }
  return first;
}

function expiryLead(expiry: number, rotated: number | null): number {
  return rotated === null ? EXPIRY_LEAD_MS : Math.min(EXPIRY_LEAD_MS, Math.max(0, Math.floor((expiry - rotated) / 5)));
}
