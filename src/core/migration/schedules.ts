// The rules and workflows of a first-version file.

import { Misconfigured } from "../base/errors.ts";
import { seenName } from "../base/showable.ts";
import { isObject } from "../config/mistake.ts";
import {
  ALL_TOKENS,
  LABEL_PATTERN,
  MAX_INTERVAL_HOURS,
  MIN_INTERVAL_HOURS,
  type Rule,
  type Workflow,
} from "../model/schema.ts";
import { liveGeneration } from "../model/token.ts";
import { isTimeZone, parseSchedule } from "../schedule/schedule.ts";
import type { Notes } from "./notes.ts";
import { type Gathered, rotatedState, stateOf } from "./tokens.ts";

/** Stands in for a schedule that cannot be read; the workflow is then disabled. */
const PLACEHOLDER_SCHEDULE = "@daily";
const TIMES = ["last_rotation", "last_rotated"];

/** Reads the section `rotation_rules`; a rule for an undeclared token declares it, as `setup-rule` does. */
export function readRules(
  section: unknown,
  gathered: Gathered,
  notes: Notes,
): Record<string, Rule> {
  if (section === undefined) return {};
  if (!isObject(section)) {
    notes.warn("The section rotation_rules is not an object and was left out.");
    return {};
  }
  return Object.fromEntries(
    Object.entries(section).flatMap(([name, entry]) => {
      const rule = ruleOf(
        name,
        isObject(entry) ? entry : { interval_hours: entry },
        gathered,
        notes,
      );
      if (rule === null) return [];
      if (!gathered.tokens.has(name)) {
        gathered.tokens.set(name, {});
        notes.warn(
          `The token ${seenName(name)} had a rule only: it is now declared, as an api_key.`,
        );
      }
      return [[name, rule] as const];
    }),
  );
}

function ruleOf(
  name: string,
  entry: Record<string, unknown>,
  gathered: Gathered,
  notes: Notes,
): Rule | null {
  const given = entry.interval_hours;
  const hours =
    typeof given === "number" || (typeof given === "string" && /^\d+(\.\d+)?$/.test(given))
      ? Number(given)
      : Number.NaN;
  if (!Number.isFinite(hours)) {
    notes.warn(`The rule for ${seenName(name)} has no interval in hours and was left out.`);
    return null;
  }
  const interval_hours = Math.min(Math.max(hours, MIN_INTERVAL_HOURS), MAX_INTERVAL_HOURS);
  if (interval_hours !== hours)
    notes.warn(
      `The rule for ${seenName(name)} had an interval of ${hours} hours: it is now ${interval_hours}.`,
    );
  const rule: Rule = { interval_hours };
  for (const [key, content] of Object.entries(entry)) {
    if (key === "auto_rotate" && typeof content === "boolean") rule.auto_rotate = content;
    else if (key === "enabled" && content === false) rule.auto_rotate = false;
    else if (key === "notify" && typeof content === "boolean") rule.notify = content;
    else if (TIMES.includes(key)) noteRotation(name, notes.time(content), gathered);
    else if (key !== "interval_hours" && key !== "enabled" && key !== "token_name")
      notes.leftOut("rotation_rules", key);
  }
  return rule;
}

/** The rule's own note of the last rotation counts where the token has none. */
function noteRotation(name: string, rotated_at: string | null, gathered: Gathered): void {
  const state = stateOf(gathered, name);
  if (rotated_at === null || state.current?.rotated_at) return;
  gathered.states.set(name, rotatedState(liveGeneration(state), rotated_at));
}

/** Reads the section `workflows`: a map, or a list of objects with a name each. */
export function readWorkflows(
  section: unknown,
  gathered: Gathered,
  notes: Notes,
): Record<string, Workflow> {
  if (section === undefined) return {};
  const workflows = new Map<string, Workflow>();
  for (const [name, entry] of entriesOf(section, notes)) {
    const workflow = workflowOf(name, entry, gathered, notes);
    if (workflow !== null) workflows.set(freeName(name, workflows, notes), workflow);
  }
  return Object.fromEntries(workflows);
}

function entriesOf(section: unknown, notes: Notes): (readonly [string, unknown])[] {
  if (isObject(section)) return Object.entries(section);
  if (Array.isArray(section)) {
    return section.map((entry: unknown, index) => {
      const name = isObject(entry) ? (entry.workflow_name ?? entry.name) : undefined;
      return [typeof name === "string" ? name : `workflow_${index + 1}`, entry] as const;
    });
  }
  notes.warn("The section workflows is neither an object nor a list and was left out.");
  return [];
}

function freeName(name: string, taken: ReadonlyMap<string, unknown>, notes: Notes): string {
  const spelled = LABEL_PATTERN.test(name)
    ? name
    : name.replace(/[^A-Za-z0-9_.-]+/g, "_").replace(/^[.-]/, "_") || "workflow";
  let free = spelled;
  for (let number = 2; taken.has(free); number++) free = `${spelled}_${number}`;
  if (free !== name) notes.warn(`The workflow ${seenName(name)} is now called ${seenName(free)}.`);
  return free;
}

function workflowOf(
  name: string,
  entry: unknown,
  gathered: Gathered,
  notes: Notes,
): Workflow | null {
  const fields = isObject(entry) ? entry : { tokens: entry };
  const tokens = membersOf(name, fields.tokens, gathered, notes);
  if (tokens.length === 0) {
    notes.warn(`The workflow ${seenName(name)} names no declared token and was left out.`);
    return null;
  }
  const schedule = scheduleOf(name, fields.schedule, notes);
  const workflow: Workflow = { tokens, schedule: schedule ?? PLACEHOLDER_SCHEDULE };
  if (schedule === null || fields.enabled === false) workflow.enabled = false;
  const zone = fields.timezone;
  if (typeof zone === "string" && isTimeZone(zone)) workflow.timezone = zone;
  else if (zone !== undefined)
    notes.warn(`The workflow ${seenName(name)} has an unknown time zone: it now runs by UTC.`);
  const known = ["tokens", "schedule", "enabled", "timezone", "workflow_name", "name"];
  for (const key of Object.keys(fields)) if (!known.includes(key)) notes.leftOut("workflows", key);
  return workflow;
}

function membersOf(name: string, content: unknown, gathered: Gathered, notes: Notes): string[] {
  const listed: unknown[] = Array.isArray(content) ? content : [content];
  return listed.flatMap((member) => {
    if (typeof member === "string" && (member === ALL_TOKENS || gathered.tokens.has(member)))
      return [member];
    const what = typeof member === "string" ? seenName(member) : "something that is not a name";
    if (content !== undefined)
      notes.warn(
        `The workflow ${seenName(name)} names ${what}, which is not declared: it was left out there.`,
      );
    return [];
  });
}

function scheduleOf(name: string, content: unknown, notes: Notes): string | null {
  try {
    if (typeof content === "string") return parseSchedule(content).expression;
  } catch (error) {
    if (!(error instanceof Misconfigured)) throw error;
  }
  notes.warn(
    `The workflow ${seenName(name)} has no schedule that this version can read: it is disabled until you write one, as "17 2 * * *", and enable it.`,
  );
  return null;
}
