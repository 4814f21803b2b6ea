// The shape of token_config.json: one definition that validates, gives the types, and generates the JSON Schema.
import * as z from "zod";
import {
  closed,
  instant,
  LABEL_PATTERN,
  MAX_INTERVAL_HOURS,
  MAX_VALUE_BYTES,
  MIN_INTERVAL_HOURS,
  TOKEN_TYPES,
} from "./schema-base.ts";
import { destination } from "./schema-destinations.ts";
import { issuer } from "./schema-issuers.ts";
import { doneRequest, historyState, setTimes, tokenState, workflowState } from "./schema-state.ts";

export * from "./schema-base.ts";
export { DESTINATIONS, type DestinationDeclaration } from "./schema-destinations.ts";
export type {
  DeployKeyDeclaration,
  GenerateDeclaration,
  GithubAppDeclaration,
  ManualDeclaration,
} from "./schema-issuer-keys.ts";
export { fieldsOf, ISSUERS, type IssuerDeclaration, parseIssuer } from "./schema-issuers.ts";
export type * from "./schema-state.ts";

/** The longest overlap, in hours: ninety days. */
const MAX_OVERLAP_HOURS = 2_160;

const JOURNAL_MODES = ["auto", "sealed", "intent"] as const;
/** `required`: only once a consumer was seen with the new value; `when-seen`: also if no consumer was seen at all; `none`: at once. */
const PROOF_MODES = ["required", "when-seen", "none"] as const;

const token = closed({
  type: z.enum(TOKEN_TYPES).optional().describe("The kind of value (default: api_key)"),
  length: z
    .int()
    .min(1)
    .max(MAX_VALUE_BYTES)
    .optional()
    .describe("The whole value's length in characters, prefix included"),
  prefix: z
    .string()
    .max(255)
    .regex(/^[\x21-\x7e]*$/)
    .optional()
    .describe("What the value begins with: printable ASCII without spaces"),
  include_special: z
    .boolean()
    .optional()
    .describe("Whether punctuation is used beside letters and digits"),
  issuer: issuer.optional(),
  destinations: z.array(destination).min(1).optional(),
  groups: z
    .array(z.string().regex(LABEL_PATTERN))
    .optional()
    .describe("Names by which workflows refer to several tokens at once"),
  expires_at: instant.optional().describe("When the credential stops working by itself"),
  proof: z
    .enum(PROOF_MODES)
    .optional()
    .describe(
      "Which proof is needed before the previous credential is revoked (default: when-seen)",
    ),
  overlap_hours: z
    .number()
    .min(0)
    .max(MAX_OVERLAP_HOURS)
    .optional()
    .describe(
      "How many hours the previous credential keeps working after the new one is placed (default: 24)",
    ),
});

export const rule = closed({
  interval_hours: z
    .number()
    .min(MIN_INTERVAL_HOURS)
    .max(MAX_INTERVAL_HOURS)
    .describe("How many hours a credential may live"),
  auto_rotate: z
    .boolean()
    .optional()
    .describe("Whether a run rotates it when the interval has elapsed (default: true)"),
  notify: z
    .boolean()
    .optional()
    .describe("Whether its rotations are reported to the notifiers (default: true)"),
});

export const workflow = closed({
  tokens: z
    .array(z.string().min(1))
    .min(1)
    .describe("Names of tokens, names of groups, or ALL_TOKENS"),
  schedule: z.string().describe("Five cron fields, or @hourly, @daily, @weekly, @monthly, @yearly"),
  timezone: z.string().optional().describe("An IANA time zone (default: the settings' zone)"),
  enabled: z.boolean().optional().describe("Whether its schedule makes tokens due (default: true)"),
});

