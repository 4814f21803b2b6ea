// What the edges call: every operation of the product as data in, data out.

import type { Advice } from "./advice/advice.ts";
import type { AdviceOptions } from "./advice/advise.ts";
import type { Audit } from "./audit/version.ts";
import { describeError } from "./base/errors.ts";
import type { Secret } from "./base/secret.ts";
import type { AbortResult } from "./changes/abort.ts";
import type { ApprovedPlan, ChangeOptions } from "./changes/plan-change.ts";
import type { RuleRequest, WorkflowRequest } from "./changes/set-up.ts";
import type { AppliedChange, PlannedChange, RuleResult, WorkflowResult } from "./changes/shapes.ts";
import type { AgentChange } from "./config/agent-change.ts";
import { isAgent, requireAgentsOn } from "./config/agent-rules.ts";
import { requireDeclared } from "./config/edit.ts";
import type { Adoption, AdoptRequest } from "./discovery/adopt.ts";
import type { DiscoverOptions } from "./discovery/discover.ts";
import type { Discovery } from "./discovery/shapes.ts";
import { health } from "./health/health.ts";
import type { Overview } from "./health/overview.ts";
import type { HealthReport, Status, Suggestions } from "./health/shapes.ts";
import type { HistoryEntry, RequestMark, TokenConfig, TriggeredBy } from "./model/schema.ts";
import { type Home, tokenState } from "./model/token.ts";
import { type Plan, plan } from "./plan/plan.ts";
import type { Approvals, AskIn } from "./ports/approvals.ts";
import type { Stale } from "./ports/copies.ts";
import type { Notifier } from "./ports/notifier.ts";
import type { RecordVersions } from "./ports/record-versions.ts";
import type { Report } from "./ports/report.ts";
import type { Commit } from "./ports/store.ts";
import type { RunOutcome, WorkflowRun } from "./ports/workflow-run.ts";
import { outcomeOf } from "./ports/workflow-runs.ts";
import type { Verification } from "./proof/verify.ts";
import { recordReader } from "./record/record.ts";
import type { RunOptions } from "./run/context.ts";
import type { RunRequest } from "./run/request.ts";
import { executeRunOnce } from "./run/run-once.ts";

