// The operations of the API: every route except the two that describe or offer these.
import type { Endpoint } from "../../src/http/endpoint.ts";
import apply from "../apply.ts";
import badge from "../badge.ts";
import discover from "../discover.ts";
import generate from "../generate.ts";
import gitCommit from "../git-commit.ts";
import health from "../health.ts";
import healthz from "../healthz.ts";
import page from "../page.ts";
import plan from "../plan.ts";
import publicBadge from "../public-badge.ts";
import rotate from "../rotate.ts";
import run from "../run.ts";
import setupRotation from "../setup-rotation.ts";
import status from "../status.ts";
import suggest from "../suggest.ts";
import workflowCreate from "../workflow-create.ts";
import workflowRun from "../workflow-run.ts";

export const OPERATIONS: readonly Endpoint[] = [
  generate,
  rotate,
  setupRotation,
  workflowCreate,
  workflowRun,
  plan,
  apply,
  health,
  suggest,
  status,
  discover,
  badge,
  publicBadge,
  page,
  run,
  gitCommit,
  healthz,
];
