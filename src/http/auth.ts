// Who calls, and what they may: bearer keys of which only SHA-256 digests are known.
import { createHash, timingSafeEqual } from "node:crypto";
import { HttpProblem } from "./problem.ts";

export const API_SCOPES = ["read", "generate", "rotate", "admin", "reveal"] as const;
/** What a key allows. None implies another. */
export type ApiScope = (typeof API_SCOPES)[number];

/** One live key. Several may be live, so that a key can be replaced without a gap. */
export type ApiKey = {
  /** Stands in the history as the actor. */
  readonly id: string;
  /** SHA-256 of the key: 32 bytes. */
  readonly digest: Uint8Array;
  readonly scopes: ReadonlySet<ApiScope>;
  readonly expiresAt: Date | null;
};

/** How callers are told apart: by key; or not at all, where nobody but this machine's own programs can reach the server. */
export type Access =
  | { readonly kind: "loopback"; readonly port: number }
  /** Read when they are needed, so that what needs none works though they are malformed: throws `Misconfigured`. */
  | { readonly kind: "keys"; readonly keys: () => readonly ApiKey[] };

export type Caller = { readonly id: string; readonly scopes: ReadonlySet<ApiScope> };

const LOCAL: Caller = { id: "local", scopes: new Set(API_SCOPES) };
const ANONYMOUS = { code: "unauthenticated", headers: { "www-authenticate": "Bearer" } } as const;

/**
 * Tells who calls. Every key is compared, whichever matches, so that time tells nothing.
 * @throws `HttpProblem` 401 for a missing, unknown or expired key
 */
export function authenticate(request: Request, access: Access, now: Date): Caller {
  if (access.kind === "loopback") return LOCAL;
  const keys = access.keys();
  const given = /^Bearer +([\x21-\x7e]+) *$/i.exec(request.headers.get("authorization") ?? "")?.[1];
  if (given === undefined)
    throw new HttpProblem(401, "this route needs an API key", { ...ANONYMOUS, hint: "Send it as `Authorization: Bearer <key>`." });
  const digest = createHash("sha256").update(given).digest();
  let found: ApiKey | null = null;
  for (const key of keys) if (timingSafeEqual(digest, key.digest)) found = key;
  if (found === null || (found.expiresAt !== null && found.expiresAt <= now))
    throw new HttpProblem(401, "the API key is unknown or has expired", {
      ...ANONYMOUS,
      hint: "Ask whoever runs this service for a new key.",
    });
  return found;
}

/** Throws `HttpProblem` 403, naming the scope that is missing and nothing more. */
export function requireScope(caller: Caller, scope: ApiScope): void {
  if (caller.scopes.has(scope)) return;
  throw new HttpProblem(403, `this route needs the scope ${scope}`, { code: "scope-missing" });
}
