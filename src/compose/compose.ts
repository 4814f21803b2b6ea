// The app, put together from the core and the adapters that its options ask for.
import { setTimeout } from "node:timers/promises";
import type { GitHubClient } from "../adapters/github/client.ts";
import { type App, createApp } from "../core/app.ts";
import { type Failure, Misconfigured } from "../core/base/errors.ts";
import type { Secret } from "../core/base/secret.ts";
import { type Home, scopeId } from "../core/model/token.ts";
import type { Copies, Stale } from "../core/ports/copies.ts";
import type { Destination } from "../core/ports/destination.ts";
import type { Issuer } from "../core/ports/issuer.ts";
import type { Notifier } from "../core/ports/notifier.ts";
import type { RecordVersions } from "../core/ports/record-versions.ts";
import type { Commit, Store } from "../core/ports/store.ts";
import type { WorkflowRuns } from "../core/ports/workflow-runs.ts";
import { openDestination } from "./destinations.ts";
import type { AdvisorAccess } from "./environment.ts";
import { type IssuerContext, openIssuer } from "./issuers.ts";
import { notifiersOf, openReminders } from "./notifiers.ts";
import type { GitHubAccess, RecordLocation } from "./record-location.ts";
import { type Haste, IMPATIENT, readByCopies, storeOf } from "./record-store.ts";

export type ComposeOptions = {
  readonly place: RecordLocation;
  /** Relative to the repository's root (GitHub) or the directory (local), forward slashes. */
  readonly configPath: string;
  /** Turns fingerprints into HMACs. Null means no key. */
  readonly fingerprintKey: Secret | null;
  /** `empty` treats a record that does not exist yet as an empty one, which the first change writes. */
  readonly whenMissing: "empty" | "error";
  readonly webhook?: { readonly url: Secret; readonly secret: Secret | null } | null;
  /** For `suggestWithAdvice`. Null means that no language model is asked. */
  readonly advisor?: AdvisorAccess | null;
  /** Notifiers of the edge itself, if it does not render the report as its answer. */
  readonly notifier?: Notifier;
  readonly clock?: () => Date;
  /** For edges that only read a record on GitHub: copies of it, kept from one request to the next. */
  readonly copies?: Copies;
  /** The environment of the process, for the variables that issuers name (default: empty). */
  readonly variables?: Readonly<Record<string, string | undefined>>;
  /** The folder in which programs that the config names may be run (default: none may). */
  readonly programs?: string | null;
  /** Nothing will be changed, so a local record is read without asking git anything. */
  readonly looking?: boolean;
};

/** Builds the app. Loads no adapter before it is needed. */
export async function compose(options: ComposeOptions): Promise<App> {
  const { place, configPath } = options;
  const clock = options.clock ?? (() => new Date());
  const home = await homeOf(place);
  // An edge that only reads waits for the answer of any operation.
  const looking = options.copies !== undefined || options.looking === true;
  const client = remember(() => connect(place.access, looking ? IMPATIENT : {}));
  const warnings = new Set<string>();
  const looks = options.looking && place.kind === "local";
  const stored = looks
    ? (await import("../adapters/stores/local-reader.ts")).localReader(place.directory)
    : await storeOf(place, client, (failure) =>
        warnings.add(`${failure.message}. ${failure.hint ?? ""}`.trim()),
      );
  let stale: Stale | null = null;
  const onStale = (told: Stale) => {
    stale = told;
  };
  const store = options.copies
    ? await readByCopies(stored, { place, client, copies: options.copies, now: clock, onStale })
    : stored;
  const destinations = new Map<string, Destination>();
  const issuers = new Map<string, Issuer>();
  // Made now, so that an address that cannot be right is reported before anything is rotated.
  // A runner that reaches GitHub through a proxy reaches nothing else without it.
  const proxied = place.access?.fetch ? { fetch: place.access.fetch } : {};
  const webhook = options.webhook
    ? (await import("../adapters/notifiers/webhook.ts")).webhookNotifier({
        ...options.webhook,
        ...proxied,
      })
    : null;
  const issuerContext: IssuerContext = {
    home,
    client: (token) => (token === undefined ? client() : connect(accessWith(token, options))),
    store,
    clock,
    variables: options.variables ?? {},
    programs: options.programs ?? null,
    ...proxied,
  };
  return createApp({
    home,
    source: { store, path: configPath, home, whenMissing: options.whenMissing, clock },
    clock,
    fingerprintKey: options.fingerprintKey,
    newRunId: () => crypto.randomUUID(),
    async issuer(declaration) {
      const id = JSON.stringify(declaration);
      const open = issuers.get(id) ?? (await openIssuer(declaration, issuerContext));
      issuers.set(id, open);
      return open;
    },
    pause: (ms) => setTimeout(ms),
    async destination(scope) {
      const id = scopeId(scope);
      const open = destinations.get(id) ?? (await openDestination(scope, { place, client, clock }));
      destinations.set(id, open);
      return open;
    },
    async surroundings(repository) {
      const { surroundingsOf } = await import("../adapters/github/surroundings.ts");
      return surroundingsOf(client, repository);
    },
    notifiers: (config) =>
      notifiersOf({ given: [webhook, options.notifier], config, home, client }),
    reminders: async (by) =>
      openReminders(by, {
        home,
        client,
        webhook: options.webhook ? { ...options.webhook, ...proxied } : null,
      }),
    async advisor() {
      if (!options.advisor) return null;
      return (await import("../adapters/advisors/chat-completions.ts")).chatCompletionsAdvisor({
        ...options.advisor,
        ...proxied,
      });
    },
    async approvals(ask) {
      if (home.repository === null || place.access === null) return null;
      if (ask === "pull_request") {
        const branch = place.kind === "github" ? place.branch : null;
        return (await import("../adapters/approvals/github-pull.ts")).githubPullApprovals({
          client,
          repository: home.repository,
          branch,
        });
      }
      return (await import("../adapters/approvals/github-issue.ts")).githubApprovals({
        client,
        repository: home.repository,
      });
    },
    commitPending: (message) => commitPending(place, configPath, message),
    versions: (commits) => versionsOf(place, client, configPath, commits),
    stale: () => stale,
    takeWarnings() {
      const taken = [...warnings];
      warnings.clear();
      return taken;
    },
  });
}

