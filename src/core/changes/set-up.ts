// Setting rules and workflows: a caller's request as a change of the record.
import { type PlanMark, requireAgentMay } from "../config/agent-rules.ts";
import {
  declareRule,
  declareTokens,
  declareWorkflow,
  requireDeclared,
  requireValid,
} from "../config/edit.ts";
import type { RequestMark, TokenConfig, TriggeredBy } from "../model/schema.ts";
import type { Home } from "../model/token.ts";
import { expandMembers, expandWorkflow, workflowTimezone } from "../model/workflow.ts";
import { nextDueOf } from "../plan/plan.ts";
import { entryOf, loadRecord, type RecordSource, reviseRecord } from "../record/record.ts";
import { earlierRequest, withDone } from "../record/request-mark.ts";
import { nextOccurrence, parseSchedule } from "../schedule/schedule.ts";
import type { RuleResult, WorkflowResult } from "./shapes.ts";

type SetUpOptions = {
  readonly source: RecordSource;
  readonly home: Home;
  readonly clock: () => Date;
};

/** Sets a token's rule. Throws `Misconfigured` for names and values that the record would refuse, `Denied` as `requireAgentMay`. */
export async function setupRule(request: RuleRequest, options: SetUpOptions): Promise<RuleResult> {
  const { tokenName: name } = request;
  const now = options.clock();
  const rule = {
    interval_hours: request.intervalHours,
    auto_rotate: request.autoRotate,
    notify: request.notify,
  };
  const loaded = await loadRecord(options.source);
  let again = false;
  const { record, commit } = await reviseRecord(options.source, loaded, (fresh) => {
    again = isDone(fresh, request.mark);
    if (again) return null;
    requireAgentMay(fresh, { operation: "setup_rotation", ...request });
    if (!request.create) requireDeclared(fresh, [name]);
    const changed = declareRule(declareTokens(fresh, [name]), name, rule);
    if (isSame(changed, fresh) && !request.mark) return null;
    const { triggeredBy } = request;
    return {
      config: noted(requireValid(changed, options.home), request.mark, { rules: name, now }),
      entries: [entryOf({ event: "rule_set", name, triggeredBy, now })],
      message: `token-automation: set the rule of ${name} [skip ci]`,
    };
  });
  const next_rotation = nextDueOf(record.config, options.home, name, now);
  return { token_name: name, ...rule, next_rotation, commit, ...(again ? { replayed: true } : {}) };
}

/** Sets a workflow. Throws as `setupRule`. */
export async function createWorkflow(
  request: WorkflowRequest,
  options: SetUpOptions,
): Promise<WorkflowResult> {
  const { workflowName: name, tokens, schedule } = request;
  const now = options.clock();
  const workflow = {
    tokens: [...tokens],
    schedule,
    ...(request.timezone === null ? {} : { timezone: request.timezone }),
  };
  const loaded = await loadRecord(options.source);
  let again = false;
  const { record, commit } = await reviseRecord(options.source, loaded, (fresh) => {
    again = isDone(fresh, request.mark);
    if (again) return null;
    requireAgentMay(fresh, { operation: "create_workflow", ...request });
    const unknown = expandMembers(tokens, fresh).unknown;
    if (!request.create) requireDeclared(fresh, unknown);
    const changed = declareWorkflow(
      declareTokens(fresh, unknown),
      name,
      { enabled: true, ...workflow },
      now,
    );
    if (isSame(changed, fresh) && !request.mark) return null;
    const triggeredBy = { ...request.triggeredBy, workflow_name: name };
    return {
      config: noted(requireValid(changed, options.home), request.mark, { workflows: name, now }),
      entries: [entryOf({ event: "workflow_set", name: null, triggeredBy, now })],
      message: `token-automation: set the workflow ${name} [skip ci]`,
    };
  });
  const timezone = workflowTimezone(record.config, workflow);
  return {
    workflow_name: name,
    tokens: workflow.tokens,
    resolved_tokens: expandWorkflow(record.config, name).tokens,
    schedule,
    timezone,
    next_run: nextOccurrence(parseSchedule(schedule), timezone, now).toISOString(),
    commit,
    ...(again ? { replayed: true } : {}),
  };
}

function isSame(one: TokenConfig, other: TokenConfig): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** Whether the request was carried out before. Throws `Misconfigured` where its key marks another. */
/** The config that says when it was set, so that a plan made before is known to be an old one, and for which request. */
function noted(
  config: TokenConfig,
  mark: RequestMark | null | undefined,
  set: { readonly rules?: string; readonly workflows?: string; readonly now: Date },
): TokenConfig {
  const { now } = set;
  const before = config.state?.set_at ?? {};
  const rules = set.rules === undefined ? {} : { [set.rules]: now.toISOString() };
  const workflows = set.workflows === undefined ? {} : { [set.workflows]: now.toISOString() };
  const set_at = {
    ...before,
    rules: { ...before.rules, ...rules },
    workflows: { ...before.workflows, ...workflows },
  };
  const stamped = { ...config, state: { ...config.state, set_at } };
  return withDone(stamped, mark ? [mark] : [], { now, runId: null, token: null });
}

function isDone(config: TokenConfig, mark: RequestMark | null | undefined): boolean {
  return mark ? earlierRequest(config, mark).kind === "done" : false;
}

export type RuleRequest = {
  readonly tokenName: string;
  readonly intervalHours: number;
  readonly autoRotate: boolean;
  readonly notify: boolean;
  /** Whether an undeclared token is declared; else it is refused with the nearest names. */
  readonly create: boolean;
  readonly triggeredBy: TriggeredBy;
  /** As in `RunRequest`. */
  readonly mark?: RequestMark | null;
  readonly plan?: PlanMark;
};

export type WorkflowRequest = {
  readonly workflowName: string;
  readonly tokens: readonly string[];
  readonly schedule: string;
  readonly timezone: string | null;
  /** As in `RuleRequest`. */
  readonly create: boolean;
  readonly triggeredBy: TriggeredBy;
  /** As in `RunRequest`. */
  readonly mark?: RequestMark | null;
  readonly plan?: PlanMark;
};
