// The revocation of credentials that newer ones have replaced: the due ones (pure), and the requests to their issuers.

import pLimit from "p-limit";
import { describeError } from "../base/errors.ts";
import { HOUR_MS } from "../base/instant.ts";
import type { ReportedError } from "../base/reported-error.ts";
import type { RetiringCredential, TokenConfig, TokenState } from "../model/schema.ts";
import {
  DEFAULT_OVERLAP_HOURS,
  type Home,
  resolveToken,
  type Token,
  tokenState,
} from "../model/token.ts";
import type { Issuer } from "../ports/issuer.ts";
import type { Run } from "./context.ts";

export type Revocation = {
  readonly tokenName: string;
  readonly credential: RetiringCredential;
  /** The issuer to ask, with its options. */
  readonly issuing: { readonly use: string };
  /** The other refs that the record holds: they are never revoked. */
  readonly kept: ReadonlySet<string>;
  /** The service may still make it, so a later run looks again. */
  readonly mayCome: boolean;
};
/** `count`: the number of revoked credentials; 0 if none was found under the label. */
export type Revoked = Revocation & { readonly error: ReportedError | null; readonly count: number };

/** The time after a request in which a service may still make the credential, in milliseconds: it may work on after the run stopped waiting. */
const MAY_COME_MS = 15 * 60_000;
/** Credentials revoked at once: services limit requests, and a program may start for each. */
const REVOKE_CONCURRENCY = 5;

type RetireOptions = {
  readonly home: Home;
  readonly now: Date;
  /** Tokens of which this very run sees an earlier value. */
  readonly late: ReadonlySet<string>;
};

/** Every recorded credential that may be revoked now: replaced everywhere, overlap over, and proved if proof is required. */
export function dueRevocations(
  config: TokenConfig,
  { home, now, late }: RetireOptions,
): Revocation[] {
  // Tokens that are no longer declared count too: their credentials must still be revoked.
  return Object.keys(config.state?.tokens ?? {}).flatMap((tokenName) => {
    const state = tokenState(config, tokenName);
    if (!state.retiring?.length) return [];
    const token = resolveToken(config, tokenName, home);
    return state.retiring
      .filter((credential) =>
        mayRevoke(token ?? REMOVED, state, { credential, now, isLate: late.has(tokenName) }),
      )
      .map((credential) => ({
        tokenName,
        credential,
        issuing: issuingOf(credential, token),
        kept: keptBeside(credential, state),
        mayCome: mayCome(credential, now),
      }));
  });
}

function mayCome({ ref, asked_at }: RetiringCredential, now: Date): boolean {
  return (
    ref === null && asked_at !== undefined && now.getTime() < Date.parse(asked_at) + MAY_COME_MS
  );
}

/** The issuer as declared now, so that a person can correct a mistake in it; as it was if the token has another one now. */
function issuingOf(
  { issuer, issuing }: RetiringCredential,
  token: Token | null,
): Revocation["issuing"] {
  if (token !== null && token.issuing.use === issuer) return token.issuing;
  return issuing ?? { use: issuer };
}

function keptBeside(credential: RetiringCredential, state: TokenState): ReadonlySet<string> {
  const others = (state.retiring ?? []).filter((other) => other !== credential);
  return new Set([state.current, state.pending, ...others].flatMap((held) => held?.ref ?? []));
}

/** Revokes every due credential, as the record and this process see it. Never throws. */
export function revokeDue(
  { options, observed, startedAt }: Pick<Run, "options" | "observed" | "startedAt">,
  config: TokenConfig,
): Promise<Revoked[]> {
  const late = new Set(
    observed.filter(({ observation }) => observation === "previous").map(({ token }) => token.name),
  );
  const due = dueRevocations(config, { home: options.home, now: startedAt, late });
  return revoke(due, options.issuer);
}

/** Asks each credential's issuer to revoke it. Never throws: a failure stays in the record, and the next run tries again. */
export function revoke(
  revocations: readonly Revocation[],
  issuer: (declaration: { readonly use: string }) => Promise<Issuer>,
): Promise<Revoked[]> {
  return pLimit(REVOKE_CONCURRENCY).map(revocations, async (revocation) => {
    let count = 0;
    const act = async () => {
      const found = await issuer(revocation.issuing);
      for (const ref of await refsOf(revocation, found)) {
        await found.revoke(ref);
        count += 1;
      }
    };
    const error = await act().then(() => null, describeError);
    return { ...revocation, error, count };
  });
}

/** The refs to revoke: the one that the record names, or those that a dead run may have left under the label. */
async function refsOf(
  { credential, kept }: Revocation,
  issuer: Issuer,
): Promise<readonly string[]> {
  if (credential.ref !== null) return kept.has(credential.ref) ? [] : [credential.ref];
  const found = credential.label === undefined ? [] : await issuer.find(credential.label);
  return found.filter((ref) => !kept.has(ref));
}

/** The retirement of a token that is no longer declared: the defaults. */
const REMOVED: Retirement = { overlapHours: DEFAULT_OVERLAP_HOURS, proof: "when-seen" };

type Retirement = Pick<Token, "overlapHours" | "proof">;

function mayRevoke(
  token: Retirement,
  state: TokenState,
  {
    credential,
    now,
    isLate,
  }: { readonly credential: RetiringCredential; readonly now: Date; readonly isLate: boolean },
): boolean {
  if (credential.never_placed) return true;
  if (credential.replaced_at === null) return false;
  const replaced = Date.parse(credential.replaced_at);
  if (now.getTime() < replaced + token.overlapHours * HOUR_MS) return false;
  if (token.proof === "none") return true;
  if (isLate) return false;
  if (credential.proved_at !== null) return true;
  // A consumer that was seen with the old value still depends on it. If no consumer can be seen, more waiting proves nothing.
  return token.proof === "when-seen" && !state.seen_at;
}
