// A request for a run.

import type { Secret } from "../base/secret.ts";
import type { PlanMark } from "../config/agent-rules.ts";
import type { RequestMark, TriggeredBy } from "../model/schema.ts";
import type { Credential } from "../ports/issuer.ts";

/** The tokens that a run is requested for. */
export type RunTarget =
  | { readonly kind: "due" }
  /** `value`: supplied by a person instead of issued, for exactly one name. `create`: declare names that are not declared. */
  | {
      readonly kind: "tokens";
      readonly names: readonly string[];
      readonly value: Secret | null;
      readonly create: boolean;
    }
  | { readonly kind: "workflow"; readonly name: string }
  /** Pending, failed or stuck tokens, tried again now without their backoff. */
  | { readonly kind: "resume"; readonly names: readonly string[] };

/** A step of a run, for display. It never holds a value. */
export type RunProgress = {
  readonly phase: "preflight" | "issue" | "journal" | "place" | "record";
  readonly done: number;
  readonly total: number;
};

export type RunRequest = {
  readonly wanted: RunTarget;
  readonly triggeredBy: TriggeredBy;
  /** Carried out once, however often it comes. */
  readonly mark?: RequestMark | null;
  /** The plan that this carries out. */
  readonly plan?: PlanMark;
  /** With `dryRun`: the run itself starts elsewhere next, so a caller without permission is refused now. */
  readonly dispatches?: boolean;
  readonly dryRun: boolean;
  /** The secrets that this process sees, by name: compared with the record for proof and drift. */
  readonly seen?: ReadonlyMap<string, Secret>;
  /** Called with each credential the moment it exists, before anything else can see it: the Action masks it here. */
  readonly onCredential?: (tokenName: string, credential: Credential) => void;
  readonly onProgress?: (progress: RunProgress) => void;
};

/** The value that a person hands in instead of an issued one; null without one. */
export function suppliedValue({ wanted }: { readonly wanted: RunTarget }): Secret | null {
  return wanted.kind === "tokens" ? wanted.value : null;
}
