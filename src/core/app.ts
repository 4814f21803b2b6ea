// Every operation of the product, as data in and data out, for the edges.

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
import { doneFor, isOfRun, outcomeOf } from "./ports/workflow-runs.ts";
import type { Verification, VerifyOptions } from "./proof/verify.ts";
import { isAbout } from "./record/history.ts";
import type { HistoryPart, HistoryQuestion } from "./record/read-history.ts";
import { recordReader } from "./record/record.ts";
import type { RunOptions } from "./run/context.ts";
import type { RunRequest } from "./run/request.ts";
import { executeRunOnce } from "./run/run-once.ts";

export type App = {
  readonly home: Home;
  /** Rotates the tokens of the request. Throws `Failure` only if nothing could be done at all. Otherwise the report says what failed. */
  run(request: RunRequest): Promise<Report>;
  /** Plans what `run` would do at that time, and when each token is next due. */
  plan(at?: Date): Promise<Plan>;
  /** @param options.asLeft judge the record as the last run left it, without asking the store again */
  health(options?: { readonly asLeft: boolean }): Promise<HealthReport>;
  suggest(): Promise<Suggestions>;
  /** The same, with a language model's advice. Without a model, or without a useful answer, the suggestions stand and `ai` says why. */
  suggestWithAdvice(): Promise<Suggestions & { readonly ai: Advice }>;
  /** Since when and why the last answers were made from a copy, because the store gave none; null if they were not. */
  stale(): Stale | null;
  /** @param history how many of the newest entries to include */
  status(history: number): Promise<Status>;
  /** The same with a part of the history, of one version. `part` is null if the history has no place `before`. */
  statusPart(
    question: Pick<HistoryQuestion, "count" | "before">,
  ): Promise<{ readonly status: Status; readonly part: HistoryPart | null }>;
  /** @param history how many of the newest entries to include at least */
  overview(history: number): Promise<Overview>;
  /**
   * The newest entries, the newest last; of one token if a name is given.
   * @param count at most this many; null: all
   */
  history(tokenName: string | null, count?: number | null): Promise<readonly HistoryEntry[]>;
  /** Gives at most two fingerprints, by which the live values of a token are recognized. */
  liveFingerprints(tokenName: string): Promise<readonly string[]>;
  /** Gives what the history says of a run of the rotation workflow; null if it says nothing. */
  runOutcome(run: Pick<WorkflowRun, "url" | "request">): Promise<RunOutcome | null>;
  setupRule(request: RuleRequest): Promise<RuleResult>;
  createWorkflow(request: WorkflowRequest): Promise<WorkflowResult>;
  /** Plans a change. If the record requires it, a person is asked to approve the plan. */
  planChange(
    change: AgentChange,
    by: { readonly triggeredBy: TriggeredBy; readonly asks?: boolean },
  ): Promise<PlannedChange>;
  /** Does a change as it was planned. Throws if the record has moved, or if a required approval is missing. */
  applyChange(
    change: AgentChange,
    digest: string,
    by: { readonly triggeredBy: TriggeredBy; readonly mark?: RequestMark | null },
  ): Promise<AppliedChange>;
  /** Checks a plan that the caller carries out by other means. Throws as `applyChange` if it may not be applied. */
  requireApproved(
    change: AgentChange,
    digest: string,
    by: { readonly triggeredBy: TriggeredBy },
  ): Promise<ApprovedPlan>;
  /** Gives up what is pending for one token, for a person. Throws `Misconfigured` (`nothing-pending`) if nothing is. */
  abort(tokenName: string, triggeredBy: TriggeredBy): Promise<AbortResult>;
  /** Lists the secrets that exist around the record beside the declared ones. Changes nothing. */
  discover(): Promise<Discovery>;
  /** Declares a secret that exists, as it was found, and rotates nothing. */
  adopt(request: AdoptRequest): Promise<Adoption>;
  /** Fingerprints the values in `seen` (by secret name), compares them, and replays the history's chain. Changes nothing. */
  verify(seen: ReadonlyMap<string, Secret>): Promise<Verification>;
  /**
   * Replays every version of the record with the commits that made it. Changes nothing.
   * @param commits only this many, the newest; null: all of a clone's, and through GitHub's API as many as are reasonable
   */
  audit(commits: number | null): Promise<Audit>;
  /** Commits changes of the record that are not committed yet; null if there are none. */
  commitPending(message: string | null, triggeredBy?: TriggeredBy): Promise<Commit | null>;
};

export type AppOptions = Omit<RunOptions, "runId"> &
  Pick<AdviceOptions, "advisor"> & {
    readonly newRunId: () => string;
    /** The notifiers that the record's settings ask for. */
    readonly notifiers: (config: TokenConfig) => Promise<readonly Notifier[]>;
    /** Commits what a person or a failed commit left in the work tree; null if nothing is left. */
    readonly commitPending: (message: string) => Promise<Commit | null>;
    /** Null if no person can be asked. */
    readonly approvals: (ask: AskIn) => Promise<Approvals | null>;
    /** For `discover`. */
    readonly surroundings: DiscoverOptions["surroundings"];
    /** For the audit of the history. */
    readonly versions: RecordVersions;
    /** The adapters' warnings about what did not stop them. Each call empties the list. */
    readonly takeWarnings: () => readonly string[];
    /** As in `App` (default: null). */
    readonly stale?: () => Stale | null;
  };

