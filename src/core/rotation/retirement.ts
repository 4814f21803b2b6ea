// Credentials to revoke: a newer one replaced them, or they were given up before every destination had them. Pure.
import type { ReportedError } from "../base/reported-error.ts";
import type {
  CurrentCredential,
  PendingState,
  RecordedFailure,
  RetiringCredential,
  TokenState,
} from "../model/schema.ts";
import type { EventOf } from "./event.ts";

/** The number of fingerprints that the record keeps of generations before the previous one. */
const EARLIER_KEPT = 8;

/** The credentials to revoke once the pending one is live: the live one joins those that wait already. */
export function retireCurrent(
  { current, retiring = [] }: TokenState,
  at: string,
): RetiringCredential[] {
  const before = current?.ref ? [toRetiring(current)] : [];
  return [...retiring, ...before].map((credential) => ({
    ...credential,
    replaced_at: credential.replaced_at ?? at,
  }));
}

/** The state without its pending credential. Its number stays used, and a later run revokes what was issued. */
export function leavePending(state: TokenState): TokenState {
  const { pending } = state;
  if (pending === null) return state;
  // Only a sealed credential can have been placed, also by a run that died before it recorded that.
  const earlier = withEarlier(state, pending.stage === "sealed" ? pending.fingerprint : null);
  const left = {
    ...state,
    pending: null,
    ...earlier,
    ...withStray(state, pending),
    abandoned_generation: Math.max(state.abandoned_generation ?? 0, pending.generation),
  };
  // A run that died between asking the service and recording its answer left something that only the label can find.
  const isLost = pending.stage === "intent" && pending.label !== undefined;
  if (!pending.ref && !isLost) return left;
  const asked = isLost ? { asked_at: pending.started_at } : {};
  const never_placed = pending.stage !== "sealed";
  const orphan = { ...toRetiring(pending), ...asked, never_placed };
  return { ...left, retiring: [...(state.retiring ?? []), orphan] };
}

/** A pending credential whose service holds nothing any more. */
export function withoutTrace(pending: PendingState): PendingState {
  const { label: _, ...kept } = pending;
  return { ...kept, ref: null };
}

/** Consumers may be several generations late, as a job queued behind other runs. An older value counts as drift. */
export function withEarlier(
  state: TokenState,
  fingerprint: string | null | undefined,
): Pick<TokenState, "earlier_fingerprints"> {
  const all = [
    ...new Set([...(fingerprint ? [fingerprint] : []), ...(state.earlier_fingerprints ?? [])]),
  ];
  return all.length === 0 ? {} : { earlier_fingerprints: all.slice(0, EARLIER_KEPT) };
}

export function applyRevoked(state: TokenState, { generation }: EventOf<"revoked">): TokenState {
  const { retiring, ...kept } = state;
  const left = (retiring ?? []).filter((credential) => credential.generation !== generation);
  return left.length > 0 ? { ...kept, retiring: left } : kept;
}

export function applyRevokeFailed(
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

/** The destinations that hold a generation which was given up, those of the pending one included. */
function withStray(
  { stray = {} }: TokenState,
  { generation, destinations }: PendingState,
): Pick<TokenState, "stray"> {
  // A destination that refused it the second time still holds it.
  const placed = Object.entries(destinations).filter(([, held]) => held.generation === generation);
  const all = { ...stray, ...Object.fromEntries(placed) };
  return Object.keys(all).length === 0 ? {} : { stray: all };
}

/** The state after the destination took another generation than the one that was given up. */
export function withoutStray(state: TokenState, id: string): TokenState {
  const { stray, ...kept } = state;
  if (stray === undefined || !Object.hasOwn(stray, id)) return state;
  const { [id]: _, ...others } = stray;
  return Object.keys(others).length === 0 ? kept : { ...kept, stray: others };
}

/** A credential as the record keeps it until it is revoked. */
function toRetiring(credential: CurrentCredential | PendingState): RetiringCredential {
  const { generation, ref, fingerprint, issuer = "generate", issuing, label } = credential;
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