/** The place's store by itself, for work that is not an operation of the app. The app could not load the first version's file as a record. */
export function openStore(
  place: RecordLocation,
  onUncommitted: (failure: Failure) => void,
): Promise<Store> {
  const client = remember(() => connect(place.access));
  return storeOf(place, client, onUncommitted);
}

/** Runs of the rotation workflow, for edges that start it instead of rotating. */
export async function openWorkflowRuns(
  place: Extract<RecordLocation, { kind: "github" }>,
  { workflow, ref }: { readonly workflow: string; readonly ref: string | null },
): Promise<WorkflowRuns> {
  const { githubWorkflowRuns } = await import("../adapters/github/workflow-runs.ts");
  return githubWorkflowRuns({
    client: remember(() => connect(place.access)),
    repository: place.repository,
    workflow,
    ref,
  });
}

async function homeOf(place: RecordLocation): Promise<Home> {
  if (place.kind === "github") return { kind: "github", repository: place.repository };
  const { localRepository } = await import("../adapters/local/repository.ts");
  return { kind: "local", repository: await localRepository(place.directory) };
}

/** GitHub at the record's own address, with a token of an issuer's own. */
function accessWith(
  token: Secret,
  { place, variables }: Pick<ComposeOptions, "place" | "variables">,
): GitHubAccess {
  const known = place.access ?? {
    apiUrl: variables?.GITHUB_API_URL || "https://api.github.com",
    graphqlUrl: null,
  };
  return { ...known, token };
}

async function connect(access: GitHubAccess | null, how: Haste = {}): Promise<GitHubClient> {
  if (access === null) {
    throw new Misconfigured("a destination on GitHub needs a token, and none is given", {
      code: "github-token-missing",
      hint: "Set GITHUB_TOKEN to an App installation token or a fine-grained PAT with Secrets: write.",
    });
  }
  const { createGitHubClient } = await import("../adapters/github/client.ts");
  const { token, apiUrl, graphqlUrl } = access;
  return createGitHubClient({
    token,
    apiUrl,
    ...(graphqlUrl === null ? {} : { graphqlUrl }),
    ...(access.fetch ? { fetch: access.fetch } : {}),
    ...how,
  });
}

async function* versionsOf(
  place: RecordLocation,
  client: () => Promise<GitHubClient>,
  path: string,
  commits: number | null,
): ReturnType<RecordVersions> {
  if (place.kind === "github") {
    const { githubVersions } = await import("../adapters/github/record-versions.ts");
    yield* githubVersions({ client, repository: place.repository, branch: place.branch, path })(
      commits,
    );
  } else {
    const { localVersions } = await import("../adapters/local/record-versions.ts");
    yield* localVersions({ directory: place.directory, path })(commits);
  }
}

/** On GitHub every change is a commit, so nothing is ever left over. */
async function commitPending(
  place: RecordLocation,
  configPath: string,
  message: string,
): Promise<Commit | null> {
  if (place.kind === "github") return null;
  const { commitPending: commit, recordFiles } = await import("../adapters/local/commit.ts");
  return commit(place.directory, await recordFiles(place.directory, configPath), message);
}

/** Made once, when first needed. A failure is not kept, so the next call tries again. */
function remember<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | null = null;
  return () => {
    made ??= make().catch((error: unknown) => {
      made = null;
      throw error;
    });
    return made;
  };
}
