// Tokens whose value a person makes: when the next one is due, and what is said of it. Pure.

import { DAY_MS, HOUR_MS, toInstant } from "../base/instant.ts";
import type { ManualDeclaration, TokenState } from "../model/schema.ts";
import { liveGeneration, type Token } from "../model/token.ts";
import type { Reminder } from "../ports/notifier.ts";
import { expiryMs, isExposed, rotatedMs } from "./condition.ts";

/** How long before a value is due its owner is reminded, in days. */
const DEFAULT_LEAD_DAYS = 7;

/** A token that waits for a person to hand in its next value. */
export type Waiting = {
  readonly trigger: "exposed" | "expired" | "never_rotated" | "interval";
  readonly why: string;
  /** By when it is to be handed in, in milliseconds. */
  readonly dueAt: number;
};

/** The declaration of a token whose value a person makes; null for any other. */
export function manualOf({ issuing }: Token): ManualDeclaration | null {
  return issuing.use === "manual" ? issuing : null;
}

/**
 * Why a token waits for a person at `now` (milliseconds), which it does from its lead time before the value is due.
 * Schedules of workflows do not make it due: they are a program's pace, not a person's. Null for tokens that an issuer makes.
 */
export function waitingOf(token: Token, state: TokenState, now: number): Waiting | null {
  const manual = manualOf(token);
  // A value that was handed in and journalled only has to be placed.
  if (manual === null || state.pending?.boxes) return null;
  const lead = (manual.lead_days ?? DEFAULT_LEAD_DAYS) * DAY_MS;
  const first = deadlines(token, state, now).sort((one, other) => one.dueAt - other.dueAt)[0];
  return first !== undefined && first.dueAt - lead <= now ? first : null;
}

function deadlines(token: Token, state: TokenState, now: number): Waiting[] {
  const found: Waiting[] = [];
  if (isExposed(state, now))
    found.push({ trigger: "exposed", dueAt: now, why: "its value is in the git history" });
  if (token.rule?.autoRotate === false) return found;
  const expiry = expiryMs(token, state);
  if (expiry !== null) {
    found.push({
      trigger: "expired",
      dueAt: expiry,
      why: `it ${expiry <= now ? "expired" : "expires"} at ${toInstant(expiry)}`,
    });
  }
  if (token.rule === null) return found;
  const rotated = rotatedMs(state, now);
  const { intervalHours } = token.rule;
  if (rotated === null)
    found.push({ trigger: "never_rotated", dueAt: now, why: "it was never rotated" });
  else
    found.push({
      trigger: "interval",
      dueAt: rotated + intervalHours * HOUR_MS,
      why: `its interval is ${intervalHours} h`,
    });
  return found;
}

/** The reason in plans, reports and health. */
export function waitingText(token: Token, { why, dueAt }: Waiting, now: number): string {
  const owner = manualOf(token)?.owner ?? "a person";
  const by = dueAt <= now ? "now" : `by ${toInstant(dueAt)}`;
  return `waits for ${owner} to hand in a new value ${by}: ${why}`;
}

/** The reminder for its owner. */
export function reminderOf(
  token: Token,
  state: TokenState,
  { why, dueAt }: Waiting,
  now: number,
): Reminder {
  const { owner, steps, url } = manualOf(token) ?? {};
  return {
    token_name: token.name,
    generation: liveGeneration(state),
    owner: owner ?? null,
    steps: steps ?? [],
    url: url ?? null,
    due_at: toInstant(dueAt),
    overdue: dueAt <= now,
    why,
  };
}
