// Credentials on their way out: replaced by a newer one, or given up before they were everywhere. Pure.
import type { ReportedError } from "../base/reported-error.ts";
import type {
  CurrentCredential,
  PendingState,
  RecordedFailure,
  RetiringCredential,
  TokenState,
} from "../model/schema.ts";
import type { EventOf } from "./event.ts";

/** How many fingerprints are kept of generations before the previous one. */
const EARLIER_KEPT = 8;

/** The credentials to revoke once the pending one is live: the live one joins those that wait already. */
export function replaced({ current, retiring = [] }: TokenState, at: string): RetiringCredential[] {
  const before = current?.ref ? [retired(current)] : [];
  return [...retiring, ...before].map((credential) => ({
    ...credential,
    replaced_at: credential.replaced_at ?? at,
  }));
}

/** The state without its pending credential: the number stays used, and what was issued is to be revoked. */
export function leavePending(state: TokenState): TokenState {
  const { pending } = state;
  if (pending === null) return state;
  // Only of what was sealed can something have been placed, also by a run that died before it could say so.
  const earlier = withEarlier(state, pending.stage === "sealed" ? pending.fingerprint : null);
  const left = {
    ...state,
    pending: null,
    ...earlier,
    ...withStray(state, pending),
    abandoned_generation: Math.max(state.abandoned_generation ?? 0, pending.generation),
  };
  // A run that ended between asking the service and writing down its answer left something that only the label can find.
  const isLost = pending.stage === "intent" && pending.label !== undefined;
  if (!pending.ref && !isLost) return left;
  const asked = isLost ? { asked_at: pending.started_at } : {};
  const never_placed = pending.stage !== "sealed";
  const orphan = { ...retired(pending), ...asked, never_placed };
  return { ...left, retiring: [...(state.retiring ?? []), orphan] };
}

/** A pending credential of which nothing is left with its service. */
export function withoutTrace(pending: PendingState): PendingState {
  const { label: _, ...kept } = pending;
  return { ...kept, ref: null };
}

/** Consumers are late by any number of generations, as one queued behind other runs; further back somebody put the value there. */
export function withEarlier(
  state: TokenState,
  fingerprint: string | null | undefined,
): Pick<TokenState, "earlier_fingerprints"> {
  const all = [
    ...new Set([...(fingerprint ? [fingerprint] : []), ...(state.earlier_fingerprints ?? [])]),
  ];
  return all.length === 0 ? {} : { earlier_fingerprints: all.slice(0, EARLIER_KEPT) };
}

export function revoked(state: TokenState, { generation }: EventOf<"revoked">): TokenState {
  const { retiring, ...kept } = state;
  const left = (retiring ?? []).filter((credential) => credential.generation !== generation);
  return left.length > 0 ? { ...kept, retiring: left } : kept;
}

export function revokeFailed(
  state: TokenState,
  { generation, error }: EventOf<"revoke-failed">,
  now: Date,
): TokenState {
  const retiring = (state.retiring ?? []).map((credential) =>
    credential.generation === generation
      ? { ...credential, failures: credential.failures + 1, last_error: failureAt(error, now) }
      : credential,
  );
  return { ...state, retiring };
}

/** An error as the record keeps it. */
export function failureAt(
  { code, message }: Pick<ReportedError, "code" | "message">,
  now: Date,
): RecordedFailure {
  return { at: now.toISOString(), code, message };
}

/** The destinations that hold a generation which was given up, with those that have just joined them. */
function withStray(
  { stray = {} }: TokenState,
  { generation, destinations }: PendingState,
): Pick<TokenState, "stray"> {
  // Also one that refused to take it a second time holds it.
  const placed = Object.entries(destinations).filter(([, held]) => held.generation === generation);
  const all = { ...stray, ...Object.fromEntries(placed) };
  return Object.keys(all).length === 0 ? {} : { stray: all };
}

/** The state once the destination holds another generation than the one that was given up. */
export function withoutStray(state: TokenState, id: string): TokenState {
  const { stray, ...kept } = state;
  if (stray === undefined || !Object.hasOwn(stray, id)) return state;
  const { [id]: _, ...others } = stray;
  return Object.keys(others).length === 0 ? kept : { ...kept, stray: others };
}

/** A credential as the record keeps it until it is revoked. */
function retired(of: CurrentCredential | PendingState): RetiringCredential {
  const { generation, ref, fingerprint, issuer = "generate", issuing, label } = of;
  const asked = {
    ...(label === undefined ? {} : { label }),
    ...(issuing === undefined ? {} : { issuing }),
  };
  return {
    generation,
    ref,
    ...asked,
    fingerprint,
    issuer,
    replaced_at: null,
    proved_at: null,
    failures: 0,
    last_error: null,
  };
}
