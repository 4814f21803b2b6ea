// Requests that are carried out once, however often they are sent: what marks them in the record, and what is found of them there. Pure.
import { Misconfigured } from "./errors.ts";
import { digest } from "./fingerprint.ts";
import { canonicalJson } from "./history.ts";
import type { Report, TokenReport } from "./report.ts";
import type { HistoryEntry, RequestMark, TokenConfig, TriggeredBy } from "./schema.ts";
import { type Home, resolveToken, tokenState } from "./token.ts";

/** What was done of a request: nothing yet; begun, for those tokens; or all of it, as those entries tell. */
export type Earlier =
  | { readonly kind: "none" }
  | {
      readonly kind: "unfinished";
      readonly names: readonly string[];
      readonly entries: readonly HistoryEntry[];
    }
  | { readonly kind: "done"; readonly entries: readonly HistoryEntry[] };

/** Events that say that what was asked for came about; after any other the request is tried again. */
const DONE = ["rotated", "rule_set", "workflow_set"];

/**
 * Marks a request. The record may be public, so it holds digests; a caller's own key means nothing beside another's.
 * @param asked.body what was asked for, without any value: a digest of it can be guessed from
 */
export function markOf(asked: {
  readonly caller: string;
  readonly key: string;
  readonly body: unknown;
}): RequestMark {
  return { id: digest(`${asked.caller}\n${asked.key}`), asked: digest(canonicalJson(asked.body)) };
}

/** With the mark among those there, once. */
export function withMark(
  marks: readonly RequestMark[] | undefined,
  mark: RequestMark | null | undefined,
): { requests?: RequestMark[] } {
  const all =
    mark && !marks?.some(({ id }) => id === mark.id)
      ? [...(marks ?? []), mark]
      : [...(marks ?? [])];
  return all.length === 0 ? {} : { requests: all };
}

/**
 * What the record holds of a request: in what is pending, and in the history as far as it stands in the record's own file.
 * @throws `Misconfigured` (`idempotency-mismatch`) where the key marks another request
 */
export function earlierRequest(config: TokenConfig, mark: RequestMark): Earlier {
  const marked = (marks: readonly RequestMark[] | undefined) => {
    const found = marks?.find(({ id }) => id === mark.id);
    if (found !== undefined && found.asked !== mark.asked) throw mismatch();
    return found !== undefined;
  };
  const entries = (config.history ?? []).filter(
    ({ requests, event }) => marked(requests) && DONE.includes(event),
  );
  const states = Object.entries(config.state?.tokens ?? {});
  const names = states.filter(([, { pending }]) => marked(pending?.requests)).map(([name]) => name);
  if (names.length > 0) return { kind: "unfinished", names, entries };
  return entries.length > 0 ? { kind: "done", entries } : { kind: "none" };
}

/** The key that the request came with marks another one. */
export function mismatch(): Misconfigured {
  return new Misconfigured("the idempotency key was used for another request", {
    code: "idempotency-mismatch",
    hint: "Nothing was done. Give each request a key of its own, as a UUID, and the same one only when the same request is sent again.",
  });
}

/** What a request's entries tell, as the report of the run that was made then. */
export function replayed(
  config: TokenConfig,
  entries: readonly HistoryEntry[],
  by: { readonly home: Home; readonly triggeredBy: TriggeredBy },
): Report {
  const tokens = entries.flatMap((entry) =>
    entry.token_name === null
      ? []
      : [tokenReport(config, { ...entry, token_name: entry.token_name }, by.home)],
  );
  const [first] = entries;
  const at = entries.at(-1)?.at ?? "";
  return {
    run_id: first?.id.split("/")[0] ?? "",
    started_at: first?.at ?? at,
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

/** A run that finished what was left, together with what was done before it. */
export function joined(before: Report, after: Report): Report {
  const names = new Set(after.tokens.map(({ token_name: name }) => name));
  const earlier = before.tokens.filter(({ token_name: name }) => !names.has(name));
  return {
    ...after,
    tokens: [...earlier, ...after.tokens],
    rotated: [...earlier.map(({ token_name: name }) => name), ...after.rotated],
  };
}

function tokenReport(
  config: TokenConfig,
  entry: HistoryEntry & { readonly token_name: string },
  home: Home,
): TokenReport {
  const { token_name: name, generation } = entry;
  const token = resolveToken(config, name, home);
  const { destinations } = tokenState(config, name);
  const holds = (id: string) =>
    destinations[id]?.status === "placed" && destinations[id].generation === generation;
  return {
    token_name: name,
    status: "rotated",
    reason: "done already for the same request",
    generation: generation ?? 0,
    previous_hash: entry.previous_hash,
    new_hash: entry.new_hash,
    destinations: (token?.placements ?? [])
      .filter(({ id }) => holds(id))
      .map(({ id }) => ({ id, status: "placed", error: null })),
    warnings: [],
    error: null,
  };
}
