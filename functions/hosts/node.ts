// Node as the host: every route in one process on this machine. A folder below functions/, so that Netlify does not take it for a function.
import { type RunningServer, type ServeOptions, serveRoutes } from "../../src/http/serve.ts";
import badge from "../badge.ts";
import generate from "../generate.ts";
import gitCommit from "../git-commit.ts";
import health from "../health.ts";
import healthz from "../healthz.ts";
import rotate from "../rotate.ts";
import setupRotation from "../setup-rotation.ts";
import status from "../status.ts";
import suggest from "../suggest.ts";
import workflowCreate from "../workflow-create.ts";
import workflowRun from "../workflow-run.ts";

/** Every route of the API. */
export const ROUTES = [
  generate,
  rotate,
  setupRotation,
  workflowCreate,
  workflowRun,
  health,
  suggest,
  status,
  badge,
  gitCommit,
  healthz,
] as const;

/**
 * Serves the API on this machine: 127.0.0.1:5000 unless told otherwise.
 * @throws `Misconfigured` where the address cannot be listened on
 */
export function startServer(options: ServeOptions): Promise<RunningServer> {
  return serveRoutes(ROUTES, options);
}
