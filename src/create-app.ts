// The app's operations over the ports: load, decide, change, tell.
import { isAgent, requireAgentsOn } from "./agents.ts";
import type { App, Verification } from "./app.ts";
import type { RecordVersions } from "./audit-version.ts";
import { requireDeclared } from "./declare.ts";
import type { DiscoverOptions } from "./discover.ts";
import { reportError } from "./errors.ts";
import { health } from "./health.ts";
import { plan } from "./plan.ts";
import type { ChangeOptions } from "./plan-change.ts";
import type { Approvals, AskIn, Commit, Notifier } from "./ports.ts";
import { recordReader } from "./record.ts";
import type { Report } from "./report.ts";
import { rotateOnce } from "./rotate-once.ts";
import type { RunOptions } from "./run.ts";
import type { TokenConfig } from "./schema.ts";
import type { Secret } from "./secret.ts";
import type { Stale } from "./stale.ts";
import type { AdviceOptions } from "./suggest-with-advice.ts";
import { tokenState } from "./token.ts";
import { outcomeOf } from "./workflow-runs.ts";

export type AppOptions = Omit<RunOptions, "runId"> &
  Pick<AdviceOptions, "advisor"> & {
    readonly newRunId: () => string;
    /** Who is told, by what the record's settings ask for. */
    readonly notifiers: (config: TokenConfig) => Promise<readonly Notifier[]>;
    /** Commits what a person or a failed commit left in the work tree; null where nothing is left. */
    readonly commitPending: (message: string) => Promise<Commit | null>;
    /** Null where nobody can be asked. */
    readonly approvals: (ask: AskIn) => Promise<Approvals | null>;
    /** For `discover`. */
    readonly surroundings: DiscoverOptions["surroundings"];
    /** For the audit of the history. */
    readonly versions: RecordVersions;
    /** What the adapters met that did not stop them, told once: each call empties it. */
    readonly takeWarnings: () => readonly string[];
    /** As in `App`; null unless given. */
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
      const { report, config: after } = await rotateOnce(request, {
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
    suggest: async () => (await import("./suggest.ts")).suggest(await config(), home, clock()),
    suggestWithAdvice: async () =>
      (await import("./suggest-with-advice.ts")).suggestWithAdvice(await config(), options),
    planChange: async (change, by) =>
      (await import("./plan-change.ts")).planChange(change, by, changing),
    applyChange: async (change, digest, by) =>
      (await import("./plan-change.ts")).applyChange(change, digest, by, changing),
    requireApproved: async (change, digest, by) =>
      (await import("./plan-change.ts")).requireApproved(change, digest, by, changing),
    status: async (history) =>
      (await import("./status.ts")).statusOf(await config(), { home, now: clock(), history }),
    overview: async () => (await import("./status.ts")).overviewOf(await config(), home, clock()),
    history: async (name) => historyOf(await config(), name),
    liveFingerprints: async (name) =>
      (await import("./live-fingerprints.ts")).liveFingerprints(
        await config(),
        { home, now: clock() },
        name,
      ),
    runOutcome: async (run) => outcomeOf(await config(), run),
    setupRule: async (request) => (await import("./set-up.ts")).setupRule(request, options),
    createWorkflow: async (request) =>
      (await import("./set-up.ts")).createWorkflow(request, options),
    abort: async (name, triggeredBy) =>
      (await import("./abort.ts")).abort(name, { triggeredBy, options }),
    discover: async () => (await import("./discover.ts")).discover(await config(), options),
    adopt: async (request) => (await import("./adopt.ts")).adopt(request, options),
    verify: async (seen) => verify(await config(), seen, options),
    audit: async (commits) =>
      (await import("./audit.ts")).auditHistory(options.versions(commits), source.path),
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

/** A notifier's failure never fails the run: the tokens are rotated, whoever heard of it. */
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
    result.status === "rejected" ? [reportError(result.reason).message] : [],
  );
  return { ...report, warnings: [...report.warnings, ...warnings] };
}

/** The report without the tokens that nobody is to be told of. */
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
  const { listScopes, verifyRecord } = await import("./verify.ts");
  const listings = await listScopes(config, options);
  return verifyRecord(config, {
    home: options.home,
    seen,
    key: options.fingerprintKey,
    now: options.clock(),
    listings,
  });
}
