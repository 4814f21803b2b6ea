// A change as callers plan and apply it: one flat object, since agents fill those in best.
import * as z from "zod";
import { Misconfigured } from "../core/base/errors.ts";
import type { AgentChange } from "../core/config/agent-change.ts";
import { AGENT_OPERATIONS, type RequestMark } from "../core/model/schema.ts";
import { markOf } from "../core/record/request-mark.ts";
import type { ApiScope } from "./access/caller.ts";
import { type DispatchTarget, refuseInDispatch, WRITE_BY_COMMIT } from "./dispatch.ts";
import {
  idempotencyKey,
  intervalHours,
  members,
  replyLimit,
  schedule,
  timezone,
  tokenName,
  workflowName,
} from "./input/inputs.ts";
import { HttpProblem } from "./problem/problem.ts";

const fields = {
  operation: z
    .enum(AGENT_OPERATIONS)
    .describe("What to do. It decides which other fields are allowed"),
  token_name: tokenName.optional().describe("For rotate and setup_rotation: the token's name"),
  workflow_name: workflowName
    .optional()
    .describe("For run_workflow and create_workflow: the workflow's name"),
  interval_hours: intervalHours
    .optional()
    .describe("For setup_rotation: how many hours a value may live"),
  auto_rotate: z.boolean().optional().describe("For setup_rotation (default: true)"),
  notify: z.boolean().optional().describe("For setup_rotation (default: true)"),
  tokens: members
    .optional()
    .describe("For create_workflow: names of tokens or groups, or ALL_TOKENS"),
  schedule: schedule.optional().describe("For create_workflow: five cron fields"),
  timezone: timezone.optional().describe("For create_workflow: an IANA time zone"),
};

export const planned = z.strictObject({ ...fields, limit: replyLimit });
export const applied = z.strictObject({
  ...fields,
  digest: z
    .string()
    .regex(/^[0-9a-f]{64}$/, "must be the digest that the plan returned")
    .describe("The plan's digest. The other fields must be the plan's too"),
  idempotency_key: idempotencyKey.optional(),
  limit: replyLimit,
});

type Fields = Omit<z.infer<typeof planned>, "limit">;

/** The fields of each operation. Those in the second list are optional. */
const TAKES: Readonly<
  Record<
    Fields["operation"],
    readonly [required: readonly (keyof Fields)[], optional: readonly (keyof Fields)[]]
  >
> = {
  rotate: [["token_name"], []],
  run_workflow: [["workflow_name"], []],
  setup_rotation: [
    ["token_name", "interval_hours"],
    ["auto_rotate", "notify"],
  ],
  create_workflow: [["workflow_name", "tokens", "schedule"], ["timezone"]],
};

/** The change that the fields describe. Throws `Misconfigured` for fields that are missing or belong to another operation. */
export function readChange(given: Fields): AgentChange {
  const { operation } = given;
  const [required, optional] = TAKES[operation];
  const missing = required.filter((field) => given[field] === undefined);
  const known: readonly string[] = [...required, ...optional];
  const foreign = Object.keys(fields).filter(
    (field) => field !== "operation" && field in given && !known.includes(field),
  );
  if (missing.length + foreign.length > 0) {
    const problems = [
      ...missing.map((field) => `${field} is missing`),
      ...foreign.map((field) => `${field} belongs to another operation`),
    ];
    throw new Misconfigured(`${operation}: ${problems.join(", ")}`, {
      code: "change-invalid",
      hint: `It takes ${known.join(", ")}.`,
    });
  }
  const {
    token_name = "",
    workflow_name = "",
    interval_hours = 0,
    auto_rotate = true,
    notify = true,
  } = given;
  if (operation === "rotate") return { operation, token_name };
  if (operation === "run_workflow") return { operation, workflow_name };
  if (operation === "setup_rotation")
    return { operation, token_name, interval_hours, auto_rotate, notify };
  return {
    operation,
    workflow_name,
    tokens: given.tokens ?? [],
    schedule: given.schedule ?? "",
    timezone: given.timezone ?? null,
  };
}

const SCOPES: Readonly<Record<Fields["operation"], ApiScope>> = {
  rotate: "rotate",
  run_workflow: "rotate",
  setup_rotation: "admin",
  create_workflow: "admin",
};

/** Whether the caller has the scope that the change itself needs. */
export function mayApply({ operation }: AgentChange, may: (scope: ApiScope) => boolean): boolean {
  return may(SCOPES[operation]);
}

/** Throws `HttpProblem` 403. It names the missing scope and nothing more. */
export function requireMayApply(change: AgentChange, may: (scope: ApiScope) => boolean): void {
  if (mayApply(change, may)) return;
  throw new HttpProblem(403, `this needs the scope ${SCOPES[change.operation]}`, {
    code: "scope-missing",
  });
}

/** The inputs of the rotation workflow. Throws `HttpProblem` 422 for a change that the workflow does not do. */
export function workflowFor(change: AgentChange): DispatchTarget {
  if (change.operation === "rotate") return { command: "rotate", tokens: [change.token_name] };
  if (change.operation === "run_workflow")
    return { command: "workflow", workflow: change.workflow_name };
  return refuseInDispatch(
    change.operation === "setup_rotation" ? "set a rule" : "create a workflow",
    WRITE_BY_COMMIT,
  );
}

/** One plan is one request, with any key and however many copies arrive at once. So its approval is for one run. */
export function markOfPlan(change: AgentChange, digest: string): RequestMark {
  return markOf({ caller: "plan", key: digest, body: change });
}
