// The program's own part of the record. Loose, so that a newer version's fields survive an older one.
import * as z from "zod";
import { count, instant } from "./schema-base.ts";

const TRIGGER_KINDS = ["schedule", "workflow_dispatch", "api", "cli", "scheduler", "mcp"] as const;

const failure = z.looseObject({ at: instant, code: z.string(), message: z.string() });
const placement = z.looseObject({
  status: z
    .enum(["waiting", "placed", "failed"])
    .describe("waiting: no run has tried to place it there yet"),
  generation: count.describe("What the destination holds as far as the program knows; 0: nothing"),
  placed_at: instant.nullable().describe("When that generation was placed there"),
  error: failure.nullable().optional(),
  proved_at: instant
    .nullable()
    .optional()
    .describe("When a consumer was first seen with this generation under this name"),
});
const fingerprints = z
  .record(z.string(), z.string().nullable())
  .describe("Of the credential's other fields that were placed; null where none is kept");
const keyId = z
  .string()
  .describe("Which fingerprint key it was made with: a part of an HMAC of a fixed text");
/** What the service needs to be asked again: kept, since the declaration may be changed or removed before the credential is revoked. */
const issuing = z
  .looseObject({ use: z.string() })
  .describe("The issuer with its options, as declared when the credential was made");
/** A request that came with an idempotency key: digests of the key and of what was asked for. */
const requestMark = z.looseObject({ id: z.string(), asked: z.string() });
/** The members that a credential has while it is pending, and keeps when it becomes the live one. */
const credential = {
  generation: count,
  fingerprint: z.string().nullable(),
  fingerprint_key: keyId.optional(),
  fingerprints: fingerprints.optional(),
  ref: z.string().nullable(),
  issuer: z.string().optional().describe("Who made it"),
  issuing: issuing.optional(),
  label: z
    .string()
    .optional()
    .describe("What the service that made it shows with it; absent if nothing is kept outside"),
  expires_at: instant.nullable().optional(),
  destinations: z
    .record(z.string(), placement)
    .describe("Every destination that it goes to, by id"),
};
const current = z.looseObject({
  ...credential,
  rotated_at: instant.nullable().describe("When the last of its destinations had it"),
  proved_at: instant
    .nullable()
    .optional()
    .describe(
      "When a consumer was first seen with it; if proof is required, under each of its secrets' names",
    ),
});
const pending = z.looseObject({
  ...credential,
  generation: z.int().min(1),
  stage: z.enum(["intent", "issued", "sealed"]),
  run_id: z.string(),
  started_at: instant,
  lease_until: instant,
  declaration: z
    .string()
    .describe("Digest of the token's declaration, to see whether it has changed since"),
  boxes: z
    .record(
      z.string(),
      z.looseObject({ key_id: z.string(), key: z.string().optional(), sealed: z.string() }),
    )
    .nullable()
    .describe("By destination; null where boxes are not journalled"),
  requests: z
    .array(requestMark)
    .optional()
    .describe("Requests that this generation answers, however often they are sent"),
});
export const triggeredBy = z.looseObject({
  kind: z.enum(TRIGGER_KINDS),
  agent: z.boolean().optional().describe("Whether a program that decides by itself asked for it"),
  actor: z.string().nullable().optional(),
  workflow_name: z.string().nullable().optional(),
  run_url: z.string().nullable().optional(),
  requested_by: z
    .string()
    .nullable()
    .optional()
    .describe("The caller of the HTTP API for whom the workflow was started"),
});
/** A credential that a newer one has replaced and that is still to be revoked. */
const retiring = z.looseObject({
  generation: count,
  ref: z
    .string()
    .nullable()
    .describe("Null if the run ended before it knew. The service then has it under the label"),
  label: z.string().optional(),
  asked_at: instant
    .optional()
    .describe(
      "When its run asked, if the outcome is unknown. The service may still make it a while after",
    ),
  fingerprint: z.string().nullable(),
  issuer: z.string(),
  issuing: issuing.optional(),
  replaced_at: instant
    .nullable()
    .describe("When a newer one was placed everywhere; null until then"),
  proved_at: instant.nullable().describe("When a consumer was first seen with a newer one"),
  never_placed: z
    .boolean()
    .optional()
    .describe("True if no destination can have received it, so that no overlap is waited for"),
  failures: count,
  last_error: failure.nullable(),
});
export const tokenState = z.looseObject({
  current: current
    .nullable()
    .describe("The live credential: the newest that every destination has; null before the first"),
  pending: pending.nullable().describe("The credential that is to replace it"),
  failures: count,
  last_error: failure.nullable(),
  next_attempt_at: instant.nullable().optional(),
  abandoned_generation: count
    .optional()
    .describe("The highest generation that was given up: its number is never used again"),
  stray: z
    .record(z.string(), placement)
    .optional()
    .describe(
      "Destinations that hold a generation which was given up, by id; absent once a later one is everywhere",
    ),
  adopted: z
    .looseObject({ at: instant.nullable() })
    .nullable()
    .optional()
    .describe("When a secret that existed already was declared; its value is a person's"),
  stuck_at: instant.nullable().optional().describe("Since when it waits for a person"),
  seen_at: instant
    .nullable()
    .optional()
    .describe(
      "When a job was last seen with the previous generation, which shows that it can see the secret",
    ),
  busy_until: instant
    .nullable()
    .optional()
    .describe(
      "Until when a run may still place what another finished for it; nothing new is made before",
    ),
  previous_fingerprint: z
    .string()
    .nullable()
    .optional()
    .describe("Of the generation before: a consumer that holds it is late, not adrift"),
  previous_fingerprint_key: keyId.optional(),
  earlier_fingerprints: z
    .array(z.string())
    .optional()
    .describe(
      "Of generations before that, and of those that were given up when they may have been placed; the newest first",
    ),
  drift: z
    .looseObject({ at: instant, message: z.string() })
    .nullable()
    .optional()
    .describe("A value other than this program's was seen"),
  overwrote_drift_at: instant
    .optional()
    .describe(
      "When another person's or program's value was overwritten. Jobs queued before still see that value",
    ),
  retiring: z.array(retiring).optional(),
  reminded: z
    .looseObject({
      at: instant,
      by: z.enum(["issue", "notification"]),
      generation: count,
      overdue: z.boolean(),
    })
    .optional()
    .describe("A person was reminded to replace this generation, and is not reminded twice"),
  issues: z
    .looseObject({ day: z.string(), count })
    .optional()
    .describe("Credentials issued on that UTC day"),
  exposed_at: instant
    .nullable()
    .optional()
    .describe("When its value was found in plaintext in the record's git history"),
});
export const workflowState = z.looseObject({
  first_seen_at: instant,
  last_run_at: instant.nullable().optional(),
});
/** One event of the audit trail: a line of a day's file. */
export const historyEntry = z.looseObject({
  at: instant,
  event: z.string(),
  token_name: z.string().nullable(),
  token_names: z
    .array(z.string())
    .optional()
    .describe("Of an event that is about several tokens at once; token_name is null then"),
  generation: count.nullable(),
  previous_hash: z.string().nullable(),
  new_hash: z.string().nullable(),
  triggered_by: triggeredBy,
  previous_entry: z.string().nullable(),
});
/** What the record itself holds of its history; the entries are in token_history/. */
export const historyState = z.looseObject({
  entries: count,
  digest: z.string().nullable().describe("Of the newest entry; null before the first one"),
});
const doneToken = z.looseObject({
  token_name: z.string(),
  at: instant,
  generation: count,
  previous_hash: z.string().nullable(),
  new_hash: z.string().nullable(),
});
/** A request with an idempotency key that was carried out, by the digest of its key. */
export const doneRequest = z.looseObject({
  asked: z.string().describe("Digest of what was asked for"),
  at: instant.describe("When the last part of it was done; it is kept for 24 hours from then"),
  run_id: z.string().nullable(),
  tokens: z.array(doneToken).describe("What was rotated for it"),
});
/** When rules and workflows were last set through the program, by name. */
export const setTimes = z.looseObject({
  rules: z.record(z.string(), instant).optional(),
  workflows: z.record(z.string(), instant).optional(),
});

export type TokenState = z.infer<typeof tokenState>;
export type CurrentCredential = z.infer<typeof current>;
export type PendingState = z.infer<typeof pending>;
export type PlacementState = z.infer<typeof placement>;
export type HistoryEntry = z.infer<typeof historyEntry>;
export type DoneRequest = z.infer<typeof doneRequest>;
export type DoneToken = z.infer<typeof doneToken>;
export type RequestMark = z.infer<typeof requestMark>;
export type TriggeredBy = z.infer<typeof triggeredBy>;
export type RetiringCredential = z.infer<typeof retiring>;
export type RecordedFailure = z.infer<typeof failure>;
export type TriggerKind = (typeof TRIGGER_KINDS)[number];
