// Dates in the record so far ahead of the clock that schedules would wait for them in silence. Pure.
import { DAY_MS, instantMs } from "../base/instant.ts";
import type { TokenConfig } from "../model/schema.ts";
import { tokenState } from "../model/token.ts";
import { workflowBase } from "../model/workflow.ts";

/** Clocks differ and step back by minutes or hours; a date further ahead than this, in milliseconds, was written by a wrong one. */
const WRONG_CLOCK_MS = DAY_MS;

/** True if a date in the record lies further ahead than clocks differ. */
export function isFarAhead(at: string | null | undefined, now: Date): boolean {
  return (instantMs(at) ?? 0) > now.getTime() + WRONG_CLOCK_MS;
}

/**
 * Warnings about such dates, which only a rotation by name ends. No schedule rotates for them: if
 * this clock is the wrong one, each of its runs would.
 */
export function aheadWarnings(config: TokenConfig, now: Date): string[] {
  const why = "which is ahead of this clock, so no schedule rotates";
  const tokens = Object.keys(config.tokens ?? {}).flatMap((name) => {
    const at = tokenState(config, name).current?.rotated_at;
    if (!isFarAhead(at, now)) return [];
    return [
      `${name}: the record says that it was rotated at ${at}, ${why} it before then. If that date is wrong, rotate it by name.`,
    ];
  });
  const workflows = Object.entries(config.workflows ?? {}).flatMap(([name, { enabled }]) => {
    const at = workflowBase(config, name);
    if (enabled === false || !isFarAhead(at, now)) return [];
    return [
      `The record says that the workflow ${name} ran at ${at}, ${why} its tokens for it before then. If that date is wrong, run it by name.`,
    ];
  });
  return [...tokens, ...workflows];
}
