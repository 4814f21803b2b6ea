// The age and health of each credential: one status per token, and the lists that the health report names.

import { DAY_MS, HOUR_MS, instantMs, inWords, toInstant } from "../base/instant.ts";
import type { TokenConfig, TokenState } from "../model/schema.ts";
import type { Home } from "../model/token.ts";
import { expiryLead } from "../plan/claims.ts";
import { expiryMs, failedTimes, isExposed, stuckHelp } from "../plan/condition.ts";
import { type JudgedToken, judgeTokens } from "../plan/due.ts";
import { lingering } from "./crowding.ts";
import type { HealthReport, TokenHealth } from "./shapes.ts";
import { HEALTH_STATUSES, type HealthStatus, severity } from "./status.ts";

/** The limits where the settings name none: the seed's bands. */
const DEFAULT_HEALTH = {
  recently_rotated_hours: 24,
  should_rotate_days: 7,
  needs_rotation_days: 14,
  high_risk_days: 30,
} as const;
/** How far ahead of this clock a rotation may be dated before its record is not believed, in milliseconds. */
const CLOCK_TOLERANCE_MS = 5 * 60_000;

/**
 * The health of every declared token at `now`; lists and tokens in declaration order.
 *
 * The lists go by age and risk alone. The status is the first of these that holds: expired or exposed
 * (`high_risk`), a record that makes no sense (`unknown`), `failing`, `never_rotated`, then the bands by age.
 * So a token that fails and is over the high-risk age is `failing`, and named in both lists.
 * Throws as `plan`.
 */
export function health(config: TokenConfig, home: Home, now: Date): HealthReport {
  const lists: Record<Band, string[]> = {
    needs_rotation: [],
    recently_rotated: [],
    never_rotated: [],
    high_risk: [],
  };
  const tokens: TokenHealth[] = [];
  for (const each of assessTokens(config, home, now)) {
    tokens.push(each.health);
    for (const list of each.lists) lists[list].push(each.health.name);
  }
  return { generated_at: toInstant(now.getTime()), total_tokens: tokens.length, ...lists, tokens };
}

/** One token as health sees it, and as it was judged. */
export type Assessment = JudgedToken & {
  readonly health: TokenHealth;
  /** The report's lists that name it. */
  readonly lists: readonly Band[];
};

/** Assesses every declared token, in declaration order. Throws as `plan`. */
export function assessTokens(config: TokenConfig, home: Home, now: Date): Assessment[] {
  const limits = limitsOf(config);
  const { tokens } = judgeTokens(config, home, now);
  return tokens.map((judged) => assess(judged, limits, now.getTime()));
}

/** The worst status of a report: of the tokens' statuses, and of the lists that a `failing` token is named in. Null without tokens. */
export function worstStatus(report: HealthReport): HealthStatus | null {
  if (report.high_risk.length > 0) return "high_risk";
  let worst = report.needs_rotation.length > 0 ? severity("needs_rotation") : -1;
  for (const token of report.tokens) worst = Math.max(worst, severity(token.status));
  return HEALTH_STATUSES[worst] ?? null;
}

/** The ages, in hours, at which a token passes from one band into the next: the settings' own, else the defaults. */
export type HealthBands = {
  readonly recently_rotated_hours: number;
  readonly should_rotate_hours: number;
  readonly needs_rotation_hours: number;
  readonly high_risk_hours: number;
};

export function healthBands(config: TokenConfig): HealthBands {
  const { recent, should, needs, risk } = limitsOf(config);
  return {
    recently_rotated_hours: recent / HOUR_MS,
    should_rotate_hours: should / HOUR_MS,
    needs_rotation_hours: needs / HOUR_MS,
    high_risk_hours: risk / HOUR_MS,
  };
}

type Limits = {
  readonly recent: number;
  readonly should: number;
  readonly needs: number;
  readonly risk: number;
};
type Band = "recently_rotated" | "never_rotated" | "needs_rotation" | "high_risk";
type Finding = { readonly status: HealthStatus; readonly reason: string };

function limitsOf(config: TokenConfig): Limits {
  const chosen = config.settings?.health ?? {};
  return {
    recent: (chosen.recently_rotated_hours ?? DEFAULT_HEALTH.recently_rotated_hours) * HOUR_MS,
    should: (chosen.should_rotate_days ?? DEFAULT_HEALTH.should_rotate_days) * DAY_MS,
    needs: (chosen.needs_rotation_days ?? DEFAULT_HEALTH.needs_rotation_days) * DAY_MS,
    risk: (chosen.high_risk_days ?? DEFAULT_HEALTH.high_risk_days) * DAY_MS,
  };
}

