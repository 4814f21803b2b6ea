// The environment of the handlers: callers, the app, the clock, the log.
import type { App } from "../../core/app.ts";
import type { Secret } from "../../core/base/secret.ts";
import type { WorkflowRuns } from "../../core/ports/workflow-runs.ts";
import type { ErrorWorld } from "../problem/problem.ts";
import type { Access } from "./caller.ts";
import type { Memory, Overall } from "./memory.ts";

export type Edge = ErrorWorld & {
  readonly access: Access;
  /** Facts that earlier requests established. */
  readonly memory: Memory;
  /** Points a minute for each caller. Null or left out: no limit. */
  readonly pointsPerMinute?: () => number | null;
  /** Sites whose pages may call (default: none). */
  readonly origins?: () => readonly string[];
  /**
   * Builds the app for one request, so that no fact from one request can be stale in the next.
   * A request that only reads may be answered from a copy, which is then marked as such.
   */
  readonly app: (use?: "read") => Promise<App>;
  /** Null or left out: this service rotates by itself. Otherwise it only starts the workflow that rotates. */
  readonly runs?: () => (() => Promise<WorkflowRuns>) | null;
  /** The state of all tokens, for callers without a key. Null or left out: a caller without a key does not see it. */
  readonly overall?: () => (() => Promise<Overall>) | null;
  readonly fingerprintKey: () => Secret | null;
  /** The address at which callers reach this service. Null: the address in the request. */
  readonly publicUrl?: () => string | null;
};
