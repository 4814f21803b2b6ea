// The shape of token_config.json: one definition that validates, gives the types, and generates the JSON Schema.
import * as z from "zod";

/** GitHub's limit on the length of a secret's name, in characters. */
export const MAX_NAME_LENGTH = 255;
/** GitHub's limit on a secret's value, in bytes (48 KB): docs.github.com, "Limits for secrets". */
export const MAX_VALUE_BYTES = 48 * 1024;
/** The floor under a rotation interval, in hours, so that no mistake rotates in a loop. */
export const MIN_INTERVAL_HOURS = 1;
/** The longest interval that still means anything, in hours: ten years. */
export const MAX_INTERVAL_HOURS = 87_600;

/** The longest overlap, in hours: ninety days. */
const MAX_OVERLAP_HOURS = 2_160;

/** What GitHub accepts as a secret's name (its `GITHUB_` prefix rule depends on the destination). */
export const NAME_PATTERN = /^[A-Za-z_][A-Za-z0-9_]*$/;
/** What a workflow or a group may be called. */
export const LABEL_PATTERN = /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/;
const REPOSITORY_PATTERN = /^[A-Za-z0-9_-]{1,100}\/[A-Za-z0-9._-]{1,100}$/;

export const TOKEN_TYPES = ["api_key", "github_pat", "secret_key", "password", "custom"] as const;
export const ISSUERS = ["generate"] as const;
export const DESTINATIONS = ["actions", "vault"] as const;
const JOURNAL_MODES = ["auto", "sealed", "intent"] as const;
/** `required`: only once a consumer was seen with the new value; `when-seen`: or where none was seen at all; `none`: at once. */
const PROOF_MODES = ["required", "when-seen", "none"] as const;
const TRIGGER_KINDS = ["schedule", "workflow_dispatch", "api", "cli", "scheduler", "mcp"] as const;

/**
 * An object that knows its keys. Keys that begin with `x-` belong to the person who wrote them: the
 * JSON Schema says so with `patternProperties`, and `parseConfig` passes them over, since zod cannot.
 */
function closed<Shape extends z.core.$ZodLooseShape>(shape: Shape, meta: { description?: string } = {}) {
  return z.strictObject(shape).meta({ ...meta, patternProperties: { "^x-": {} } });
}

const instant = z.iso.datetime({ offset: true });
const count = z.int().min(0);
const secretName = z.string().min(1).max(MAX_NAME_LENGTH).regex(NAME_PATTERN);
const repository = z.string().regex(REPOSITORY_PATTERN).describe("owner/name; the record's own repository unless given");
const secret = z
  .union([secretName, z.record(secretName, z.string().min(1))])
  .describe("The secret's name there; or a map from secret name to the credential's field");

const destination = z
  .discriminatedUnion("to", [
    closed(
      { to: z.literal("actions"), repository: repository.optional(), secret: secret.optional() },
      { description: "A repository's Actions secret" },
    ),
    closed({ to: z.literal("vault"), secret: secret.optional() }, { description: "The encrypted vault beside a local record" }),
  ])
  .describe("Where consumers read the credential");

const issuer = z
  .discriminatedUnion("use", [closed({ use: z.literal("generate") }, { description: "Makes random values; this is the default" })])
  .describe("Who makes the credential");

const token = closed({
  type: z.enum(TOKEN_TYPES).optional().describe("What kind of value is made; api_key unless given"),
  length: z.int().min(1).max(MAX_VALUE_BYTES).optional().describe("The whole value's length in characters, prefix included"),
  prefix: z
    .string()
    .max(255)
    .regex(/^[\x21-\x7e]*$/)
    .optional()
    .describe("What the value begins with: printable ASCII without spaces"),
  include_special: z.boolean().optional().describe("Whether punctuation is used beside letters and digits"),
  issuer: issuer.optional(),
  destinations: z.array(destination).min(1).optional(),
  groups: z.array(z.string().regex(LABEL_PATTERN)).optional().describe("Names by which workflows mean several tokens at once"),
  expires_at: instant.optional().describe("When the credential stops working by itself"),
  proof: z.enum(PROOF_MODES).optional().describe("What must be seen before the previous credential is revoked; when-seen unless given"),
  overlap_hours: z
    .number()
    .min(0)
    .max(MAX_OVERLAP_HOURS)
    .optional()
    .describe("How long the previous credential keeps working after the new one is placed; 24 unless given"),
});

