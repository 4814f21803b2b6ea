// What the edges call: every operation of the product as data in, data out.
import type { Adoption, AdoptRequest } from "./adopt.ts";
import type { Advice } from "./advice.ts";
import type { Change, PlanMark } from "./agents.ts";
import type { Audit } from "./audit-version.ts";
import type { Discovery } from "./discover.ts";
import type { HealthBands, HealthReport } from "./health.ts";
import type { Plan } from "./plan.ts";
import type { AppliedChange, ApprovedPlan, PlannedChange } from "./plan-change.ts";
import type { Commit, Credential } from "./ports.ts";
import type { Report } from "./report.ts";
import type { HistoryEntry, RequestMark, Rule, TriggeredBy, Workflow } from "./schema.ts";
import type { Secret } from "./secret.ts";
import type { Stale } from "./stale.ts";
import type { Suggestions } from "./suggest.ts";
import type { Home } from "./token.ts";
import type { RunOutcome, WorkflowRun } from "./workflow-runs.ts";

/** What a run is asked for. */
export type Wanted =
  | { readonly kind: "due" }
  /** `value`: supplied by a person instead of issued, for exactly one name. `create`: declare names nobody declared. */
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
export type Progress = {
  readonly phase: "preflight" | "issue" | "journal" | "place" | "record";
  readonly done: number;
  readonly total: number;
};

export type RunRequest = {
  readonly wanted: Wanted;
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
  readonly onProgress?: (progress: Progress) => void;
};

export type RuleRequest = {
  readonly tokenName: string;
  readonly intervalHours: number;
  readonly autoRotate: boolean;
  readonly notify: boolean;
  /** Whether a token that nobody declared is declared; else it is refused with the nearest names. */
  readonly create: boolean;
  readonly triggeredBy: TriggeredBy;
  /** As in `RunRequest`. */
  readonly mark?: RequestMark | null;
  readonly plan?: PlanMark;
};
export type RuleResult = {
  readonly token_name: string;
  readonly interval_hours: number;
  readonly auto_rotate: boolean;
  readonly notify: boolean;
  readonly next_rotation: string | null;
  readonly commit: Commit | null;
  /** As in `Report`. */
  readonly replayed?: true;
};

export type WorkflowRequest = {
  readonly workflowName: string;
  readonly tokens: readonly string[];
  readonly schedule: string;
  readonly timezone: string | null;
  /** As in `RuleRequest`. */
  readonly create: boolean;
  readonly triggeredBy: TriggeredBy;
  /** As in `RunRequest`. */
  readonly mark?: RequestMark | null;
  readonly plan?: PlanMark;
};
export type WorkflowResult = {
  readonly workflow_name: string;
  readonly tokens: readonly string[];
  readonly resolved_tokens: readonly string[];
  readonly schedule: string;
  readonly timezone: string;
  readonly next_run: string;
  readonly commit: Commit | null;
  /** As in `Report`. */
  readonly replayed?: true;
};

export type AbortResult = {
  readonly token_name: string;
  /** The generation that was given up. */
  readonly generation: number;
  /** Ids of destinations that hold the value that was given up: rotate the token to bring them together again. */
  readonly placed: readonly string[];
  readonly commit: Commit | null;
};

export type TokenOverview = {
  readonly name: string;
  readonly type: string;
  readonly issuer: string;
  readonly groups: readonly string[];
  readonly destinations: readonly string[];
  readonly generation: number;
  readonly rotated_at: string | null;
  readonly fingerprint: string | null;
  readonly expires_at: string | null;
  readonly pending: boolean;
  readonly failures: number;
};
export type WorkflowOverview = Workflow & {
  readonly resolved_tokens: readonly string[];
  readonly next_run: string | null;
  readonly last_run_at: string | null;
};
export type Status = {
  readonly tokens: Readonly<Record<string, TokenOverview>>;
  readonly rules: Readonly<Record<string, Rule>>;
  readonly workflows: Readonly<Record<string, WorkflowOverview>>;
  /** The newest last. */
  readonly history: readonly HistoryEntry[];
  readonly health: HealthReport;
  readonly suggestions: readonly string[];
};

/** Everything that a page shows, of one moment and one reading of the record. */
export type Overview = {
  readonly home: Home;
  readonly now: Date;
  /** With the whole of the history that this file holds. */
  readonly status: Status;
  readonly plan: Plan;
  readonly actions: Suggestions["actions"];
  readonly bands: HealthBands;
  /** Tokens whose next value only a person can hand in. */
  readonly byHand: ReadonlySet<string>;
};

