// Revoking credentials that newer ones have replaced: which may go (pure), and asking their issuers to end them.
import { type ReportedError, reportError } from "./errors.ts";
import type { Issuer } from "./ports.ts";
import type { RetiringCredential, TokenConfig, TokenState } from "./schema.ts";
import { type Home, resolveToken, type Token, tokenState } from "./token.ts";

const HOUR_MS = 3_600_000;

export type Revocation = { readonly tokenName: string; readonly credential: RetiringCredential };
export type Revoked = Revocation & { readonly error: ReportedError | null };

type RetireOptions = {
  readonly home: Home;
  readonly now: Date;
  /** Tokens of which this very run sees an earlier value. */
  readonly late: ReadonlySet<string>;
};

/** Every recorded credential that may be revoked now: placed over everywhere, overlap over, proved where proof is asked for. */
export function dueRevocations(config: TokenConfig, { home, now, late }: RetireOptions): Revocation[] {
  return Object.keys(config.tokens ?? {}).flatMap((tokenName) => {
    const state = tokenState(config, tokenName);
    if (!state.retiring?.length) return [];
    const token = resolveToken(config, tokenName, home);
    if (token === null) return [];
    return state.retiring
      .filter((credential) => mayRevoke(token, state, { credential, now, isLate: late.has(tokenName) }))
      .map((credential) => ({ tokenName, credential }));
  });
}

/** Asks each credential's issuer to end it. Never throws: what failed stays in the record and is tried again. */
export function revoke(revocations: readonly Revocation[], issuer: (name: string) => Promise<Issuer>): Promise<Revoked[]> {
  return Promise.all(
    revocations.map(async ({ tokenName, credential }) => {
      const error = await issuer(credential.issuer)
        .then((found) => found.revoke(credential.ref))
        .then(() => null, reportError);
      return { tokenName, credential, error };
    }),
  );
}

function mayRevoke(
  token: Token,
  state: TokenState,
  { credential, now, isLate }: { readonly credential: RetiringCredential; readonly now: Date; readonly isLate: boolean },
): boolean {
  if (credential.never_placed) return true;
  if (credential.replaced_at === null) return false;
  const replaced = Date.parse(credential.replaced_at);
  if (now.getTime() < replaced + token.overlapHours * HOUR_MS) return false;
  if (token.proof === "none") return true;
  if (isLate) return false;
  if (credential.proved_at !== null) return true;
  // A consumer that was seen with the old value still depends on it; where none can be seen, waiting proves nothing.
  return token.proof === "when-seen" && !state.seen_at;
}