const rule = closed({
  interval_hours: z.number().min(MIN_INTERVAL_HOURS).max(MAX_INTERVAL_HOURS).describe("How many hours a credential may live"),
  auto_rotate: z.boolean().optional().describe("Whether a run rotates it when the interval has elapsed; true unless given"),
  notify: z.boolean().optional().describe("Whether rotations of it are told to the notifiers; true unless given"),
});

const workflow = closed({
  tokens: z.array(z.string().min(1)).min(1).describe("Names of tokens, names of groups, or ALL_TOKENS"),
  schedule: z.string().describe("Five cron fields, or @hourly, @daily, @weekly, @monthly, @yearly"),
  timezone: z.string().optional().describe("An IANA time zone; the settings' zone unless given"),
  enabled: z.boolean().optional().describe("Whether its schedule makes tokens due; true unless given"),
});

const days = z.number().positive().max(36_500);
const settings = closed({
  timezone: z.string().optional().describe("The IANA time zone of schedules that name none; UTC unless given"),
  health: closed({
    recently_rotated_hours: z.number().positive().max(876_000).optional().describe("Younger is recently_rotated; 24 unless given"),
    should_rotate_days: days.optional().describe("Older is should_rotate; 7 unless given"),
    needs_rotation_days: days.optional().describe("Older is needs_rotation; 14 unless given"),
    high_risk_days: days.optional().describe("Older is high_risk; 30 unless given"),
  })
    .optional()
    .describe("From which age a token has which health"),
  journal: z
    .enum(JOURNAL_MODES)
    .optional()
    .describe("Whether sealed boxes are committed before they are placed; auto: only where the repository is private"),
  stuck_after: z.int().min(1).max(100).optional().describe("Failures in a row after which a token waits for a person; 8 unless given"),
  max_rotations_per_day: z
    .int()
    .min(1)
    .max(1000)
    .optional()
    .describe("Credentials issued per token and UTC day, whatever asks for them on schedule; 30 unless given"),
  failure_issue: z.boolean().optional().describe("Whether an issue is opened on GitHub when a rotation fails, and closed when it recovers"),
  history_limit: z.int().min(10).max(100_000).optional().describe("Entries kept here, 1000 unless given; older ones go to token_history/"),
});

