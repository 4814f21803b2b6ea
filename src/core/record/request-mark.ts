// Marks of requests in the record: a request with a mark is carried out once, however often it is sent. Pure.
import { Misconfigured } from "../base/errors.ts";
import { DAY_MS } from "../base/instant.ts";
import { digest } from "../credentials/fingerprint.ts";
import type { DoneRequest, DoneToken, RequestMark, TokenConfig } from "../model/schema.ts";
import { canonicalJson } from "./history.ts";

/** The time for which the record remembers a request that was carried out, in milliseconds. */
const KEPT_MS = DAY_MS;

/** The progress of a request: none, unfinished for those tokens, or done. `done`: the part that is carried out. */
export type Earlier =
  | { readonly kind: "none" }
  | {
      readonly kind: "unfinished";
      readonly names: readonly string[];
      readonly done: DoneRequest | null;
    }
  | { readonly kind: "done"; readonly done: DoneRequest };

/**
 * Marks a request. The record may be public, so it holds digests. Two callers may use the same key.
 * @param asked.body the request without any value: a digest lets a weak value be guessed
 */
export function markOf(asked: {
  readonly caller: string;
  readonly key: string;
  readonly body: unknown;
}): RequestMark {
  return { id: digest(`${asked.caller}\n${asked.key}`), asked: digest(canonicalJson(asked.body)) };
}

/** The marks with this one among them, once. */
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
 * The record's traces of a request: in pending credentials, and among the requests that were carried out in the last 24 hours.
 * @throws `Misconfigured` (`idempotency-mismatch`) if the key marks another request
 */
export function earlierRequest(config: TokenConfig, mark: RequestMark): Earlier {
  const requireSame = (asked: string) => {
    if (asked !== mark.asked) throw mismatch();
  };
  const done = doneRequest(config, mark.id);
  if (done !== null) requireSame(done.asked);
  const states = Object.entries(config.state?.tokens ?? {});
  const names = states.flatMap(([name, { pending }]) => {
    const found = pending?.requests?.find(({ id }) => id === mark.id);
    if (found !== undefined) requireSame(found.asked);
    return found === undefined ? [] : [name];
  });
  if (names.length > 0) return { kind: "unfinished", names, done };
  return done === null ? { kind: "none" } : { kind: "done", done };
}

function doneRequest(config: TokenConfig, id: string): DoneRequest | null {
  const requests = config.state?.requests ?? {};
  return Object.hasOwn(requests, id) ? (requests[id] ?? null) : null;
}

/** A token that was rotated for a request. */
export type RotatedToken = Pick<
  DoneToken,
  "token_name" | "generation" | "previous_hash" | "new_hash"
>;

/** The part of a request that was carried out, or all of it. */
export type Done = {
  readonly now: Date;
  /** Null: no run did it. */
  readonly runId: string | null;
  readonly token: RotatedToken | null;
};

/** The config that remembers that this was done for those requests. */
export function withDone(
  config: TokenConfig,
  marks: readonly RequestMark[],
  { now, runId, token }: Done,
): TokenConfig {
  if (marks.length === 0) return config;
  const at = now.toISOString();
  const requests = { ...config.state?.requests };
  for (const { id, asked } of marks) {
    const before = doneRequest(config, id);
    const tokens = [...(before?.tokens ?? []), ...(token === null ? [] : [{ ...token, at }])];
    requests[id] = { ...before, asked, at, run_id: before?.run_id ?? runId, tokens };
  }
  return { ...config, state: { ...config.state, requests } };
}

/** The config without the requests that were carried out more than 24 hours ago. */
export function keepRequests(config: TokenConfig, now: Date): TokenConfig {
  const all = Object.entries(config.state?.requests ?? {});
  const kept = all.filter(([, { at }]) => Date.parse(at) > now.getTime() - KEPT_MS);
  if (kept.length === all.length) return config;
  const { requests: _, ...state } = config.state ?? {};
  const requests = kept.length === 0 ? {} : { requests: Object.fromEntries(kept) };
  return { ...config, state: { ...state, ...requests } };
}

/** The error for a key that marks another request. */
export function mismatch(): Misconfigured {
  return new Misconfigured("the idempotency key was used for another request", {
    code: "idempotency-mismatch",
    hint: "Nothing was done. Give each request its own key, for example a UUID. Send the same key only with the same request.",
  });
}
