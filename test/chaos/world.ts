// One case's surroundings: a GitHub of its own with the scenario's repositories and secrets, and runs of the Action against it.
import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { Secret } from "../../src/core/base/secret.ts";
import { seal } from "../../src/core/credentials/seal.ts";
import { DEFAULT_TOKEN, startGitHub, type TestGitHub } from "../github/server.ts";
import { type ActionProcess, type ActionResult, startAction } from "./action-process.ts";
import type { Bench } from "./bench.ts";
import {
  HOME,
  RECORD,
  REPOSITORIES,
  recordOf,
  type Scenario,
  type Target,
  targetsOf,
} from "./scenarios.ts";
import { createKeyService, SERVICE_ADMIN, SERVICE_PREFIX, SERVICE_VARIABLE } from "./service.ts";

/** How a scenario stands before a case begins. */
export type Beginning = {
  /** The record's. */
  readonly files: Readonly<Record<string, string>>;
  /** By target's id; null: none yet. */
  readonly values: ReadonlyMap<string, string | null>;
  /** What the service has issued and not ended. */
  readonly keys: ReturnType<ReturnType<typeof createKeyService>["keys"]>;
  /** How far ahead of our clock every token is due, in milliseconds. */
  readonly dueAtMs: number;
};

/** One run, as it went. */
export type Run = ActionResult & { readonly name: string; readonly requests: readonly string[] };

type StartOptions = {
  readonly name: string;
  readonly offsetMs: number;
  readonly speed?: number;
  /** The secrets in its environment, as they stood when it was queued (default: as they stand now). */
  readonly secrets?: Readonly<Record<string, string>>;
};

export type World = {
  readonly scenario: Scenario;
  readonly targets: readonly Target[];
  readonly github: TestGitHub;
  readonly service: ReturnType<typeof createKeyService>;
  /** Starts the Action and gives its process at once. */
  start(options: StartOptions): Promise<ActionProcess>;
  /** The secrets that a job of the record's repository would get if it were queued now; none where the scenario gives none. */
  visible(): Readonly<Record<string, string>>;
  /** Every run that was started, in that order. */
  runs(): Promise<readonly Run[]>;
  /** A target's value now: undefined where there is no such secret, null where its box does not open. */
  valueAt(target: Target): string | null | undefined;
  close(): Promise<void>;
};

/** By the run's own clock: many times what its few requests need, and less than one request would wait without a time-out. */
const RUN_LIMIT_MS = 4 * 60_000;

/** A record that was never rotated, and repositories without secrets. */
export function unrotated(scenario: Scenario): Beginning {
  return {
    files: { [RECORD]: `${JSON.stringify(recordOf(scenario), null, 2)}\n` },
    values: new Map(targetsOf(scenario).map(({ id }) => [id, null])),
    keys: [],
    dueAtMs: 0,
  };
}

/** Sets the world up. Close it. */
export async function openWorld(
  scenario: Scenario,
  beginning: Beginning,
  bench: Bench,
): Promise<World> {
  let offsetMs = 0;
  const service = createKeyService(beginning.keys);
  const github = await startGitHub({
    beside: { prefix: SERVICE_PREFIX, answer: service.answer },
    repositories: REPOSITORIES.map((fullName) =>
      fullName === HOME
        ? { fullName, visibility: scenario.visibility, files: beginning.files }
        : { fullName },
    ),
    now: () => new Date(Date.now() + offsetMs),
  });
  const targets = targetsOf(scenario);
  for (const target of targets)
    await preset(github, target, beginning.values.get(target.id) ?? null);
  github.reset();
  const folder = await mkdtemp(join(bench.folder, "case-"));
  const started: { name: string; process: ActionProcess; from: number; until: () => number }[] = [];
  const valueAt = ({ repository, secret }: Target) =>
    github.repository(repository).secret(secret)?.value;
  const visible = () => (scenario.sees ? seenBy(targets, valueAt) : {});

  async function start(options: StartOptions): Promise<ActionProcess> {
    offsetMs = Math.max(offsetMs, options.offsetMs);
    const process = await startAction({
      main: bench.main,
      preload: bench.preload,
      folder: join(folder, `run-${started.length + 1}`),
      compileCache: join(bench.folder, "compile-cache"),
      apiUrl: github.url,
      graphqlUrl: github.graphqlUrl,
      repository: HOME,
      token: DEFAULT_TOKEN,
      secrets: options.secrets ?? visible(),
      service: scenario.outside
        ? { url: `${github.url}/service`, variable: SERVICE_VARIABLE, admin: SERVICE_ADMIN }
        : null,
      offsetMs: options.offsetMs,
      speed: options.speed ?? 1,
      limitMs: RUN_LIMIT_MS,
    });
    let until = Number.POSITIVE_INFINITY;
    const end = () => {
      until = github.requests.length;
    };
    // The caller that waits for the result reports a failure; a promise without a holder must not report it again.
    void process.result.then(end, end);
    started.push({ name: options.name, process, from: github.requests.length, until: () => until });
    return process;
  }

  return {
    scenario,
    targets,
    github,
    service,
    start,
    visible,
    valueAt,
    runs: () =>
      Promise.all(
        started.map(async ({ name, process, from, until }) => {
          const result = await process.result;
          const requests = github.requests.slice(from, until());
          return { ...result, name, requests: requests.map(describeRequest) };
        }),
      ),
    async close() {
      await Promise.all(started.map(({ process }) => process.kill()));
      await Promise.allSettled(started.map(({ process }) => process.result));
      // It throws what it has seen against GitHub's description.
      await github.close().finally(() => rm(folder, { recursive: true, force: true }));
    },
  };
}

/** Puts a value as GitHub would have it: sealed, through the API. */
async function preset(
  github: TestGitHub,
  { repository, secret }: Target,
  value: string | null,
): Promise<void> {
  if (value === null) return;
  const { keyId, sealed } = await seal(
    new Secret(value),
    github.repository(repository).publicKey(),
  );
  const reply = await fetch(`${github.url}/repos/${repository}/actions/secrets/${secret}`, {
    method: "PUT",
    headers: { authorization: `token ${DEFAULT_TOKEN}` },
    body: JSON.stringify({ encrypted_value: sealed, key_id: keyId }),
  });
  if (!reply.ok)
    throw new Error(`the tests' GitHub answered ${reply.status} to a secret of the beginning`);
}

/** A job's view of the record's own repository: secrets of the tokens' own names, as they stood when it was queued. */
function seenBy(targets: readonly Target[], valueAt: World["valueAt"]): Record<string, string> {
  const mine = targets.filter(
    ({ repository, secret, token }) => repository === HOME && secret === token,
  );
  return Object.fromEntries(
    mine.flatMap((target) => {
      const value = valueAt(target);
      return typeof value === "string" ? [[target.token, value]] : [];
    }),
  );
}

function describeRequest({
  index,
  method,
  path,
  operation,
  status,
  fault,
}: TestGitHub["requests"][number]): string {
  const what = operation === null ? `${method} ${path}` : `${operation} (GraphQL)`;
  // "call" is how the suite watches every request; it says nothing of this one.
  const met = fault === null || fault === "call" ? "" : `, met: ${fault}`;
  return `${index}. ${what} → ${status ?? "no reply"}${met}`;
}
