// What handlers need of the world they run in: who may call, the app, the clock, the log.
import { randomUUID } from "node:crypto";
import type { App } from "../app.ts";
import type { ComposeOptions } from "../compose.ts";
import type { Secret } from "../secret.ts";
import type { Access } from "./auth.ts";
import { type Environment, readApiKeys, readFingerprintKey, readHostPlace } from "./environment.ts";

export type Edge = {
  readonly access: Access;
  /** Builds the app for one request, so that nothing one request learnt can be stale in the next. */
  readonly app: () => Promise<App>;
  readonly fingerprintKey: () => Secret | null;
  readonly now: () => Date;
  /** Joins a reply to the line in the log that explains it. */
  readonly newReference: () => string;
  /** Writes one entry for whoever runs the service. */
  readonly complain: (line: string) => void;
};

/** The edge of a host: everything from its environment, callers by key. */
export function hostEdge(env: Environment): Edge {
  return {
    access: { kind: "keys", keys: () => readApiKeys(env) },
    app: () => openApp(readHostPlace(env)),
    fingerprintKey: () => readFingerprintKey(env),
    now: () => new Date(),
    newReference: randomUUID,
    complain: (line) => console.error(line),
  };
}

/** The edge of a server started with its options: what the CLI's `serve` uses. */
export function serverEdge(options: {
  readonly compose: ComposeOptions;
  readonly access: Access;
  readonly complain: (line: string) => void;
}): Edge {
  return {
    access: options.access,
    app: () => openApp(options.compose),
    fingerprintKey: () => options.compose.fingerprintKey,
    now: options.compose.clock ?? (() => new Date()),
    newReference: randomUUID,
    complain: options.complain,
  };
}

/** Handlers that need no record must not load what reads one. */
async function openApp(options: ComposeOptions): Promise<App> {
  const { compose } = await import("../compose.ts");
  return compose(options);
}