/** The operations of an agent that change something. */
export const AGENT_OPERATIONS = [
  "rotate",
  "run_workflow",
  "setup_rotation",
  "create_workflow",
] as const;
const agents = closed({
  enabled: z
    .boolean()
    .optional()
    .describe("Whether agents may change anything at all (default: true)"),
  approval: z
    .union([z.literal("all"), z.array(z.enum(AGENT_OPERATIONS))])
    .optional()
    .describe("Which of an agent's changes need a person's approval (default: none)"),
  ask_in: z
    .enum(["issue", "pull_request"])
    .optional()
    .describe(
      "Where a person is asked: an issue (approved by a comment), or a pull request (by a review or a comment) (default: issue)",
    ),
}).describe("What agents (MCP, and API keys marked as an agent's) may do; no operation changes it");

const days = z.number().positive().max(36_500);
const settings = closed({
  timezone: z
    .string()
    .optional()
    .describe("The IANA time zone of schedules that name none (default: UTC)"),
  health: closed({
    recently_rotated_hours: z
      .number()
      .positive()
      .max(876_000)
      .optional()
      .describe("Younger is recently_rotated (default: 24)"),
    should_rotate_days: days.optional().describe("Older is should_rotate (default: 7)"),
    needs_rotation_days: days.optional().describe("Older is needs_rotation (default: 14)"),
    high_risk_days: days.optional().describe("Older is high_risk (default: 30)"),
  })
    .optional()
    .describe("The ages at which a token's health changes"),
  journal: z
    .enum(JOURNAL_MODES)
    .optional()
    .describe(
      "Whether sealed boxes are committed before they are placed; auto: only if the repository is private",
    ),
  stuck_after: z
    .int()
    .min(1)
    .max(100)
    .optional()
    .describe("Failures in a row after which a token waits for a person (default: 8)"),
  max_rotations_per_day: z
    .int()
    .min(1)
    .max(1000)
    .optional()
    .describe("The most credentials that schedules may issue per token and UTC day (default: 30)"),
  failure_issue: z
    .boolean()
    .optional()
    .describe(
      "Whether an issue is opened on GitHub when a rotation fails, and closed when it recovers",
    ),
  agents: agents.optional(),
});

/** The whole of token_config.json. */
export const recordSchema = closed({
  $schema: z.string().optional().describe("Where editors find the JSON Schema"),
  version: z.literal(1).optional().describe("The version of this format"),
  settings: settings.optional().describe("Settings for every token"),
  tokens: z.record(z.string(), token).optional().describe("The secrets to rotate, by name"),
  rules: z
    .record(z.string(), rule)
    .optional()
    .describe("How often a token is rotated, by its name"),
  workflows: z
    .record(z.string(), workflow)
    .optional()
    .describe("Sets of tokens that are rotated together, on a schedule"),
  state: z
    .looseObject({
      tokens: z.record(z.string(), tokenState).optional(),
      workflows: z.record(z.string(), workflowState).optional(),
      history: historyState
        .optional()
        .describe("How many entries token_history/ holds, and the digest of the newest"),
      requests: z
        .record(z.string(), doneRequest)
        .optional()
        .describe("Requests with an idempotency key, for 24 hours after they were carried out"),
      set_at: setTimes
        .optional()
        .describe("When rules and workflows were last set through the program"),
    })
    .optional()
    .describe("Written by the program; not by hand"),
}).meta({
  title: "token_config.json",
  description: "The declarations and the record of token-automation",
});

/** A validated token_config.json, exactly as it stands in the file: readers apply the defaults and never write them back. */
export type TokenConfig = z.infer<typeof recordSchema>;
export type TokenDeclaration = z.infer<typeof token>;
export type Rule = z.infer<typeof rule>;
export type Workflow = z.infer<typeof workflow>;
export type Settings = z.infer<typeof settings>;
export type ProofMode = (typeof PROOF_MODES)[number];
export type AgentOperation = (typeof AGENT_OPERATIONS)[number];
export type TokenType = (typeof TOKEN_TYPES)[number];

/** The member that means every declared token. */
export const ALL_TOKENS = "ALL_TOKENS";