/** All entries. */
const MOST = Number.MAX_SAFE_INTEGER;
/** The entries by which suggestions judge a token's rhythm: enough for some months, and few files. */
const RHYTHM: HistoryQuestion = { count: 1000, days: 100 };
/** How many entries `verify` replays. `history --verify` replays all of them. */
const VERIFIED_ENTRIES = 1000;
/** How many of the newest days with entries are searched. A run is followed while it goes on and shortly after. */
const RUN_DAYS = 7;

/** Builds the app over adapters that are already chosen. A module that neither a run nor a look at health needs is loaded when it is called. */
export function createApp(options: AppOptions): App {
  const { source, home, clock } = options;
  const record = recordReader(source);
  const config = async () => (await record()).config;
  /** Reads the record and a part of its history at one version, so that the two fit. */
  const withHistory = async (question: HistoryQuestion) => {
    const loaded = await record();
    const { readHistory } = await import("./record/read-history.ts");
    return { config: loaded.config, part: await readHistory(source, loaded, question) };
  };
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
    async suggest() {
      const { config: read, part } = await withHistory(RHYTHM);
      const { suggest } = await import("./health/suggest.ts");
      return suggest(read, home, clock(), part?.entries);
    },
    async suggestWithAdvice() {
      const { config: read, part } = await withHistory(RHYTHM);
      const { suggestWithAdvice } = await import("./advice/advise.ts");
      return suggestWithAdvice(read, options, part?.entries);
    },
    planChange: async (change, by) =>
      (await import("./changes/plan-change.ts")).planChange(change, by, changing),
    applyChange: async (change, digest, by) =>
      (await import("./changes/plan-change.ts")).applyChange(change, digest, by, changing),
    requireApproved: async (change, digest, by) =>
      (await import("./changes/plan-change.ts")).requireApproved(change, digest, by, changing),
    status: async (history) => {
      const { config: read, part } = await withHistory({ count: history });
      const { statusOf } = await import("./health/overview.ts");
      return statusOf(read, { home, now: clock(), history: part?.entries ?? [] });
    },
    async statusPart(question) {
      const { config: read, part } = await withHistory(question);
      const { statusOf } = await import("./health/overview.ts");
      const history = part?.entries ?? [];
      return { status: statusOf(read, { home, now: clock(), history }), part };
    },
    async overview(history) {
      const asked = { count: Math.max(history, RHYTHM.count), days: null };
      const question = history > RHYTHM.count ? asked : RHYTHM;
      const { config: read, part } = await withHistory(question);
      const { overviewOf } = await import("./health/overview.ts");
      return overviewOf(read, { home, now: clock(), history: part?.entries ?? [] });
    },
    async history(name, count) {
      const only = name === null ? {} : { only: (entry: HistoryEntry) => isAbout(entry, name) };
      const { config: read, part } = await withHistory({ count: count ?? MOST, ...only });
      const entries = part?.entries ?? [];
      if (name !== null && entries.length === 0) requireDeclared(read, [name]);
      return entries;
    },
    liveFingerprints: async (name) =>
      (await import("./proof/observe.ts")).liveFingerprints(
        await config(),
        { home, now: clock() },
        name,
      ),
    async runOutcome(run) {
      const loaded = await record();
      const done = doneFor(loaded.config, run);
      const only = (entry: HistoryEntry) => isOfRun(entry, run, done);
      const { readHistory } = await import("./record/read-history.ts");
      const part = await readHistory(source, loaded, { count: MOST, days: RUN_DAYS, only });
      return outcomeOf(part?.entries ?? []);
    },
    setupRule: async (request) => (await import("./changes/set-up.ts")).setupRule(request, options),
    createWorkflow: async (request) =>
      (await import("./changes/set-up.ts")).createWorkflow(request, options),
    abort: async (name, triggeredBy) =>
      (await import("./changes/abort.ts")).abort(name, { triggeredBy, options }),
    discover: async () =>
      (await import("./discovery/discover.ts")).discover(await config(), options),
    adopt: async (request) => (await import("./discovery/adopt.ts")).adopt(request, options),
    async verify(seen) {
      const { config: read, part } = await withHistory({ count: VERIFIED_ENTRIES });
      return verify(read, { seen, history: part ?? { entries: [], older: false } }, options);
    },
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

/** A notifier's failure never fails the run: the tokens are rotated either way. */
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

/** The report without the tokens whose rules switch notifications off. */
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

/** A drift is reported once, by the run that recorded it. */
function isNewDrift(config: TokenConfig, name: string, report: Report): boolean {
  const { drift } = tokenState(config, name);
  return !drift || Date.parse(drift.at) >= Date.parse(report.started_at);
}

async function verify(
  config: TokenConfig,
  given: Pick<VerifyOptions, "seen" | "history">,
  options: AppOptions,
): Promise<Verification> {
  const { listScopes, verifyRecord } = await import("./proof/verify.ts");
  const listings = await listScopes(config, options);
  return verifyRecord(config, {
    home: options.home,
    ...given,
    key: options.fingerprintKey,
    now: options.clock(),
    listings,
  });
}
