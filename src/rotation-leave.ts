// What the record keeps of a generation that is left behind: its fingerprint, and what is still to be revoked. Pure.
import type { PendingState, RetiringCredential, TokenState } from "./schema.ts";

/** How many fingerprints are kept of generations before the previous one. */
const EARLIER_KEPT = 8;

/** Whatever was pending is given up: its number stays used, and what it issued is to be revoked. */
export function leavePending(state: TokenState): TokenState {
  const { pending } = state;
  if (pending === null) return state;
  // Only of what was sealed can something have been placed, also by a run that died before it could say so.
  const earlier = withEarlier(state, pending.stage === "sealed" ? pending.fingerprint : null);
  const left = {
    ...state,
    ...earlier,
    abandoned_generation: Math.max(state.abandoned_generation ?? 0, pending.generation),
  };
  // A run that ended between asking the service and writing down its answer left something that only the label can find.
  const isLost = pending.stage === "intent" && pending.label !== undefined;
  if (!pending.ref && !isLost) return left;
  const asked = isLost ? { asked_at: pending.started_at } : {};
  const orphan = {
    ...retired(pending.generation, pending),
    ...asked,
    never_placed: pending.stage !== "sealed",
  };
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

/** A credential as the record keeps it until it is revoked. */
export function retired(
  generation: number,
  of: Pick<PendingState, "ref" | "fingerprint" | "issuer" | "issuing" | "label">,
): RetiringCredential {
  const { ref, fingerprint, issuer = "generate", issuing, label } = of;
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
