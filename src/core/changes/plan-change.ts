// Plan, approve, apply: a change that an agent wants is told first, approved where the record says so, and done only as it was told.

import { Denied, Failure } from "../base/errors.ts";
import type { AgentChange } from "../config/agent-change.ts";
import {
  isAgent,
  needsApproval,
  type PlanMark,
  planDigest,
  requireAgentMay,
} from "../config/agent-rules.ts";
import { declareWorkflow, requireDeclared, requireValid } from "../config/edit.ts";
import type { RequestMark, TokenConfig, TriggeredBy } from "../model/schema.ts";
import type { Home } from "../model/token.ts";
import { expandMembers, expandWorkflow } from "../model/workflow.ts";
import type { Approvals, AskIn } from "../ports/approvals.ts";
import type { Report } from "../ports/report.ts";
import { earlierRequest } from "../record/request-mark.ts";
import type { RunRequest } from "../run/request.ts";
import type { RuleRequest, WorkflowRequest } from "./set-up.ts";
import type { AppliedChange, PlannedChange, RuleResult, WorkflowResult } from "./shapes.ts";

/** The most names in one line of a plan. */
const NAMES_PER_LINE = 50;

export type ChangeOptions = {
  readonly app: {
    run(request: RunRequest): Promise<Report>;
    setupRule(request: RuleRequest): Promise<RuleResult>;
    createWorkflow(request: WorkflowRequest): Promise<WorkflowResult>;
  };
  readonly home: Home;
  readonly clock: () => Date;
  readonly config: () => Promise<TokenConfig>;
  /** Null if there is no person to ask: a record that is not on GitHub. */
  readonly approvals: (ask: AskIn) => Promise<Approvals | null>;
};

type By = { readonly triggeredBy: TriggeredBy; readonly mark?: RequestMark | null };
/** `asks`: false for a caller who could not apply the plan, and for whom no person is asked to approve it. */
type Planner = By & { readonly asks?: boolean };

/** Shows what a change would do, and asks a person to approve it if that is needed. Changes nothing of the record. Throws as the change itself would. */
export async function planChange(
  change: AgentChange,
  { triggeredBy, asks = true }: Planner,
  options: ChangeOptions,
): Promise<PlannedChange> {
  const config = await options.config();
  // Only whether agents may change anything: the approval is what the plan is for.
  requireAgentMay(config, {
    operation: change.operation,
    triggeredBy,
    plan: { change, digest: planDigest(config, change), approved: true },
  });
  const effects = await effectsOf(change, config, { triggeredBy, options });
  const digest = planDigest(config, change);
  if (!isAgent(triggeredBy) || !needsApproval(config.settings, change.operation)) {
    return { digest, change, effects, approval: { required: false, approved_by: null, url: null } };
  }
  const approvals = await options.approvals(config.settings?.agents?.ask_in ?? "issue");
  if (approvals === null) throw nobodyToAsk(change);
  if (!asks) {
    const found = await approvals.find(digest);
    return {
      digest,
      change,
      effects,
      approval: { required: true, approved_by: found?.approvedBy ?? null, url: found?.url ?? null },
    };
  }
  const title = `Approve: ${change.operation} ${"token_name" in change ? change.token_name : change.workflow_name}`;
  const approval = await approvals.request({
    digest,
    title,
    lines: effects,
    askedBy: triggeredBy.actor ?? triggeredBy.kind,
  });
  return {
    digest,
    change,
    effects,
    approval: { required: true, approved_by: approval.approvedBy, url: approval.url },
  };
}

/**
 * Does what was planned. Throws `Unchanged` (`record-moved`) where the record is no longer what the plan was made of, `Denied`
 * (`approval-required`) if an approval is missing, and what the change itself throws.
 */
export async function applyChange(
  change: AgentChange,
  planned: string,
  by: By,
  options: ChangeOptions,
): Promise<AppliedChange> {
  const { approvedBy, close } = await requireApproved(change, planned, by, options);
  const done = await perform(
    change,
    { ...by, plan: { digest: planned, change, approved: true } },
    options.app,
  );
  const nothing = { report: null, rule: null, workflow: null };
  return {
    digest: planned,
    operation: change.operation,
    approved_by: approvedBy,
    ...nothing,
    ...done,
    warnings: await close(),
  };
}

/** A plan that may be carried out. */
export type ApprovedPlan = {
  readonly approvedBy: string | null;
  /** To be called when it is done; says what could not be tidied up. */
  readonly close: () => Promise<readonly string[]>;
};

