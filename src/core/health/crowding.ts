// Where credentials stand in line: an overlap longer than a service has room for, and old ones that could not be revoked. Pure.
import { HOUR_MS, instantMs } from "../base/instant.ts";
import type { TokenConfig, TokenState } from "../model/schema.ts";
import type { Token } from "../model/token.ts";
import { type WorkflowStatus, workflowStatuses, workflowTimezone } from "../model/workflow.ts";
import { nextOccurrence, parseSchedule } from "../schedule/schedule.ts";

/** The access keys that an IAM user may have: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html */
const AWS_KEYS = 2;

/** Asks of tokens, in words, why the next credential may find no room; null where it will. Schedules are read once, and only where needed. */
export function crowding(config: TokenConfig, now: Date): (token: Token) => string | null {
  let statuses: readonly WorkflowStatus[] | null = null;
  return (token) => {
    const room = roomOf(token);
    if (room === null || token.overlapHours === 0) return null;
    statuses ??= workflowStatuses(config, now);
    const rhythm = shortestRhythm(token, statuses, config);
    if (rhythm === null || token.overlapHours < rhythm * (room.count - 1)) return null;
    const due = Math.round(rhythm * 100) / 100;
    return `it is due every ${due} h, and overlap_hours is ${token.overlapHours}: ${room.text} may be taken then. Make overlap_hours shorter${room.more}`;
  };
}

type Room = { readonly count: number; readonly text: string; readonly more: string };

/** How many credentials can work side by side; null where any number can, or where there is no overlap at all. */
function roomOf({ issuing }: Token): Room | null {
  if (issuing.use === "aws_iam")
    return { count: AWS_KEYS, text: `the ${AWS_KEYS} keys that AWS allows`, more: "" };
  if (issuing.use !== "postgres" && issuing.use !== "mysql") return null;
  const count = issuing.users.length;
  return count < 2 ? null : { count, text: `its ${count} users`, more: ", or name another user" };
}

/** Hours between one time that it is due and the next, by its rule or the most frequent workflow; null where neither rotates it. */
function shortestRhythm(
  token: Token,
  statuses: readonly WorkflowStatus[],
  config: TokenConfig,
): number | null {
  const own = token.rule?.autoRotate ? [token.rule.intervalHours] : [];
  const workflows = statuses.flatMap(({ workflow_name, tokens, next_run }) => {
    const workflow = config.workflows?.[workflow_name];
    const next = instantMs(next_run);
    if (workflow === undefined || next === null || !tokens.includes(token.name)) return [];
    const after = nextOccurrence(
      parseSchedule(workflow.schedule),
      workflowTimezone(config, workflow),
      new Date(next),
    );
    return [(after.getTime() - next) / HOUR_MS];
  });
  const all = [...own, ...workflows];
  return all.length === 0 ? null : Math.min(...all);
}

/** Which replaced credentials could not be revoked when it was time, in words; null where there are none. */
export function lingering({ retiring }: TokenState): string | null {
  const failed = (retiring ?? []).filter(({ failures }) => failures > 0);
  if (failed.length === 0) return null;
  const told = failed.map(({ generation, last_error }) => {
    const why = last_error === null ? "" : ` (${last_error.message})`;
    return `generation ${generation} could not be revoked yet, and may still work${why}`;
  });
  return told.join("; ");
}