/**
 * What can be told of one token without rotating it.
 * - `match`: what this process sees is the current generation;
 * - `previous`: it sees the one before: not yet;
 * - `mismatch`: it sees something else: drift;
 * - `gone`: a destination no longer has the secret;
 * - `changed_later`: a destination's secret was changed after it was placed: a softer sign of drift;
 * - `unknown`: it could not be told; `not_seen`: nothing is seen of it, and its destinations show nothing wrong.
 */
export type Verdict =
  | "match"
  | "previous"
  | "mismatch"
  | "gone"
  | "changed_later"
  | "unknown"
  | "not_seen";

/** What can be told of the declared secrets, and whether the record's history hangs together. */
export type Verification = {
  readonly tokens: readonly {
    readonly token_name: string;
    readonly verdict: Verdict;
    readonly detail: string;
  }[];
  readonly history: {
    readonly ok: boolean;
    readonly entries: number;
    readonly breaks: readonly { readonly id: string; readonly message: string }[];
  };
};

export type App = {
  readonly home: Home;
  /** Rotates what was asked for. Throws `Failure` only where nothing could be done at all; else the report tells. */
  run(request: RunRequest): Promise<Report>;
  /** What `run` would do at that time, and when each token is next due. */
  plan(at?: Date): Promise<Plan>;
  /** @param options.asLeft judge the record as the last run left it, without asking the store again */
  health(options?: { readonly asLeft: boolean }): Promise<HealthReport>;
  suggest(): Promise<Suggestions>;
  /** The same, with what a language model makes of it. Where there is no model, or no answer of use, the suggestions stand and `ai` says why. */
  suggestWithAdvice(): Promise<Suggestions & { readonly ai: Advice }>;
  /** Where the last answers were made from a copy because the store gave none: since when, and why; else null. */
  stale(): Stale | null;
  /** @param history how many of the newest entries to include */
  status(history: number): Promise<Status>;
  overview(): Promise<Overview>;
  /** The entries in this file, the newest last; of one token where a name is given. */
  history(tokenName: string | null): Promise<readonly HistoryEntry[]>;
  /** By what the live values of a token are recognized: at most two fingerprints. */
  liveFingerprints(tokenName: string): Promise<readonly string[]>;
  /** What the history tells of a run of the rotation workflow; null where it tells nothing. */
  runOutcome(run: Pick<WorkflowRun, "url" | "request">): Promise<RunOutcome | null>;
  setupRule(request: RuleRequest): Promise<RuleResult>;
  createWorkflow(request: WorkflowRequest): Promise<WorkflowResult>;
  /** What a change would do; where the record asks for it, a person is asked to approve it. */
  planChange(
    change: Change,
    by: { readonly triggeredBy: TriggeredBy; readonly asks?: boolean },
  ): Promise<PlannedChange>;
  /** Does a change as it was planned, or throws: where the record has moved, or nobody has approved it. */
  applyChange(
    change: Change,
    digest: string,
    by: { readonly triggeredBy: TriggeredBy; readonly mark?: RequestMark | null },
  ): Promise<AppliedChange>;
  /** For who carries a plan out by other means: throws as `applyChange` where it may not be. */
  requireApproved(
    change: Change,
    digest: string,
    by: { readonly triggeredBy: TriggeredBy },
  ): Promise<ApprovedPlan>;
  /** Gives up what is pending for one token, for a person. Throws `Misconfigured` (`nothing-pending`) where nothing is. */
  abort(tokenName: string, triggeredBy: TriggeredBy): Promise<AbortResult>;
  /** Lists the secrets that exist around the record beside the declared ones. Changes nothing. */
  discover(): Promise<Discovery>;
  /** Declares a secret that exists, as it is found, and rotates nothing. */
  adopt(request: AdoptRequest): Promise<Adoption>;
  /** Fingerprints what is seen (by secret name) and compares; replays the history's chain. Changes nothing. */
  verify(seen: ReadonlyMap<string, Secret>): Promise<Verification>;
  /**
   * Replays every version of the record with the commits that made it. Changes nothing.
   * @param commits only the newest so many; null: all of a clone's, and through GitHub's API as many as are reasonable
   */
  audit(commits: number | null): Promise<Audit>;
  /** Commits changes of the record that are not committed yet; null where nothing is left. */
  commitPending(message: string | null, triggeredBy?: TriggeredBy): Promise<Commit | null>;
};
