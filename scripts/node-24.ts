// A program of this project on Node.js 24, which GitHub's runners have: `node scripts/run.js scripts/node-24.ts FILE [ARGUMENT…]`.
import { spawnSync } from "node:child_process";
import { installTools } from "./tools.ts";

const { status } = spawnSync(installTools(), process.argv.slice(2), { stdio: "inherit" });
process.exitCode = status ?? 1;
