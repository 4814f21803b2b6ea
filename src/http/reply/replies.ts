// The replies of the routes, as definitions: the core's own shapes, and the members that HTTP adds.
// The API's description and the MCP tools are made from them, and tests hold real replies to them.
import * as z from "zod";
import { adviceSchema } from "../../core/advice/advice.ts";
import {
  appliedChangeSchema,
  plannedChangeSchema,
  ruleResultSchema,
  workflowResultSchema,
} from "../../core/changes/shapes.ts";
import { discoverySchema } from "../../core/discovery/shapes.ts";
import {
  healthReportSchema,
  statusSchema,
  suggestionsSchema,
  tokenOverviewSchema,
  workflowOverviewSchema,
} from "../../core/health/shapes.ts";
import { count, instant, names } from "../../core/model/schema.ts";
import { historyEntry } from "../../core/model/schema-state.ts";
import { staleSchema } from "../../core/ports/copies.ts";
import { replayed, reportSchema, tokenReportSchema } from "../../core/ports/report.ts";
import { commitSchema } from "../../core/ports/store.ts";
import { runOutcomeSchema, workflowRunSchema } from "../../core/ports/workflow-run.ts";

const nextCursor = z
  .string()
  .nullable()
  .describe("Send it as cursor to get the next page. Null if this was the last");
const stale = staleSchema
  .optional()
  .describe(
    "Present only if GitHub gave no answer. The reply is then made from the last good copy of the record",
  );
/** The field that `shorten` adds. */
const leftOut = z
  .array(z.object({ field: z.string(), told: count, of: count }))
  .optional()
  .describe(
    "Lists that were cut to keep the reply short, each with the number of entries shown and the number of all",
  );
const health = healthReportSchema.extend({
  total_tokens: count.describe("All declared tokens, on all pages"),
  needs_rotation: names.describe("Names of this page's tokens that should be rotated now"),
});

const run = workflowRunSchema.omit({ request: true });
const dispatched = {
  dispatched: z.literal(true).describe("The rotation workflow was started. Nothing is rotated yet"),
  run: run.nullable(),
  follow: z
    .string()
    .nullable()
    .describe(
      "The path that shows the run's state, which get_run reads. Null until GitHub has named it",
    ),
  replayed,
};

/** The body of a 202, by the route's path, for a service that starts the rotation workflow instead of rotating. */
export const DISPATCHED: Readonly<Record<string, z.ZodObject>> = {
  "/tokens/rotate": tokenReportSchema.pick({ token_name: true }).extend(dispatched),
  "/tokens/workflow/run": workflowResultSchema.pick({ workflow_name: true }).extend(dispatched),
  "/tokens/apply": appliedChangeSchema
    .pick({ digest: true, operation: true, approved_by: true })
    .extend(dispatched),
};

/** Members that hold fingerprints and digests, which agents' tools leave out. */
const CHANGE = { previous_hash: true, new_hash: true } as const;
const ENTRY_DIGESTS = { ...CHANGE, previous_entry: true } as const;

/**
 * The body of each route's success, by its path, as a caller without the scope `reveal` gets it.
 * @param options.hashes whether fingerprints are included: over HTTP they are, and in agents' tools they are not
 */
export function replySchemas({
  hashes,
}: {
  readonly hashes: boolean;
}): Readonly<Record<string, z.ZodObject>> {
  const token: z.ZodObject = hashes ? tokenReportSchema : tokenReportSchema.omit(CHANGE);
  const report = reportSchema.extend({ tokens: z.array(token) });
  // A later version's members are not described here, so they are not passed on.
  const entry = historyEntry.strip().extend({ triggered_by: reportSchema.shape.triggered_by });
  const shownEntry: z.ZodObject = hashes ? entry : entry.omit(ENTRY_DIGESTS);
  const rotated = tokenReportSchema.pick({ token_name: true, ...CHANGE });
  return {
    "/tokens/plan": plannedChangeSchema.extend({ left_out: leftOut }),
    "/tokens/apply": appliedChangeSchema.extend({
      report: report.nullable().describe("The run's report"),
      left_out: leftOut,
      replayed,
    }),
    "/tokens/rotate": (hashes ? rotated : rotated.omit(CHANGE)).extend({
      rotated_at: instant.nullable().describe("Null for a dry run"),
      report,
      left_out: leftOut,
    }),
    "/tokens/setup-rotation": ruleResultSchema,
    "/tokens/workflow/create": workflowResultSchema.extend({ left_out: leftOut }),
    "/tokens/workflow/run": workflowResultSchema
      .pick({ workflow_name: true })
      .extend({ ...report.shape, left_out: leftOut }),
    "/tokens/health": health.extend({ next_cursor: nextCursor, stale }),
    "/tokens/suggest": suggestionsSchema.extend({
      next_cursor: nextCursor,
      stale,
      ai: adviceSchema
        .optional()
        .describe("A language model's words about the suggestions, if it was asked"),
      left_out: leftOut,
    }),
    "/tokens/status": statusReply(shownEntry, hashes),
    "/tokens/discover": discoverySchema.extend({
      undeclared: names.describe("Ids of this page's secrets that no token declares"),
      next_cursor: nextCursor,
      left_out: leftOut,
      stale,
    }),
    "/tokens/runs/:id": run.extend({
      report: runOutcomeSchema
        .extend({ entries: z.array(shownEntry) })
        .nullable()
        .describe("The run's result from the record's history. Null if the history has none yet"),
      left_out: leftOut,
      stale,
    }),
    "/git/commit": commitSchema
      .pick({ sha: true })
      .extend({ committed: z.boolean(), detail: z.string() }),
  };
}

function statusReply(entry: z.ZodObject, hashes: boolean): z.ZodObject {
  const token: z.ZodObject = hashes
    ? tokenOverviewSchema
    : tokenOverviewSchema.omit({ fingerprint: true });
  const workflow = workflowOverviewSchema.extend({
    resolved_tokens: names.describe("The workflow's tokens on this page"),
  });
  return statusSchema.extend({
    tokens: z.record(z.string(), token).describe("By name"),
    workflows: z.record(z.string(), workflow).describe("By name"),
    health,
    history: z.array(entry).describe("The newest last"),
    next_cursor: nextCursor,
    next_history_cursor: z
      .string()
      .nullable()
      .describe("Send it as history_cursor to get older entries. Null if there are none"),
    left_out: leftOut,
    stale,
  });
}
