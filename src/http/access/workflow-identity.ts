// Workflows as callers: GitHub's OIDC tokens, checked by signature and judged by ids, ref and environment.
import type { JWTPayload, JWTVerifyGetKey } from "jose";
import { Unchanged } from "../../core/base/errors.ts";
import type { Caller, TrustedWorkflow, WorkflowTrust } from "./caller.ts";

/** The algorithm that GitHub signs with. Any other one is not tried, above all `none` and the symmetric ones. */
const ALGORITHM = "RS256";
/** How far apart the clocks may be, in seconds. */
const CLOCK_TOLERANCE_S = 30;
/** How long the issuer may take to send its keys, in milliseconds. */
const JWKS_TIMEOUT_MS = 5_000;
/** An unknown key id causes a new fetch of the keys at most this often, in milliseconds, however many arrive. */
const JWKS_COOLDOWN_MS = 30_000;

type KeySets = Map<string, JWTVerifyGetKey>;

/** Whether a bearer token has the form of a signed one: three parts of base64url (RFC 7515 §7.1). */
export function looksSigned(bearer: string): boolean {
  return /^[\w-]+\.[\w-]+\.[\w-]*$/.test(bearer);
}

/**
 * The workflow that a token speaks for: the first entry that fits. Null if the token is not valid, or no entry trusts it.
 * @throws `Unchanged` (`issuer-unavailable`) if the issuer's keys cannot be fetched
 */
export async function identifyWorkflow(
  token: string,
  trust: WorkflowTrust,
  by: { readonly now: Date; readonly keySets: KeySets },
): Promise<Caller | null> {
  const claims = await verifyClaims(token, trust, by);
  if (claims === null) return null;
  const found = trust.callers.find((caller) => fits(caller, claims));
  return found === undefined
    ? null
    : { id: found.id, scopes: found.scopes, runUrl: runUrlOf(claims, trust.issuer) };
}

async function verifyClaims(
  token: string,
  trust: WorkflowTrust,
  { now, keySets }: { readonly now: Date; readonly keySets: KeySets },
): Promise<JWTPayload | null> {
  const { decodeProtectedHeader, errors, jwtVerify } = await import("jose");
  try {
    const { alg, kid } = decodeProtectedHeader(token);
    // Without a key's id, jose would try every key.
    if (alg !== ALGORITHM || typeof kid !== "string" || kid === "") return null;
    const { payload } = await jwtVerify(token, await openKeySet(trust, keySets), {
      algorithms: [ALGORITHM],
      issuer: trust.issuer,
      audience: trust.audience,
      currentDate: now,
      clockTolerance: CLOCK_TOLERANCE_S,
      requiredClaims: ["exp", "iat"],
    });
    return payload;
  } catch (error) {
    // For text that is no token the decoder throws a TypeError. The sender does not see why a token is refused.
    if (error instanceof errors.JOSEError || error instanceof TypeError) return null;
    throw error;
  }
}

/** The issuer's keys, kept and refreshed by jose. Throws `Unchanged` if they cannot be fetched, which says nothing about the token. */
async function openKeySet({ jwksUrl }: WorkflowTrust, keySets: KeySets): Promise<JWTVerifyGetKey> {
  const { createRemoteJWKSet, errors } = await import("jose");
  const kept = keySets.get(jwksUrl);
  if (kept !== undefined) return kept;
  const fetchKey = createRemoteJWKSet(new URL(jwksUrl), {
    timeoutDuration: JWKS_TIMEOUT_MS,
    cooldownDuration: JWKS_COOLDOWN_MS,
  });
  const keySet: JWTVerifyGetKey = async (header, jws) => {
    try {
      return await fetchKey(header, jws);
    } catch (error) {
      if (
        error instanceof errors.JWKSNoMatchingKey ||
        error instanceof errors.JWKSMultipleMatchingKeys
      )
        throw error;
      throw new Unchanged(
        "the keys of the tokens' issuer could not be fetched, so no caller can be admitted with such a token",
        {
          code: "issuer-unavailable",
          hint: "Nothing was done. Try again later. If it fails again, check jwks_url in TOKEN_AUTOMATION_OIDC.",
          cause: error,
        },
      );
    }
  };
  keySets.set(jwksUrl, keySet);
  return keySet;
}

/** Never by `sub`, a text for people, whose parts and order each repository can change. */
function fits(caller: TrustedWorkflow, claims: JWTPayload): boolean {
  return (
    claims.repository_id === caller.repositoryId &&
    claims.repository_owner_id === caller.repositoryOwnerId &&
    (caller.ref === null || claims.ref === caller.ref) &&
    (caller.environment === null || claims.environment === caller.environment)
  );
}

/** The address of the caller's run. Null if the token does not name it in GitHub's form. */
function runUrlOf({ repository, run_id: runId }: JWTPayload, issuer: string): string | null {
  if (typeof repository !== "string" || !/^[\w.-]+\/[\w.-]+$/.test(repository)) return null;
  if (typeof runId !== "string" || !/^\d+$/.test(runId)) return null;
  const { origin, hostname } = new URL(issuer);
  const server = hostname === "token.actions.githubusercontent.com" ? "https://github.com" : origin;
  return `${server}/${repository}/actions/runs/${runId}`;
}