// What the program itself writes. Loose, so that a newer version's fields survive an older one.
const failure = z.looseObject({ at: instant, code: z.string(), message: z.string() });
const placement = z.looseObject({
  status: z.enum(["placed", "failed"]),
  generation: count,
  placed_at: instant.nullable(),
  error: failure.nullable().optional(),
});
const pending = z.looseObject({
  generation: z.int().min(1),
  stage: z.enum(["intent", "issued", "sealed"]),
  run_id: z.string(),
  started_at: instant,
  lease_until: instant,
  declaration: z.string().describe("Digest of the token's declaration, to see whether it has changed since"),
  fingerprint: z.string().nullable(),
  ref: z.string().nullable(),
  issuer: z.string().optional(),
  expires_at: instant.nullable().optional(),
  destinations: z.array(z.string()).describe("Ids of all destinations that this generation goes to"),
  boxes: z
    .record(z.string(), z.looseObject({ key_id: z.string(), sealed: z.string() }))
    .nullable()
    .describe("By destination; null where boxes are not journalled"),
});
const triggeredBy = z.looseObject({
  kind: z.enum(TRIGGER_KINDS),
  actor: z.string().nullable().optional(),
  workflow_name: z.string().nullable().optional(),
  run_url: z.string().nullable().optional(),
});
/** A credential that a newer one has replaced and that is still to be revoked. */
const retiring = z.looseObject({
  generation: count,
  ref: z.string(),
  fingerprint: z.string().nullable(),
  issuer: z.string(),
  replaced_at: instant.nullable().describe("When a newer one was placed everywhere; null until then"),
  proved_at: instant.nullable().describe("When a consumer was first seen with a newer one"),
  never_placed: z.boolean().optional().describe("Whether no destination can have got it, so that nobody waits for its overlap"),
  failures: count,
  last_error: failure.nullable(),
});
const tokenState = z.looseObject({
  generation: count,
  rotated_at: instant.nullable(),
  fingerprint: z.string().nullable(),
  ref: z.string().nullable().optional(),
  issuer: z.string().optional().describe("Who made the credential in place"),
  expires_at: instant.nullable().optional(),
  destinations: z.record(z.string(), placement),
  pending: pending.nullable(),
  failures: count,
  last_error: failure.nullable(),
  next_attempt_at: instant.nullable().optional(),
  abandoned_generation: count.optional().describe("The highest generation that was given up: its number is never used again"),
  stuck_at: instant.nullable().optional().describe("Since when it waits for a person"),
  proved_at: instant.nullable().optional().describe("When a consumer was first seen with this generation"),
  seen_at: instant
    .nullable()
    .optional()
    .describe("When a job was last seen with the previous generation, which tells that it can see the secret"),
  busy_until: instant
    .nullable()
    .optional()
    .describe("Until when a run may still place what another finished for it; nothing new is made before"),
  previous_fingerprint: z.string().nullable().optional().describe("Of the generation before: a consumer that holds it is late, not adrift"),
  earlier_fingerprints: z
    .array(z.string())
    .optional()
    .describe("Of generations before that, and of those that were given up when they may have been placed; the newest first"),
  drift: z
    .looseObject({ at: instant, message: z.string() })
    .nullable()
    .optional()
    .describe("Something else than this program's value was seen"),
  retiring: z.array(retiring).optional(),
  issues: z.looseObject({ day: z.string(), count }).optional().describe("Credentials issued on that UTC day"),
  exposed_at: instant.nullable().optional().describe("When its value was found in plaintext in the record's git history"),
});
const workflowState = z.looseObject({ first_seen_at: instant, last_run_at: instant.nullable().optional() });
const historyEntry = z.looseObject({
  id: z.string(),
  at: instant,
  event: z.string(),
  token_name: z.string().nullable(),
  generation: count.nullable(),
  previous_hash: z.string().nullable(),
  new_hash: z.string().nullable(),
  triggered_by: triggeredBy,
  previous_entry: z.string().nullable(),
});

/** The whole of token_config.json. */
export const recordSchema = closed({
  $schema: z.string().optional().describe("Where editors find the JSON Schema"),
  version: z.literal(1).optional().describe("The version of this format"),
  settings: settings.optional().describe("What holds for every token"),
  tokens: z.record(z.string(), token).optional().describe("The secrets to rotate, by name"),
  rules: z.record(z.string(), rule).optional().describe("How often a token is rotated, by its name"),
  workflows: z.record(z.string(), workflow).optional().describe("Sets of tokens that are rotated together, on a schedule"),
  state: z
    .looseObject({
      tokens: z.record(z.string(), tokenState).optional(),
      workflows: z.record(z.string(), workflowState).optional(),
    })
    .optional()
    .describe("Written by the program; not by hand"),
  history: z.array(historyEntry).optional().describe("Written by the program; each entry holds the digest of the one before"),
}).meta({ title: "token_config.json", description: "The declarations and the record of token-automation" });

/** A validated token_config.json, exactly as it stands in the file: defaults are applied by those who read it, never written back. */
export type TokenConfig = z.infer<typeof recordSchema>;
export type TokenDeclaration = z.infer<typeof token>;
export type DestinationDeclaration = z.infer<typeof destination>;
export type Rule = z.infer<typeof rule>;
export type Workflow = z.infer<typeof workflow>;
export type Settings = z.infer<typeof settings>;
export type TokenState = z.infer<typeof tokenState>;
export type PendingState = z.infer<typeof pending>;
export type PlacementState = z.infer<typeof placement>;
export type HistoryEntry = z.infer<typeof historyEntry>;
export type TriggeredBy = z.infer<typeof triggeredBy>;
export type RetiringCredential = z.infer<typeof retiring>;
export type ProofMode = (typeof PROOF_MODES)[number];
export type RecordedFailure = z.infer<typeof failure>;
export type TokenType = (typeof TOKEN_TYPES)[number];
export type TriggerKind = (typeof TRIGGER_KINDS)[number];
