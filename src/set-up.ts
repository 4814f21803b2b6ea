// Setting rules and workflows: a request of somebody's as a change of the record.
import { requireAgentMay } from "./agents.ts";
import type { RuleRequest, RuleResult, WorkflowRequest, WorkflowResult } from "./app.ts";
import {
  declareRule,
  declareTokens,
  declareWorkflow,
  requireDeclared,
  requireValid,
  undeclaredMembers,
} from "./declare.ts";
import { withEntry } from "./entry.ts";
import { earlierRequest } from "./idempotency.ts";
import { nextDueOf } from "./plan.ts";
import { loadRecord, type RecordSource, reviseRecord } from "./record.ts";
import { nextOccurrence, parseSchedule } from "./schedule.ts";
import type { RequestMark, TokenConfig } from "./schema.ts";
import type { Home } from "./token.ts";
import { expandWorkflow, workflowTimezone } from "./workflows.ts";

type SetUpOptions = {
  readonly source: RecordSource;
  readonly home: Home;
  readonly clock: () => Date;
  readonly newRunId: () => string;
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
    const entry = {
      event: "rule_set",
      name,
      triggeredBy: request.triggeredBy,
      mark: request.mark,
      now,
      id: options.newRunId(),
    };
    return {
      config: withEntry(requireValid(changed, options.home), entry),
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
    const unknown = undeclaredMembers(fresh, tokens);
    if (!request.create) requireDeclared(fresh, unknown);
    const changed = declareWorkflow(
      declareTokens(fresh, unknown),
      name,
      { enabled: true, ...workflow },
      now,
    );
    if (isSame(changed, fresh) && !request.mark) return null;
    const entry = {
      event: "workflow_set",
      name: null,
      triggeredBy: { ...request.triggeredBy, workflow_name: name },
      mark: request.mark,
      now,
      id: options.newRunId(),
    };
    return {
      config: withEntry(requireValid(changed, options.home), entry),
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
function isDone(config: TokenConfig, mark: RequestMark | null | undefined): boolean {
  return mark ? earlierRequest(config, mark).kind === "done" : false;
}