function assess(judged: JudgedToken, limits: Limits, now: number): Assessment {
  const { token, state, verdict } = judged;
  const danger = dangerOf(judged, now);
  const recorded = instantMs(state.current?.rotated_at);
  const nonsense = nonsenseOf(state, recorded, now);
  const rotated = nonsense === null && recorded !== null ? Math.min(recorded, now) : null;
  const age = rotated === null ? null : now - rotated;
  const band = worse(
    nonsense ?? (age === null ? null : bandOf(age, judged, limits)),
    age === null ? null : aheadOf(judged, age, now),
  );
  const lists: Band[] = [];
  if (danger !== null || band?.status === "high_risk") lists.push("needs_rotation", "high_risk");
  else if (band?.status === "needs_rotation") lists.push("needs_rotation");
  else if (band?.status === "recently_rotated") lists.push("recently_rotated");
  if (recordedAt(state) === null) lists.push("never_rotated");
  const finding = danger ??
    nonsense ??
    failingOf(judged) ??
    band ?? { status: "never_rotated", reason: "never rotated" };
  return {
    ...judged,
    health: {
      name: token.name,
      status: finding.status,
      age_hours: age === null ? null : Math.round((age / HOUR_MS) * 100) / 100,
      next_due: verdict.next === null ? null : toInstant(verdict.next.at),
      reason: [
        finding.reason,
        ...(verdict.hold?.code === "waiting" ? [`it ${verdict.hold.reason}`] : []),
        ...besides(state),
      ].join("; "),
    },
    lists,
  };
}

/** What the status, which is of the credential in place, does not tell: earlier ones that may still work. */
function besides(state: TokenState): string[] {
  const left = lingering(state);
  return left === null ? [] : [left];
}

function dangerOf({ token, state }: JudgedToken, now: number): Finding | null {
  const expiry = expiryMs(token, state);
  const dangers = [
    ...(isExposed(state, now) ? ["its value is in the git history"] : []),
    ...(expiry !== null && expiry <= now ? [`expired at ${toInstant(expiry)}`] : []),
  ];
  return dangers.length === 0 ? null : { status: "high_risk", reason: dangers.join("; ") };
}

/** What is due soon although its age is fine: it expires, or its owner was asked for the next value. */
function aheadOf({ token, state, verdict }: JudgedToken, age: number, now: number): Finding | null {
  const ago = () => `rotated ${inWords(age)} ago`;
  if (verdict.hold?.code === "waiting") return { status: "should_rotate", reason: ago() };
  const expiry = expiryMs(token, state);
  if (expiry === null || now < expiry - expiryLead(expiry, now - age)) return null;
  return { status: "needs_rotation", reason: `${ago()}; expires at ${toInstant(expiry)}` };
}

function worse(one: Finding | null, other: Finding | null): Finding | null {
  if (one === null || other === null) return one ?? other;
  return severity(other.status) > severity(one.status) ? other : one;
}

function recordedAt({ current }: TokenState): string | null {
  return current?.rotated_at ?? null;
}

/** @param rotated what `rotated_at` says, in milliseconds; null where it says nothing that can be read */
function nonsenseOf(state: TokenState, rotated: number | null, now: number): Finding | null {
  if (state.drift)
    return {
      status: "unknown",
      reason: `${state.drift.message} at ${state.drift.at}: rotate it by name to take it back`,
    };
  if (recordedAt(state) === null) return null;
  if (rotated !== null && rotated <= now + CLOCK_TOLERANCE_MS) return null;
  const why = rotated === null ? "is not a point in time" : "is ahead of this clock";
  return {
    status: "unknown",
    reason: `the record says it was rotated at ${recordedAt(state)}, which ${why}`,
  };
}

function failingOf({ token, state, verdict }: JudgedToken): Finding | null {
  if (state.failures === 0) return null;
  const last = state.last_error === null ? "" : `: ${state.last_error.message}`;
  const none = state.stuck_at
    ? `it waits for a person: ${stuckHelp(token.name)}`
    : "no further attempt is planned";
  const next = verdict.next === null ? none : `next attempt at ${toInstant(verdict.next.at)}`;
  return { status: "failing", reason: `${failedTimes(state)}${last}; ${next}` };
}

function bandOf(age: number, { token }: JudgedToken, limits: Limits): Finding {
  const ago = `rotated ${inWords(age)} ago`;
  const over = (limit: number) => `${ago}, over ${inWords(limit)}`;
  if (age > limits.risk) return { status: "high_risk", reason: over(limits.risk) };
  if (age > limits.needs) return { status: "needs_rotation", reason: over(limits.needs) };
  const interval = token.rule?.intervalHours;
  if (interval !== undefined && age >= interval * HOUR_MS)
    return { status: "needs_rotation", reason: `${ago}; its interval is ${interval} h` };
  if (age > limits.should) return { status: "should_rotate", reason: over(limits.should) };
  return { status: age < limits.recent ? "recently_rotated" : "ok", reason: ago };
}
