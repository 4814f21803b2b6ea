// Requests that are carried out once, however often they are sent: what marks them in the record, and what is found of them there. Pure.
import { Misconfigured } from "../base/errors.ts";
import { digest } from "../credentials/fingerprint.ts";
import type { HistoryEntry, RequestMark, TokenConfig } from "../model/schema.ts";
import { canonicalJson } from "./history.ts";

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
