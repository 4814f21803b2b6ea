#!/usr/bin/env node
// The CLI: as it was built, or from the sources in a checkout without a build.
import { startOnNode } from "./node-version.js";

startOnNode(() => import("./start.js"));
