// A request for a run.

import type { Secret } from "../base/secret.ts";
import type { PlanMark } from "../config/agent-rules.ts";
import type { RequestMark, TriggeredBy } from "../model/schema.ts";
import type { Credential } from "../ports/issuer.ts";

/** What a run is asked for. */
export type RunTarget =
  | { readonly kind: "due" }
  /** `value`: supplied by a person instead of issued, for exactly one name. `create`: declare the names that are not declared yet. */
  | {
      readonly kind: "tokens";
      readonly names: readonly string[];
      readonly value: Secret | null;
      readonly create: boolean;
    }
  | { readonly kind: "workflow"; readonly name: string }
  /** What is pending, failed or stuck, tried again now, without waiting out its backoff. */
  | { readonly kind: "resume"; readonly names: readonly string[] };

/** A step of a run, for people who wait. Never a value. */
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
  /** With `dryRun`: the run itself is started elsewhere next, so what the caller may not do is refused already. */
  readonly dispatches?: boolean;
  readonly dryRun: boolean;
  /** What this process can see of the secrets, by name: compared with the record for proof and drift. */
  readonly seen?: ReadonlyMap<string, Secret>;
  /** Called with each credential the moment it exists, before anything else can see it: the Action masks it here. */
  readonly onCredential?: (tokenName: string, credential: Credential) => void;
  readonly onProgress?: (progress: RunProgress) => void;
};

/** The value that a person hands in instead of an issuer's; null if there is none. */
export function suppliedValue({ wanted }: { readonly wanted: RunTarget }): Secret | null {
  return wanted.kind === "tokens" ? wanted.value : null;
}
