// Authentication of callers, by bearer keys (of which only SHA-256 digests are known) and by OIDC
// tokens of workflows on GitHub.
// hono/bearer-auth would replace one pattern here. It knows neither keys that expire and rotate nor
// who the caller is.
import { createHash, timingSafeEqual } from "node:crypto";
import { Secret } from "../../core/base/secret.ts";
import { matchesFingerprint } from "../../core/credentials/fingerprint.ts";
import { HttpProblem } from "../problem/problem.ts";
import { API_SCOPES, type ApiKey, type ApiScope, type Caller } from "./caller.ts";
import type { Edge } from "./edge.ts";
import { identifyWorkflow, looksSigned } from "./workflow-identity.ts";

/** What `authenticate` needs of the edge. */
export type Door = Pick<Edge, "access" | "now" | "memory" | "fingerprintKey">;

const LOCAL: Caller = { id: "local", scopes: new Set(API_SCOPES) };
const ANONYMOUS = { code: "unauthenticated", headers: { "www-authenticate": "Bearer" } } as const;

/**
 * Identifies the caller. Every key is compared, even after a match, so that the time reveals nothing.
 * @throws `HttpProblem` 401 for a missing, unknown or expired key, or a token that is not valid
 */
export async function authenticate(request: Request, door: Door): Promise<Caller> {
  const { access } = door;
  if (access.kind === "loopback") return LOCAL;
  if (access.kind === "admitted") return access.caller;
  const keys = access.keys();
  const given = /^Bearer +([\x21-\x7e]+) *$/i.exec(request.headers.get("authorization") ?? "")?.[1];
  if (given === undefined)
    throw new HttpProblem(401, "this route needs an API key", {
      ...ANONYMOUS,
      hint: "Send it as `Authorization: Bearer <key>`.",
    });
  const now = door.now();
  const live = keys.filter(({ expiresAt }) => expiresAt === null || expiresAt > now);
  const found =
    byDigest(given, live) ??
    (await byWorkflow(given, door)) ??
    (await byToken(new Secret(given), live, door));
  if (found !== null) return found;
  throw new HttpProblem(401, "the API key is unknown or has expired", {
    ...ANONYMOUS,
    hint: "Ask the operator of this service for a new key.",
  });
}

function byDigest(given: string, keys: readonly ApiKey[]): Caller | null {
  const digest = createHash("sha256").update(given).digest();
  let found: Caller | null = null;
  for (const key of keys) if ("digest" in key && timingSafeEqual(digest, key.digest)) found = key;
  return found;
}

async function byWorkflow(given: string, { access, memory, now }: Door): Promise<Caller | null> {
  const trust =
    access.kind === "keys" && looksSigned(given) ? (access.workflows?.() ?? null) : null;
  return trust === null
    ? null
    : identifyWorkflow(given, trust, { now: now(), keySets: memory.keySets });
}

async function byToken(
  given: Secret,
  keys: readonly ApiKey[],
  { access, fingerprintKey }: Door,
): Promise<Caller | null> {
  let found: Caller | null = null;
  for (const key of keys) {
    if (!("token" in key) || access.kind !== "keys" || access.liveFingerprints === undefined)
      continue;
    for (const fingerprint of await access.liveFingerprints(key.token))
      if (matchesFingerprint(given, fingerprint, fingerprintKey()) === "match") found = key;
  }
  return found;
}

/** Throws `HttpProblem` 403. It names the missing scope and nothing more. */
export function requireScope(caller: Caller, scope: ApiScope): void {
  if (caller.scopes.has(scope)) return;
  throw new HttpProblem(403, `this route needs the scope ${scope}`, { code: "scope-missing" });
}
