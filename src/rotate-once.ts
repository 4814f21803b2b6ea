// A run for a request that may be sent again: what was done of it already is told, what was begun is finished, and only else is it made.
import { planDigest } from "./agents.ts";
import type { RunRequest } from "./app.ts";
import { earlierRequest, joined, replayed } from "./idempotency.ts";
import { loadRecord } from "./record.ts";
import { type Rotated, rotate } from "./rotate.ts";
import type { RunOptions } from "./run.ts";
import type { HistoryEntry, TokenConfig } from "./schema.ts";

/** As `rotate`; a request with a mark is carried out once. @throws `Misconfigured` (`idempotency-mismatch`) */
export async function rotateOnce(request: RunRequest, options: RunOptions): Promise<Rotated> {
  const { mark, triggeredBy } = request;
  if (!mark || request.dryRun) return rotate(request, options);
  const retold = (config: TokenConfig, entries: readonly HistoryEntry[]): Rotated => ({
    report: replayed(config, entries, { home: options.home, triggeredBy }),
    config,
  });
  // Decided on the version that the run then builds on: whoever saves in between makes its journal fail.
  const loaded = await loadRecord(options.source);
  const before = earlierRequest(loaded.config, mark);
  if (before.kind === "done") return retold(loaded.config, before.entries);
  if (before.kind === "unfinished") {
    // Its plan was judged when it was begun, which has itself moved the record since.
    const plan = request.plan && {
      plan: { ...request.plan, digest: planDigest(loaded.config, request.plan.change) },
    };
    const rest = { ...request, ...plan, wanted: { kind: "resume", names: before.names } } as const;
    const { report, config } = await rotate(rest, options, loaded);
    return { report: joined(retold(config, before.entries).report, report), config };
  }
  const made = await rotate(request, options, loaded);
  if (made.report.rotated.length + made.report.failed.length > 0) return made;
  // Taken by another run meanwhile: by the same request, where it was sent twice at a time.
  const after = earlierRequest(made.config, mark);
  return after.kind === "done" ? retold(made.config, after.entries) : made;
}
