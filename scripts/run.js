// A TypeScript file of this project as a program: `node scripts/run.js FILE [ARGUMENT…]`.
import { startOnNode } from "../bin/node-version.js";

startOnNode(() => import("./start.js"));