/** Throws as `applyChange` where the plan is out of date, or not approved although the record wants that. */
export async function requireApproved(
  change: AgentChange,
  planned: string,
  by: By,
  options: ChangeOptions,
): Promise<ApprovedPlan> {
  const config = await options.config();
  const { operation } = change;
  // What this very request began was judged then, and has itself moved the record since: it is told or finished, not done again.
  if (by.mark && earlierRequest(config, by.mark).kind !== "none")
    return { approvedBy: null, close: async () => [] };
  requireAgentMay(config, {
    operation,
    triggeredBy: by.triggeredBy,
    plan: { digest: planned, change, approved: true },
  });
  if (!isAgent(by.triggeredBy) || !needsApproval(config.settings, operation))
    return { approvedBy: null, close: async () => [] };
  const approvals = await options.approvals(config.settings?.agents?.ask_in ?? "issue");
  if (approvals === null) throw nobodyToAsk(change);
  const approval = await approvals.find(planned);
  if (approval?.approvedBy)
    return { approvedBy: approval.approvedBy, close: () => closed(approvals, planned) };
  throw new Denied(`this ${operation} is not approved yet`, {
    code: "approval-required",
    hint:
      approval === null
        ? "Plan it (POST /tokens/plan, plan_change) and have the plan approved."
        : `A person approves it at ${approval.url}`,
  });
}

type Performed = Partial<Pick<AppliedChange, "report" | "rule" | "workflow">>;

async function perform(
  change: AgentChange,
  by: By & { readonly plan: PlanMark },
  app: ChangeOptions["app"],
): Promise<Performed> {
  switch (change.operation) {
    case "rotate":
    case "run_workflow":
      return { report: await app.run({ ...runOf(change), ...by, dryRun: false }) };
    case "setup_rotation": {
      const {
        token_name: tokenName,
        interval_hours: intervalHours,
        auto_rotate: autoRotate,
        notify,
      } = change;
      return {
        rule: await app.setupRule({
          tokenName,
          intervalHours,
          autoRotate,
          notify,
          create: false,
          ...by,
        }),
      };
    }
    case "create_workflow": {
      const { workflow_name: workflowName, tokens, schedule, timezone } = change;
      return {
        workflow: await app.createWorkflow({
          workflowName,
          tokens,
          schedule,
          timezone,
          create: false,
          ...by,
        }),
      };
    }
  }
}

function runOf(
  change: Extract<AgentChange, { operation: "rotate" | "run_workflow" }>,
): Pick<RunRequest, "wanted"> {
  return change.operation === "rotate"
    ? { wanted: { kind: "tokens", names: [change.token_name], value: null, create: false } }
    : { wanted: { kind: "workflow", name: change.workflow_name } };
}

/** In words, for the person who approves it. Throws what the change itself would. */
async function effectsOf(
  change: AgentChange,
  config: TokenConfig,
  { triggeredBy, options }: By & { readonly options: ChangeOptions },
): Promise<string[]> {
  switch (change.operation) {
    case "rotate":
    case "run_workflow": {
      const { tokens } = await options.app.run({ ...runOf(change), triggeredBy, dryRun: true });
      return tokens.map(({ token_name, status, generation, destinations, reason }) =>
        status === "planned"
          ? `rotate ${token_name} to generation ${generation}, in ${destinations.map(({ id }) => id).join(", ")}`
          : `leave ${token_name} as it is: ${reason}`,
      );
    }
    case "setup_rotation": {
      requireDeclared(config, [change.token_name]);
      const before = config.rules?.[change.token_name];
      const was =
        before === undefined
          ? "it has no rule"
          : `now ${before.interval_hours} h${before.auto_rotate === false ? ", not by itself" : ""}`;
      return [
        `rotate ${change.token_name} every ${change.interval_hours} h${change.auto_rotate ? "" : ", not by itself"} (${was})`,
      ];
    }
    case "create_workflow": {
      requireDeclared(config, expandMembers(change.tokens, config).unknown);
      const { workflow_name: name, tokens, schedule, timezone } = change;
      const workflow = {
        tokens: [...tokens],
        schedule,
        ...(timezone === null ? {} : { timezone }),
      };
      const after = requireValid(
        declareWorkflow(config, name, { enabled: true, ...workflow }, options.clock()),
        options.home,
      );
      const replaces = Object.hasOwn(config.workflows ?? {}, name)
        ? ", in place of the one of that name"
        : "";
      const [first = "", ...rest] = linesOf(expandWorkflow(after, name).tokens);
      const when = `${schedule}${timezone === null ? "" : ` (${timezone})`}`;
      return [
        `run workflow ${name} on ${when} for ${first}${replaces}`,
        ...rest.map((line) => `and for ${line}`),
      ];
    }
  }
}

/** Names in lines that can be cut between. */
function linesOf(names: readonly string[]): string[] {
  const starts = names.flatMap((_name, index) => (index % NAMES_PER_LINE === 0 ? [index] : []));
  return starts.map((start) => names.slice(start, start + NAMES_PER_LINE).join(", "));
}

function nobodyToAsk({ operation }: AgentChange): Denied {
  return new Denied(
    `${operation} needs a person's approval, and the record is not on GitHub, so no person can be asked`,
    {
      code: "approval-required",
      hint: "A person does it with the CLI, or changes settings.agents.approval in the record.",
    },
  );
}

/** It is done, whether or not its issue could be closed. */
function closed(approvals: Approvals, digest: string): Promise<string[]> {
  return approvals.close(digest).then(
    () => [],
    (error: unknown) => [
      `what asked for the approval is still open: ${error instanceof Failure ? error.message : "it could not be closed"}`,
    ],
  );
}
