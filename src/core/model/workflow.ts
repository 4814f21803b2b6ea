// Workflows: which tokens one means, in whose time zone, and whether its schedule has come round.
import { Misconfigured } from "../base/errors.ts";
import { instantMs, toInstant } from "../base/instant.ts";
import { nextOccurrence, parseSchedule } from "../schedule/schedule.ts";
import { nearest } from "./names.ts";
import { ALL_TOKENS, type TokenConfig, type Workflow } from "./schema.ts";

/** The time zone where neither the workflow nor the settings name one. */
const DEFAULT_TIMEZONE = "UTC";

/** The declared tokens by position and by group. Made once per config, so that many workflows over many tokens stay linear. */
export type GroupIndex = {
  /** Every declared name, in declaration order. */
  readonly names: readonly string[];
  /** The positions in `names` that a member means, or null where nothing is called so. */
  positionsOf(member: string): Iterable<number> | null;
};

/** What a workflow means: declared names, each once and in declaration order; and the members that nothing is called. */
export type Expansion = { readonly tokens: readonly string[]; readonly unknown: readonly string[] };

/** A workflow as it stands at one moment. */
export type WorkflowStatus = Expansion & {
  readonly workflow_name: string;
  readonly enabled: boolean;
  /** Enabled, but no run has recorded seeing it: it counts from the run that does. */
  readonly unseen: boolean;
  readonly due: boolean;
  /** The oldest occurrence since the last run that has come; ISO 8601. Null where it is not due. */
  readonly due_at: string | null;
  /** The first occurrence after this moment, and after what the record calls its last run; ISO 8601. Null where it is disabled. */
  readonly next_run: string | null;
};

const NO_GROUPS: readonly string[] = [];

/** Indexes the declared tokens; in full only when a member other than `ALL_TOKENS` is asked for. */
export function indexGroups(config: TokenConfig): GroupIndex {
  const names = Object.keys(config.tokens ?? {});
  let groups: ReturnType<typeof groupsIn> | null = null;
  let positions: ReadonlyMap<string, number> | null = null;
  return {
    names,
    positionsOf(member) {
      groups ??= groupsIn(config, names);
      const group = groups.get(member);
      if (!Object.hasOwn(config.tokens ?? {}, member)) return group ?? null;
      positions ??= new Map(names.map((name, position) => [name, position]));
      const token = positions.get(member) ?? 0;
      // A member that names both a token and a group means both, so that nothing a person named is left out.
      return group === undefined ? [token] : [token, ...group];
    },
  };
}

/** The positions of each group's tokens, in declaration order. */
function groupsIn(
  { tokens = {} }: TokenConfig,
  names: readonly string[],
): ReadonlyMap<string, readonly number[]> {
  const groups = new Map<string, number[]>();
  for (const [position, name] of names.entries()) {
    for (const group of tokens[name]?.groups ?? NO_GROUPS) {
      const members = groups.get(group);
      if (members === undefined) groups.set(group, [position]);
      // A declaration may name a group twice.
      else if (members.at(-1) !== position) members.push(position);
    }
  }
  return groups;
}

/** Which tokens a list of members means. A member may be a token's name, a group's, or `ALL_TOKENS`. */
export function expandMembers(members: readonly string[], index: GroupIndex): Expansion {
  const found = new Set<number>();
  const unknown: string[] = [];
  for (const member of new Set(members)) {
    if (member === ALL_TOKENS) continue;
    const positions = index.positionsOf(member);
    if (positions === null) unknown.push(member);
    else for (const position of positions) found.add(position);
  }
  if (members.includes(ALL_TOKENS)) return { tokens: index.names, unknown };
  const ordered = [...found].sort((a, b) => a - b);
  return { tokens: ordered.flatMap((position) => index.names[position] ?? []), unknown };
}

/** Which tokens a declared workflow means. Throws `Misconfigured` (`workflow-missing`) where nobody declared it. */
export function expandWorkflow(
  config: TokenConfig,
  name: string,
  index: GroupIndex = indexGroups(config),
): Expansion {
  return expandMembers(workflowOf(config, name).tokens, index);
}

/** The IANA zone of a workflow's schedule: its own, else the settings', else UTC. */
export function workflowTimezone(
  config: TokenConfig,
  workflow: Pick<Workflow, "timezone">,
): string {
  return workflow.timezone ?? config.settings?.timezone ?? DEFAULT_TIMEZONE;
}

/** From when a workflow's occurrences count, as the record has it (ISO 8601): its last run, else when a run first saw it, else null. */
export function workflowBase(config: TokenConfig, name: string): string | null {
  const states = config.state?.workflows ?? {};
  const state = Object.hasOwn(states, name) ? states[name] : undefined;
  return state?.last_run_at ?? state?.first_seen_at ?? null;
}

/** Every declared workflow at `now`, in declaration order. Throws `Misconfigured` for a schedule or zone that `parseConfig` would refuse. */
export function workflowStatuses(
  config: TokenConfig,
  now: Date,
  index: GroupIndex = indexGroups(config),
): WorkflowStatus[] {
  return Object.keys(config.workflows ?? {}).map((name) =>
    workflowStatus(config, name, now, index),
  );
}

/** One declared workflow at `now`. Throws as `expandWorkflow` and `workflowStatuses`. */
export function workflowStatus(
  config: TokenConfig,
  name: string,
  now: Date,
  index: GroupIndex = indexGroups(config),
): WorkflowStatus {
  const workflow = workflowOf(config, name);
  const what = { workflow_name: name, ...expandMembers(workflow.tokens, index) };
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
