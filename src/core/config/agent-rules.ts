// The rules for agents: which changes are allowed and which need a person's approval. Pure.
import { Denied, Unchanged } from "../base/errors.ts";
import { digest } from "../credentials/fingerprint.ts";
import type { AgentOperation, Settings, TokenConfig, TriggeredBy } from "../model/schema.ts";
import { expandMembers, expandWorkflow } from "../model/workflow.ts";
import type { AgentChange } from "./agent-change.ts";

/** A plan that is being carried out, and whether a person has approved it. */
export type PlanMark = {
  readonly digest: string;
  readonly change: AgentChange;
  readonly approved: boolean;
};

type Asked = {
  readonly operation: AgentOperation;
  readonly triggeredBy: TriggeredBy;
  readonly plan?: PlanMark | null | undefined;
};

/** Whether the caller is a program that decides by itself what to ask for. */
export function isAgent({ kind, agent }: TriggeredBy): boolean {
  return kind === "mcp" || agent === true;
}

/** Whether the settings want a person to approve the operation. */
export function needsApproval(settings: Settings | undefined, operation: AgentOperation): boolean {
  const approval = settings?.agents?.approval ?? [];
  return approval === "all" || approval.includes(operation);
}

/**
 * Judges a caller's operation by the record as it is now, right before it is done.
 * Throws `Denied` (`agents-off`, `approval-required`) and, for a plan that was made of another record, `Unchanged` (`record-moved`).
 */
export function requireAgentMay(
  config: TokenConfig,
  { operation, triggeredBy, plan }: Asked,
): void {
  if (plan && planDigest(config, plan.change) !== plan.digest) throw recordMoved();
  requireAgentsOn(config, triggeredBy);
  if (!isAgent(triggeredBy)) return;
  if (plan?.approved || !needsApproval(config.settings, operation)) return;
  throw new Denied(`${operation} needs a person's approval`, {
    code: "approval-required",
    hint: "Plan the change first (POST /tokens/plan, plan_change): a person approves the plan, and then it can be applied.",
  });
}

/** Throws `Denied` (`agents-off`) where an agent asks and the record lets none change anything. */
export function requireAgentsOn(config: TokenConfig, triggeredBy: TriggeredBy): void {
  if (!isAgent(triggeredBy) || config.settings?.agents?.enabled !== false) return;
  throw new Denied("agents are switched off for this record", {
    code: "agents-off",
    hint: "A person switches them on again: settings.agents.enabled in the record. No operation can.",
  });
}

/**
 * The digest of a plan: of the change, and of all that the record holds of what it is about. Any other rotation, rule or
 * setting in between makes it another one. SHA-256, in hexadecimal digits.
 */
export function planDigest(config: TokenConfig, change: AgentChange): string {
  const { settings = {} } = config;
  const names = namesOf(config, change);
  const parts = names.map((name) => partsOf(config, name));
  return digest(
    JSON.stringify([
      change,
      settings,
      ...parts,
      workflowOf(config, change),
      lastSetOf(config, change, names),
    ]),
  );
}

function recordMoved(): Unchanged {
  return new Unchanged(
    "the record has moved since the plan was made, so it is not what was planned or approved",
    {
      code: "record-moved",
      hint: "Nothing was changed. Plan it again and look at what it would do now.",
    },
  );
}

/** The tokens that the change is about: of a group, those that it has now. */
function namesOf(config: TokenConfig, change: AgentChange): readonly string[] {
  if ("token_name" in change) return [change.token_name];
  if (change.operation === "create_workflow") {
    const { tokens, unknown } = expandMembers(change.tokens, config);
    return [...tokens, ...unknown];
  }
  return Object.hasOwn(config.workflows ?? {}, change.workflow_name)
    ? expandWorkflow(config, change.workflow_name).tokens
    : [];
}

function partsOf(
  { tokens = {}, rules = {}, state = {} }: TokenConfig,
  name: string,
): readonly unknown[] {
  const own = <Value>(of: Readonly<Record<string, Value>> | undefined) =>
    of !== undefined && Object.hasOwn(of, name) ? of[name] : null;
  return [name, own(tokens), own(rules), own(state.tokens)];
}

/** So that what was set back by hand is not what was planned before: one approval is for one change. */
function lastSetOf(
  { state: { set_at: setAt = {} } = {} }: TokenConfig,
  change: AgentChange,
  names: readonly string[],
): readonly (string | null)[] {
  const own = (times: Readonly<Record<string, string>> | undefined, name: string) =>
    times !== undefined && Object.hasOwn(times, name) ? (times[name] ?? null) : null;
  const workflow = "workflow_name" in change ? own(setAt.workflows, change.workflow_name) : null;
  return [workflow, ...names.map((name) => own(setAt.rules, name))];
}

function workflowOf({ workflows = {} }: TokenConfig, change: AgentChange): unknown {
  return "workflow_name" in change && Object.hasOwn(workflows, change.workflow_name)
    ? workflows[change.workflow_name]
    : null;
}
