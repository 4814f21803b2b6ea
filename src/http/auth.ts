// Who calls, and what they may: bearer keys of which only SHA-256 digests are known, and workflows by GitHub's OIDC tokens.
import { createHash, timingSafeEqual } from "node:crypto";
import { matchesFingerprint } from "../fingerprint.ts";
import { Secret } from "../secret.ts";
import type { Edge } from "./edge.ts";
import { HttpProblem } from "./problem.ts";
import { identifyWorkflow, looksSigned, type WorkflowTrust } from "./workflow-identity.ts";

export const API_SCOPES = ["read", "generate", "rotate", "admin", "reveal"] as const;
/** What a key allows. None implies another. */
export type ApiScope = (typeof API_SCOPES)[number];

type Allowance = {
  /** The client: stands in the history as the actor. It may have two live keys, so that one can be replaced without a gap. */
  readonly id: string;
  readonly scopes: ReadonlySet<ApiScope>;
  readonly expiresAt: Date | null;
  /** Whether the client is a program that decides by itself what to ask for: the record's `settings.agents` holds for it. */
  readonly agent?: boolean;
};

/**
 * One live key.
 *
 * Its digest is a plain SHA-256, neither salted nor slow: those defend words that people choose, against whoever can guess
 * them. A key of at least 128 random bits cannot be guessed, however fast the guesses are tested (NIST SP 800-63B-4, 3.1.2),
 * and a slow hash would let whoever sends wrong keys keep the service busy.
 */
export type ApiKey = Allowance &
  (
    | {
        /** SHA-256 of the key: 32 bytes. */
        readonly digest: Uint8Array;
      }
    /** The key is the value of this token of the record, so that rotating the token rotates the key. */
    | { readonly token: string }
  );

/** How callers are told apart: by what they carry; or not at all, where nobody but this machine's own programs can reach the server. */
export type Access =
  | { readonly kind: "loopback"; readonly port: number }
  /** An agent of whom it is known already: it came through the MCP endpoint, or it is a client of this very process. */
  | { readonly kind: "admitted"; readonly caller: Caller }
  /** Read when they are needed, so that what needs none works though they are malformed: throws `Misconfigured`. */
  | {
      readonly kind: "keys";
      readonly keys: () => readonly ApiKey[];
      /** Null or left out: no workflow is let in. */
      readonly workflows?: () => WorkflowTrust | null;
      /** What the live values of a token of the record are recognized by; needed where a key names a token. */
      readonly liveFingerprints?: (tokenName: string) => Promise<readonly string[]>;
    };

export type Caller = {
  readonly id: string;
  readonly scopes: ReadonlySet<ApiScope>;
  /** The workflow's run, where a workflow calls. */
  readonly runUrl?: string | null;
  readonly agent?: boolean;
};

/** What `authenticate` needs of the edge. */
export type Door = Pick<Edge, "access" | "now" | "memory" | "fingerprintKey">;

const LOCAL: Caller = { id: "local", scopes: new Set(API_SCOPES) };
const ANONYMOUS = { code: "unauthenticated", headers: { "www-authenticate": "Bearer" } } as const;

/**
 * Tells who calls. Every key is compared, whichever matches, so that time tells nothing.
 * @throws `HttpProblem` 401 for a missing, unknown or expired key, or a token that is not good
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
    hint: "Ask whoever runs this service for a new key.",
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

/** Throws `HttpProblem` 403, naming the scope that is missing and nothing more. */
export function requireScope(caller: Caller, scope: ApiScope): void {
  if (caller.scopes.has(scope)) return;
  throw new HttpProblem(403, `this route needs the scope ${scope}`, { code: "scope-missing" });
}
