// Memory of a process that answers many requests: callers' budgets, issuers' public keys, fingerprints of live keys, copies.
import type { JWTVerifyGetKey } from "jose";
import type { HealthStatus } from "../../core/health/status.ts";
import type { Copies } from "../../core/ports/copies.ts";
import { type Budgets, createBudgets } from "./rate-limit.ts";

export type Memory = {
  readonly budgets: Budgets;
  /** By address: an issuer's public keys, fetched when they are needed. */
  readonly keySets: Map<string, JWTVerifyGetKey>;
  readonly copies: Copies;
  /** By record and token: its live fingerprints, and when they were read (milliseconds since 1970). */
  readonly liveFingerprints: Map<
    string,
    { readonly at: number; readonly fingerprints: Promise<readonly string[]> }
  >;
  /** By record: the state of all tokens, and when it was read (milliseconds since 1970). */
  readonly overall: Map<string, { readonly at: number; readonly status: Overall }>;
};

export function createMemory(): Memory {
  return {
    budgets: createBudgets(),
    keySets: new Map(),
    copies: new Map(),
    liveFingerprints: new Map(),
    overall: new Map(),
  };
}

let ofThisProcess: Memory | null = null;

/** A host passes its handlers nothing but a request, so only the process can hold what they share. */
export function processMemory(): Memory {
  ofThisProcess ??= createMemory();
  return ofThisProcess;
}

/** `none`: no token is declared. `unread`: the first read is under way. */
export type Overall = HealthStatus | "none" | "unread";
