// Opening an edge: the app of a host or of a server, with its memory.
import { randomUUID } from "node:crypto";
import type { ComposeOptions } from "../../compose/compose.ts";
import type { App } from "../../core/app.ts";
import type { WorkflowRuns } from "../../core/ports/workflow-runs.ts";
import type { Access } from "./caller.ts";
import type { Edge } from "./edge.ts";
import {
  type HostEnvironment,
  readApiKeys,
  readFingerprintKey,
  readHostPlace,
  readMode,
  readOrigins,
  readPublicBadge,
  readPublicUrl,
  readRateLimit,
  readWorkflowTrust,
} from "./environment.ts";
import { createMemory, type Memory, processMemory } from "./memory.ts";
import { rememberOverall } from "./overall.ts";

/** The edge of a host. Its environment sets everything. Callers have a key or are workflows. */
export function hostEdge(
  env: HostEnvironment,
  memory: Memory = processMemory(),
  now: () => Date = () => new Date(),
): Edge {
  const app: Edge["app"] = (use) =>
    openApp({ ...readHostPlace(env), clock: now, ...(use ? { copies: memory.copies } : {}) });
  const complain = (line: string) => console.error(line);
  const record = [
    env.GITHUB_API_URL,
    env.TOKEN_AUTOMATION_REPOSITORY,
    env.TOKEN_AUTOMATION_BRANCH,
    env.TOKEN_AUTOMATION_CONFIG,
  ].join(" ");
  return {
    access: {
      kind: "keys",
      keys: () => readApiKeys(env),
      workflows: () => readWorkflowTrust(env),
      liveFingerprints: rememberFingerprints({ app, now, memory, record }),
    },
    memory,
    pointsPerMinute: () => readRateLimit(env),
    origins: () => readOrigins(env),
    app,
    runs: () => openRuns(env),
    overall: () =>
      readPublicBadge(env) ? rememberOverall({ app, now, memory, complain, record }) : null,
    fingerprintKey: () => readFingerprintKey(env),
    now,
    publicUrl: () => readPublicUrl(env),
    newReference: randomUUID,
    complain,
  };
}

/** The edge of a server that was started with options, as the CLI's `serve` does. */
export function serverEdge(options: {
  readonly compose: ComposeOptions;
  readonly access: Access;
  readonly publicUrl?: string | null;
  readonly complain: (line: string) => void;
  readonly pointsPerMinute?: number | null;
  readonly origins?: readonly string[];
  readonly publicBadge?: boolean;
}): Edge {
  const { access, origins = [], pointsPerMinute = null, complain } = options;
  const memory = createMemory();
  const now = options.compose.clock ?? (() => new Date());
  const look = options.compose.place.kind === "local" ? reuseApp(options.compose, now) : null;
  const app: Edge["app"] = (use) =>
    use && look
      ? look()
      : openApp({ ...options.compose, ...(use ? { copies: memory.copies } : {}) });
  return {
    access:
      access.kind === "keys"
        ? { ...access, liveFingerprints: rememberFingerprints({ app, now, memory, record: "" }) }
        : access,
    memory,
    pointsPerMinute: () => pointsPerMinute,
    origins: () => origins,
    app,
    overall: () =>
      options.publicBadge ? rememberOverall({ app, now, memory, complain, record: "" }) : null,
    fingerprintKey: () => options.compose.fingerprintKey,
    now,
    publicUrl: () => options.publicUrl ?? null,
    newReference: randomUUID,
    complain,
  };
}

/** In milliseconds. Without it each wrong key would cause a read of the record. A new value is journalled long before it is placed. */
const FINGERPRINTS_KEPT_MS = 5_000;

function rememberFingerprints({
  app,
  now,
  memory,
  record,
}: Pick<Edge, "app" | "now" | "memory"> & { readonly record: string }): (
  tokenName: string,
) => Promise<readonly string[]> {
  return async (tokenName) => {
    const at = now().getTime();
    const key = `${record} ${tokenName}`;
    const kept = memory.liveFingerprints.get(key);
    const known =
      kept !== undefined && Math.abs(at - kept.at) < FINGERPRINTS_KEPT_MS
        ? await waitBriefly(kept.fingerprints)
        : null;
    if (known !== null) return known;
    // Kept while the read is under way, so that many simultaneous callers share one read.
    const read = {
      at,
      fingerprints: app("read").then((opened) => opened.liveFingerprints(tokenName)),
    };
    memory.liveFingerprints.set(key, read);
    read.fingerprints.catch(() => {
      if (memory.liveFingerprints.get(key) === read) memory.liveFingerprints.delete(key);
    });
    return read.fingerprints;
  };
}

/** How long a request waits for another request's read, in milliseconds. On Workers, the other request could end before its read does. */
const OTHERS_WAITED_FOR_MS = 1_000;

/** Null if the value does not arrive in that time. */
async function waitBriefly<Value>(value: Promise<Value>): Promise<Value | null> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(resolve, OTHERS_WAITED_FOR_MS, null);
  });
  return Promise.race([value, late]).finally(() => clearTimeout(timer));
}

function openRuns(env: HostEnvironment): (() => Promise<WorkflowRuns>) | null {
  const mode = readMode(env);
  if (mode.kind === "direct") return null;
  return async () => {
    const { place } = readHostPlace(env);
    const { openWorkflowRuns } = await import("../../compose/compose.ts");
    return openWorkflowRuns(place, mode);
  };
}

/** How long the value of a clone's `origin` is kept, in milliseconds. Asking git takes longer than the rest of a read. */
const ORIGIN_KEPT_MS = 5_000;

/** One app for many reads. Each read reads the record's file again. The app keeps only the parsed text and `origin`. */
function reuseApp(compose: ComposeOptions, now: () => Date): () => Promise<App> {
  let kept: { readonly at: number; readonly app: Promise<App> } | null = null;
  return () => {
    const at = now().getTime();
    if (kept !== null && Math.abs(at - kept.at) < ORIGIN_KEPT_MS) return kept.app;
    const app = openApp({ ...compose, looking: true });
    const opened = { at, app };
    kept = opened;
    app.catch(() => {
      if (kept === opened) kept = null;
    });
    return app;
  };
}

/** Handlers that need no record must not load its readers. */
async function openApp(options: ComposeOptions): Promise<App> {
  const { compose } = await import("../../compose/compose.ts");
  return compose(options);
}
