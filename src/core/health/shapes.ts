// Reports of health, the suggestions and the overview.
import * as z from "zod";
import type { Immutable } from "../base/immutable.ts";
import { count, instant, names, rule, TOKEN_TYPES, workflow } from "../model/schema.ts";
import { historyEntry } from "../model/schema-state.ts";
import { HEALTH_STATUSES } from "./status.ts";

const tokenHealth = z.object({
  name: z.string(),
  status: z.enum(HEALTH_STATUSES),
  age_hours: z
    .number()
    .nullable()
    .describe(
      "Hours since the last rotation, to two decimals; null if there was none or its time is unclear",
    ),
  next_due: instant.nullable().describe("When a run would next rotate it; null if none would"),
  reason: z.string().describe("Why it has this status, for people"),
});
export type TokenHealth = Immutable<z.infer<typeof tokenHealth>>;

export const healthReportSchema = z.object({
  generated_at: instant,
  total_tokens: count.describe("All declared tokens"),
  needs_rotation: names.describe(
    "Names of tokens that should be rotated now: older than a limit, overdue by their own rule, expired or exposed",
  ),
  recently_rotated: names,
  never_rotated: names,
  high_risk: names.describe("Over the high-risk age, expired, or found in the git history"),
  tokens: z.array(tokenHealth),
});
export type HealthReport = Immutable<z.infer<typeof healthReportSchema>>;

const rotateRequest = z.object({
  method: z.literal("POST"),
  path: z.literal("/tokens/rotate"),
  body: z.object({ token_name: z.string() }),
});
export const setupRequestSchema = z.object({
  method: z.literal("POST"),
  path: z.literal("/tokens/setup-rotation"),
  body: z.object({
    token_name: z.string(),
    interval_hours: z.number(),
    auto_rotate: z.boolean(),
    notify: z.boolean(),
  }),
});
/** A call of the HTTP API that does what an action advises. */
const actionRequest = z.union([rotateRequest, setupRequestSchema]);

export const suggestionsSchema = z.object({
  suggestions: names.describe("Sentences for people, the most urgent first"),
  actions: z
    .array(
      z.object({
        token_name: z.string(),
        priority: z.enum(["high", "medium", "low"]),
        reason: z.string(),
        recommended_interval_hours: z.number(),
        request: actionRequest
          .nullable()
          .describe(
            "The request that does it; null if only a person can, and the reason says what",
          ),
      }),
    )
    .describe("The most urgent first. A token may have several: rotate it, and give it a rule"),
});
export type Suggestions = Immutable<z.infer<typeof suggestionsSchema>>;

export const tokenOverviewSchema = z.object({
  name: z.string(),
  type: z.enum(TOKEN_TYPES),
  issuer: z.string(),
  groups: names,
  destinations: names,
  generation: count,
  rotated_at: instant.nullable(),
  fingerprint: z.string().nullable().describe("A fingerprint, never a value; null if none is kept"),
  expires_at: instant.nullable(),
  pending: z.boolean().describe("Whether a rotation has begun and not ended"),
  failures: count,
});
export type TokenOverview = Immutable<z.infer<typeof tokenOverviewSchema>>;

export const workflowOverviewSchema = z.object({
  ...workflow.shape,
  resolved_tokens: names.describe("The tokens that it means today"),
  next_run: instant.nullable(),
  last_run_at: instant.nullable(),
});
export type WorkflowOverview = Immutable<z.infer<typeof workflowOverviewSchema>>;

export const statusSchema = z.object({
  tokens: z.record(z.string(), tokenOverviewSchema).describe("By name"),
  rules: z.record(z.string(), z.object(rule.shape)).describe("By the token's name"),
  workflows: z.record(z.string(), workflowOverviewSchema).describe("By name"),
  history: z.array(historyEntry).describe("The newest last"),
  health: healthReportSchema,
  suggestions: suggestionsSchema.shape.suggestions,
});
/** The complete overview. */
export type Status = Immutable<z.infer<typeof statusSchema>>;
