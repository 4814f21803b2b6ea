// What handlers need of the world they run in: who may call, the app, the clock, the log.
import type { App } from "../../core/app.ts";
import type { Secret } from "../../core/base/secret.ts";
import type { WorkflowRuns } from "../../core/ports/workflow-runs.ts";
import type { ErrorWorld } from "../problem/problem.ts";
import type { Access } from "./caller.ts";
import type { Memory, Overall } from "./memory.ts";

export type Edge = ErrorWorld & {
  readonly access: Access;
  /** What was learnt by earlier requests. */
  readonly memory: Memory;
  /** Points a minute and caller; null or left out: no limit. */
  readonly pointsPerMinute?: () => number | null;
  /** Sites whose pages may call; none where it is left out. */
  readonly origins?: () => readonly string[];
  /**
   * Builds the app for one request, so that nothing one request learnt can be stale in the next.
   * What only reads may be answered from a copy, which is then marked as such.
   */
  readonly app: (use?: "read") => Promise<App>;
  /** Null or left out: this service rotates by itself. Else it only starts the workflow that does. */
  readonly runs?: () => (() => Promise<WorkflowRuns>) | null;
  /** How all tokens stand, for anybody; null or left out: that is told to nobody without a key. */
  readonly overall?: () => (() => Promise<Overall>) | null;
  readonly fingerprintKey: () => Secret | null;
  /** How this service is reached from outside; null: as the request has it. */
  readonly publicUrl?: () => string | null;
};
