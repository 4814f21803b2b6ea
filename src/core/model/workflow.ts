// Workflows: their tokens, their time zones, and whether their schedules are due.
import { Misconfigured } from "../base/errors.ts";
import { instantMs, toInstant } from "../base/instant.ts";
import { nextOccurrence, parseSchedule } from "../schedule/schedule.ts";
import { nearest } from "./names.ts";
import { ALL_TOKENS, type TokenConfig, type Workflow } from "./schema.ts";

/** The time zone if neither the workflow nor the settings name one. */
const DEFAULT_TIMEZONE = "UTC";

/** A workflow's tokens, each once and in declaration order; and the members that name neither a token nor a group. */
export type Expansion = { readonly tokens: readonly string[]; readonly unknown: readonly string[] };

/** A workflow as it stands at one moment. */
export type WorkflowStatus = Expansion & {
  readonly workflow_name: string;
  readonly enabled: boolean;
  /** Enabled, but no run has recorded seeing it: it counts from the run that does. */
  readonly unseen: boolean;
  readonly due: boolean;
  /** The oldest occurrence since the last run that has come; ISO 8601. Null if it is not due. */
  readonly due_at: string | null;
  /** The first occurrence after this moment, and after the last run in the record; ISO 8601. Null if it is disabled. */
  readonly next_run: string | null;
};

/** The tokens that a list of members names. A member may be a token's name, a group's, or `ALL_TOKENS`. */
export function expandMembers(
  members: readonly string[],
  { tokens = {} }: Pick<TokenConfig, "tokens">,
): Expansion {
  const wanted = new Set(members);
  const known = new Set([ALL_TOKENS]);
  const meant: string[] = [];
  for (const [name, { groups = [] }] of Object.entries(tokens)) {
    // A member that names both a token and a group means both, so that nothing a person named is left out.
    const called = [ALL_TOKENS, name, ...groups];
    for (const each of called) known.add(each);
    if (called.some((each) => wanted.has(each))) meant.push(name);
  }
  return { tokens: meant, unknown: [...wanted].filter((member) => !known.has(member)) };
}

/** The tokens that a declared workflow names. Throws `Misconfigured` (`workflow-missing`) if it is not declared. */
export function expandWorkflow(config: TokenConfig, name: string): Expansion {
  return expandMembers(workflowOf(config, name).tokens, config);
}

/** The IANA zone of a workflow's schedule: its own, else the settings', else UTC. */
export function workflowTimezone(
  config: TokenConfig,
  workflow: Pick<Workflow, "timezone">,
): string {
  return workflow.timezone ?? config.settings?.timezone ?? DEFAULT_TIMEZONE;
}

/** The moment after which a workflow's occurrences count (ISO 8601): its last run in the record, else when a run first saw it, else null. */
export function workflowBase(config: TokenConfig, name: string): string | null {
  const states = config.state?.workflows ?? {};
  const state = Object.hasOwn(states, name) ? states[name] : undefined;
  return state?.last_run_at ?? state?.first_seen_at ?? null;
}

/** Every declared workflow at `now`, in declaration order. Throws `Misconfigured` for a schedule or zone that `parseConfig` would refuse. */
export function workflowStatuses(config: TokenConfig, now: Date): WorkflowStatus[] {
  return Object.keys(config.workflows ?? {}).map((name) => workflowStatus(config, name, now));
}

/** One declared workflow at `now`. Throws as `expandWorkflow` and `workflowStatuses`. */
export function workflowStatus(config: TokenConfig, name: string, now: Date): WorkflowStatus {
  const workflow = workflowOf(config, name);
  const what = { workflow_name: name, ...expandMembers(workflow.tokens, config) };
  if (workflow.enabled === false)
    return { ...what, enabled: false, unseen: false, due: false, due_at: null, next_run: null };
  const schedule = parseSchedule(workflow.schedule);
  const zone = workflowTimezone(config, workflow);
  const base = instantMs(workflowBase(config, name));
  const next_run = toInstant(
    nextOccurrence(schedule, zone, new Date(Math.max(now.getTime(), base ?? 0))).getTime(),
  );
  if (base === null)
    return { ...what, enabled: true, unseen: true, due: false, due_at: null, next_run };
  // What was missed since the base is one occurrence, the oldest, however many there were. A base ahead
  // of this clock was written by one that runs fast: nothing after it has come, so it is not due.
  const missed = nextOccurrence(schedule, zone, new Date(base)).getTime();
  const due = missed <= now.getTime();
  return {
    ...what,
    enabled: true,
    unseen: false,
    due,
    due_at: due ? toInstant(missed) : null,
    next_run,
  };
}

function workflowOf(config: TokenConfig, name: string): Workflow {
  const workflows = config.workflows ?? {};
  const workflow = Object.hasOwn(workflows, name) ? workflows[name] : undefined;
  if (workflow !== undefined) return workflow;
  const near = nearest(name, Object.keys(workflows));
  throw new Misconfigured(`there is no workflow ${JSON.stringify(name)}`, {
    code: "workflow-missing",
    hint:
      near.length > 0
        ? `Did you mean ${near.join(", ")}?`
        : "List them with `token-automation workflow list`.",
  });
}
