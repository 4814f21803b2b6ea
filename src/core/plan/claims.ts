// The claims that make a token due, now or later.

import { DAY_MS, HOUR_MS, instantMs, toInstant } from "../base/instant.ts";
import { MIN_INTERVAL_HOURS, type TokenState } from "../model/schema.ts";
import type { Token } from "../model/token.ts";
import type { WorkflowStatus } from "../model/workflow.ts";
import { expiryMs, isExposed, rotatedMs } from "./condition.ts";

/** Why a token is due. Claims and their reasons stand in this order, the strongest first. */
export type Trigger =
  | "pending"
  | "exposed"
  | "expired"
  | "never_rotated"
  | "interval"
  | "workflow"
  | "retry";

/** Never rotate again sooner, in milliseconds, whatever a rule, an expiry or a retry says: a mistake must not rotate in a loop. */
export const FLOOR_MS = MIN_INTERVAL_HOURS * HOUR_MS;
/** The same for workflows. Half, since runs start minutes late. An hourly schedule whose last run was late must not lose its next hour. */
export const WORKFLOW_FLOOR_MS = FLOOR_MS / 2;
/** A credential that expires is due this long before, in milliseconds, or a fifth of its lifetime if that is shorter. */
const EXPIRY_LEAD_MS = DAY_MS;
/** But at least this long before, in milliseconds, or half of its lifetime: runs come at best every few minutes, and late. */
const SHORTEST_EXPIRY_LEAD_MS = 20 * 60_000;
/** What expires within two hours must be replaced before the floor. No sooner than this, in milliseconds, whatever lifetime an issuer reports. */
const SHORTEST_EXPIRY_FLOOR_MS = 5 * 60_000;
/** An enabled workflow, ready to be asked about many tokens. */
export type Enabled = {
  readonly name: string;
  readonly due_at: string | null;
  readonly at: number;
  readonly text: () => string;
};

/** Null if it is disabled. */
export function enabled({ workflow_name: name, due_at, next_run }: WorkflowStatus): Enabled | null {
  const at = instantMs(due_at ?? next_run);
  if (at === null) return null;
  const text = due_at === null ? `workflow ${name}` : `workflow ${name} was due at ${due_at}`;
  return { name, due_at, at, text: () => text };
}

/** One reason that makes or will make a token due: when, and before when the floor forbids it. The text is made only when it is shown. */
export type Claim = {
  readonly trigger: Trigger;
  readonly at: number;
  readonly floor: number;
  readonly text: () => string;
};

/** Every claim on one token at `now` (milliseconds). `workflows`: the enabled ones that mean it. */
export function claimsOf(
  token: Token,
  state: TokenState,
  workflows: readonly Enabled[],
  now: number,
): Claim[] {
  const rotated = rotatedMs(state, now);
  const floor = rotated === null ? Number.NEGATIVE_INFINITY : rotated + FLOOR_MS;
  const { rule } = token;
  const claims: Claim[] = [];
  const { pending } = state;
  if (pending !== null) {
    claims.push({
      trigger: "pending",
      at: now,
      floor: now,
      text: () =>
        `resumes generation ${pending.generation}, which run ${pending.run_id} left unfinished`,
    });
  }
  if (isExposed(state, now)) {
    // An exposure dated ahead of this clock would outlive a rotation, so then the floor holds.
    const ahead = (instantMs(state.exposed_at) ?? now) > now;
    claims.push({
      trigger: "exposed",
      at: now,
      floor: ahead ? floor : now,
      text: () => "its value is in the git history",
    });
  }
  const expiry = endOf(token, state);
  if (expiry !== null) {
    const text = () => `${expiry <= now ? "expired" : "expires"} at ${toInstant(expiry)}`;
    claims.push({
      trigger: "expired",
      at: expiry - expiryLead(expiry, rotated),
      floor: expiryFloor(state, rotated),
      text,
    });
  }
  if (rule?.autoRotate) {
    if (rotated === null)
      claims.push({ trigger: "never_rotated", at: now, floor: now, text: () => "never rotated" });
    else {
      const at = rotated + rule.intervalHours * HOUR_MS;
      claims.push({
        trigger: "interval",
        at,
        floor,
        text: () => `interval of ${rule.intervalHours} h${at <= now ? " elapsed" : ""}`,
      });
    }
  }
  const workflowFloor = floor - FLOOR_MS + WORKFLOW_FLOOR_MS;
  for (const { at, text } of workflows)
    claims.push({ trigger: "workflow", at, floor: workflowFloor, text });
  // Only for a token under a schedule: a value that a person supplied and that failed must not be replaced by a random one.
  if (
    pending === null &&
    state.next_attempt_at &&
    (rule?.autoRotate || expiry !== null || workflows.length > 0)
  ) {
    claims.push({ trigger: "retry", at: now, floor, text: () => retryText(state) });
  }
  return claims;
}

function retryText({ failures }: TokenState): string {
  return failures === 0
    ? "passed over when it was due, since its declaration changed"
    : `attempt ${failures + 1}, after ${failures} that failed`;
}

/** The expiry that makes a token due by itself, if its rule says so. Without a rule, the expiry that its issuer reported. Schedules do not hold it back. */
function endOf(token: Token, state: TokenState): number | null {
  const wanted = token.rule === null ? Boolean(state.current?.expires_at) : token.rule.autoRotate;
  return wanted ? expiryMs(token, state) : null;
}

/** How long before its expiry a credential is due, in milliseconds. */
export function expiryLead(expiry: number, rotated: number | null): number {
  if (rotated === null) return EXPIRY_LEAD_MS;
  const lifetime = Math.max(0, expiry - rotated);
  return Math.min(
    EXPIRY_LEAD_MS,
    Math.floor(Math.max(lifetime / 5, Math.min(SHORTEST_EXPIRY_LEAD_MS, lifetime / 2))),
  );
}

/** Half of the lifetime that the issuer reported, if the floor would let the credential expire. */
function expiryFloor(state: TokenState, rotated: number | null): number {
  if (rotated === null) return Number.NEGATIVE_INFINITY;
  const half = Math.floor(((instantMs(state.current?.expires_at) ?? rotated) - rotated) / 2);
  return (
    rotated + (half <= 0 ? FLOOR_MS : Math.min(FLOOR_MS, Math.max(half, SHORTEST_EXPIRY_FLOOR_MS)))
  );
}