export type App = {
  readonly home: Home;
  /** Rotates the requested tokens. Throws `Failure` only if nothing could be done at all. Otherwise the report says what failed. */
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
  /** What the history shows of a run of the rotation workflow; null if it shows nothing. */
  runOutcome(run: Pick<WorkflowRun, "url" | "request">): Promise<RunOutcome | null>;
  setupRule(request: RuleRequest): Promise<RuleResult>;
  createWorkflow(request: WorkflowRequest): Promise<WorkflowResult>;
  /** What a change would do; where the record asks for it, a person is asked to approve it. */
  planChange(
    change: AgentChange,
    by: { readonly triggeredBy: TriggeredBy; readonly asks?: boolean },
  ): Promise<PlannedChange>;
  /** Does a change as it was planned, or throws: if the record has moved, or a needed approval is missing. */
  applyChange(
    change: AgentChange,
    digest: string,
    by: { readonly triggeredBy: TriggeredBy; readonly mark?: RequestMark | null },
  ): Promise<AppliedChange>;
  /** For who carries a plan out by other means: throws as `applyChange` where it may not be. */
  requireApproved(
    change: AgentChange,
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
   * @param commits the most to read, newest first; null: all of a clone's, and through GitHub's API as many as are reasonable
   */
  audit(commits: number | null): Promise<Audit>;
  /** Commits changes of the record that are not committed yet; null where nothing is left. */
  commitPending(message: string | null, triggeredBy?: TriggeredBy): Promise<Commit | null>;
};

export type AppOptions = Omit<RunOptions, "runId"> &
  Pick<AdviceOptions, "advisor"> & {
    readonly newRunId: () => string;
    /** Who is told, by what the record's settings ask for. */
    readonly notifiers: (config: TokenConfig) => Promise<readonly Notifier[]>;
    /** Commits what a person or a failed commit left in the work tree; null where nothing is left. */
    readonly commitPending: (message: string) => Promise<Commit | null>;
    /** Null if there is no person to ask. */
    readonly approvals: (ask: AskIn) => Promise<Approvals | null>;
    /** For `discover`. */
    readonly surroundings: DiscoverOptions["surroundings"];
    /** For the audit of the history. */
    readonly versions: RecordVersions;
    /** What the adapters met that did not stop them, told once: each call empties it. */
    readonly takeWarnings: () => readonly string[];
    /** As in `App` (default: null). */
    readonly stale?: () => Stale | null;
  };

/** Builds the app over adapters that are already chosen. What neither a run nor a look at health needs is loaded when it is asked for. */
export function createApp(options: AppOptions): App {
  const { source, home, clock } = options;
  const config = recordReader(source);
  let left: TokenConfig | null = null;
  const changing: ChangeOptions = {
    home,
    clock,
    config,
    approvals: options.approvals,
    app: {
      run: (request) => app.run(request),
      setupRule: (request) => app.setupRule(request),
      createWorkflow: (request) => app.createWorkflow(request),
    },
  };
  const app: App = {
    home,
    async run(request) {
      const { report, config: after } = await executeRunOnce(request, {
        ...options,
        runId: options.newRunId(),
      });
      left = after;
      return notify(
        { ...report, warnings: [...report.warnings, ...options.takeWarnings()] },
        after,
        options.notifiers,
      );
    },
    plan: async (at) => plan(await config(), home, at ?? clock()),
    health: async (how) =>
      health(how?.asLeft && left !== null ? left : await config(), home, clock()),
    stale: options.stale ?? (() => null),
    suggest: async () =>
      (await import("./health/suggest.ts")).suggest(await config(), home, clock()),
    suggestWithAdvice: async () =>
      (await import("./advice/advise.ts")).suggestWithAdvice(await config(), options),
    planChange: async (change, by) =>
      (await import("./changes/plan-change.ts")).planChange(change, by, changing),
    applyChange: async (change, digest, by) =>
      (await import("./changes/plan-change.ts")).applyChange(change, digest, by, changing),
    requireApproved: async (change, digest, by) =>
      (await import("./changes/plan-change.ts")).requireApproved(change, digest, by, changing),
    status: async (history) =>
      (await import("./health/overview.ts")).statusOf(await config(), {
        home,
        now: clock(),
        history,
      }),
    overview: async () =>
      (await import("./health/overview.ts")).overviewOf(await config(), home, clock()),
    history: async (name) => historyOf(await config(), name),
    liveFingerprints: async (name) =>
      (await import("./proof/observe.ts")).liveFingerprints(
        await config(),
        { home, now: clock() },
        name,
      ),
    runOutcome: async (run) => outcomeOf(await config(), run),
    setupRule: async (request) => (await import("./changes/set-up.ts")).setupRule(request, options),
    createWorkflow: async (request) =>
      (await import("./changes/set-up.ts")).createWorkflow(request, options),
    abort: async (name, triggeredBy) =>
      (await import("./changes/abort.ts")).abort(name, { triggeredBy, options }),
    discover: async () =>
      (await import("./discovery/discover.ts")).discover(await config(), options),
    adopt: async (request) => (await import("./discovery/adopt.ts")).adopt(request, options),
    verify: async (seen) => verify(await config(), seen, options),
    audit: async (commits) =>
      (await import("./audit/audit.ts")).auditHistory(options.versions(commits), source.path),
    async commitPending(message, by) {
      if (by && isAgent(by)) requireAgentsOn(await config(), by);
      const requestedBy = by?.actor ? `\n\nRequested-by: ${by.actor}` : "";
      return options.commitPending(
        `${message ?? "token-automation: commit the record [skip ci]"}${requestedBy}`,
      );
    },
  };
  return app;
}

/** A notifier's failure never fails the run: the tokens are rotated even if no notifier reported it. */
async function notify(
  report: Report,
  config: TokenConfig,
  notifiersFor: AppOptions["notifiers"],
): Promise<Report> {
  const told = report.tokens.filter(
    (token) => token.status !== "skipped" && config.rules?.[token.token_name]?.notify !== false,
  );
  const isNews =
    told.length + report.revoked.length > 0 ||
    report.drifted.some((name) => isNewDrift(config, name, report));
  if (report.dry_run || !isNews) return report;
  const results = await Promise.allSettled(
    await notifiersFor(config).then(
      (notifiers) => notifiers.map((notifier) => notifier.notify(only(report, told, config))),
      (error: unknown) => [Promise.reject(error)],
    ),
  );
  const warnings = results.flatMap((result) =>
    result.status === "rejected" ? [describeError(result.reason).message] : [],
  );
  return { ...report, warnings: [...report.warnings, ...warnings] };
}

/** The report without the tokens that notifiers leave out. */
function only(report: Report, tokens: Report["tokens"], config: TokenConfig): Report {
  const isTold = (name: string) => config.rules?.[name]?.notify !== false;
  const lists = [
    "rotated",
    "failed",
    "failing",
    "skipped",
    "drifted",
    "proved",
    "revoked",
  ] as const;
  return {
    ...report,
    tokens,
    ...Object.fromEntries(lists.map((list) => [list, report[list].filter(isTold)])),
  };
}

/** A drift is told once, by the run that recorded it. */
function isNewDrift(config: TokenConfig, name: string, report: Report): boolean {
  const { drift } = tokenState(config, name);
  return !drift || Date.parse(drift.at) >= Date.parse(report.started_at);
}

function historyOf(config: TokenConfig, name: string | null): NonNullable<TokenConfig["history"]> {
  const entries = config.history ?? [];
  if (name === null) return entries;
  const found = entries.filter((entry) => entry.token_name === name);
  if (found.length === 0) requireDeclared(config, [name]);
  return found;
}

async function verify(
  config: TokenConfig,
  seen: ReadonlyMap<string, Secret>,
  options: AppOptions,
): Promise<Verification> {
  const { listScopes, verifyRecord } = await import("./proof/verify.ts");
  const listings = await listScopes(config, options);
  return verifyRecord(config, {
    home: options.home,
    seen,
    key: options.fingerprintKey,
    now: options.clock(),
    listings,
  });
}
