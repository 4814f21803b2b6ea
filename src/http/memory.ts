// What outlives one request in a process that answers many: callers' budgets, issuers' public keys, fingerprints of live keys.
import type { JWTVerifyGetKey } from "jose";
import type { Copies } from "../stale.ts";
import { type Budgets, createBudgets } from "./rate-limit.ts";

export type Memory = {
  readonly budgets: Budgets;
  /** By address: an issuer's public keys, fetched when they are needed. */
  readonly keySets: Map<string, JWTVerifyGetKey>;
  readonly copies: Copies;
  /** By record and token: its live fingerprints, and when they were read (milliseconds since 1970). */
  readonly liveFingerprints: Map<string, { readonly at: number; readonly fingerprints: readonly string[] }>;
};

export function createMemory(): Memory {
  return { budgets: createBudgets(), keySets: new Map(), copies: new Map(), liveFingerprints: new Map() };
}

let ofThisProcess: Memory | null = null;

/** A host calls its handlers with nothing but a request, so what they share can only be the process's. */
export function processMemory(): Memory {
  ofThisProcess ??= createMemory();
  return ofThisProcess;
}
