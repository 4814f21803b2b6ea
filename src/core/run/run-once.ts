// A run for a request that may be sent again: a finished part is reported, an unfinished part is finished, a new request is run.
import { planDigest } from "../config/agent-rules.ts";
import type { DoneRequest, DoneToken, TokenConfig, TriggeredBy } from "../model/schema.ts";
import { type Home, lastPlacement, resolveToken, tokenState } from "../model/token.ts";
import type { Report, TokenReport } from "../ports/report.ts";
import { loadRecord } from "../record/record.ts";
import { earlierRequest } from "../record/request-mark.ts";
import type { RunOptions } from "./context.ts";
import type { RunRequest } from "./request.ts";
import { executeRun, type RunResult } from "./run.ts";

/** As `executeRun`; a request with a mark is carried out once. @throws `Misconfigured` (`idempotency-mismatch`) */
export async function executeRunOnce(request: RunRequest, options: RunOptions): Promise<RunResult> {
  const { mark, triggeredBy } = request;
  if (!mark || request.dryRun) return executeRun(request, options);
  const replay = (config: TokenConfig, done: DoneRequest | null): RunResult => ({
    report: replayReport(config, done, { home: options.home, triggeredBy }),
    config,
  });
  // Decided on the version that the run then builds on: a commit in between makes its journal fail.
  const loaded = await loadRecord(options.source);
  const before = earlierRequest(loaded.config, mark);
  if (before.kind === "done") return replay(loaded.config, before.done);
  if (before.kind === "unfinished") {
    // Its plan was judged when the request began, and that run has moved the record since.
    const plan = request.plan && {
      plan: { ...request.plan, digest: planDigest(loaded.config, request.plan.change) },
    };
    const rest = { ...request, ...plan, wanted: { kind: "resume", names: before.names } } as const;
    const { report, config } = await executeRun(rest, options, loaded);
    return { report: joinReports(replay(config, before.done).report, report), config };
  }
  const made = await executeRun(request, options, loaded);
  if (made.report.rotated.length + made.report.failed.length > 0) return made;
  // Another run took the tokens up meanwhile, perhaps for the same request, sent twice at once.
  const after = earlierRequest(made.config, mark);
  return after.kind === "done" ? replay(made.config, after.done) : made;
}

/** The finished part of a request, as the report of the run that did it. */
function replayReport(
  config: TokenConfig,
  done: DoneRequest | null,
  by: { readonly home: Home; readonly triggeredBy: TriggeredBy },
): Report {
  const tokens = (done?.tokens ?? []).map((token) => tokenReport(config, token, by.home));
  const at = done?.at ?? "";
  return {
    run_id: done?.run_id ?? "",
    started_at: done?.tokens[0]?.at ?? at,
    finished_at: at,
    dry_run: false,
    triggered_by: by.triggeredBy,
    tokens,
    rotated: tokens.map(({ token_name: name }) => name),
    failed: [],
    failing: [],
    skipped: [],
    drifted: [],
    proved: [],
    revoked: [],
    commit: null,
    next_due: null,
    warnings: [],
    replayed: true,
  };
}

/** The report of a run that finished a request, with the tokens of the run before it. */
function joinReports(before: Report, after: Report): Report {
  const names = new Set(after.tokens.map(({ token_name: name }) => name));
  const earlier = before.tokens.filter(({ token_name: name }) => !names.has(name));
  return {
    ...after,
    tokens: [...earlier, ...after.tokens],
    rotated: [...earlier.map(({ token_name: name }) => name), ...after.rotated],
  };
}

function tokenReport(config: TokenConfig, done: DoneToken, home: Home): TokenReport {
  const { token_name: name, generation } = done;
  const token = resolveToken(config, name, home);
  const state = tokenState(config, name);
  const holds = (id: string) => {
    const placement = lastPlacement(state, id);
    return placement?.status === "placed" && placement.generation === generation;
  };
  return {
    token_name: name,
    status: "rotated",
    reason: "done already for the same request",
    generation,
    previous_hash: done.previous_hash,
    new_hash: done.new_hash,
    destinations: (token?.placements ?? [])
      .filter(({ id }) => holds(id))
      .map(({ id }) => ({ id, status: "placed", error: null })),
    warnings: [],
    error: null,
  };
}
