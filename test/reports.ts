// Reports for tests of what renders them: everything in its quiet state, and what a test is about in place of it.
import type { Report, TokenReport } from "../src/core/ports/report.ts";

/** One token's part: rotated without a word, unless told otherwise. */
export function tokenReportOf(token_name: string, more: Partial<TokenReport> = {}): TokenReport {
  const blank = {
    status: "rotated",
    reason: "interval of 24 h elapsed",
    generation: 1,
    previous_hash: null,
    new_hash: null,
  } as const;
  return { token_name, ...blank, destinations: [], warnings: [], error: null, ...more };
}

/** A run over these tokens; its lists of names follow from their statuses. */
export function reportOf(tokens: readonly TokenReport[], more: Partial<Report> = {}): Report {
  const named = (status: TokenReport["status"]) =>
    tokens.filter((token) => token.status === status).map((token) => token.token_name);
  return {
    run_id: "r",
    started_at: "2026-03-01T00:00:00Z",
    finished_at: "2026-03-01T00:00:01Z",
    dry_run: false,
    triggered_by: { kind: "schedule" },
    tokens,
    rotated: named("rotated"),
    failed: named("failed"),
    failing: named("failed"),
    skipped: named("skipped"),
    drifted: [],
    proved: [],
    revoked: [],
    commit: null,
    next_due: null,
    warnings: [],
    ...more,
  };
}
