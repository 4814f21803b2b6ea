#!/usr/bin/env node
// The start of the built CLI, or of its sources in a checkout without a build, if this Node.js can run TypeScript.
import { existsSync } from "node:fs";
import process from "node:process";

const built = new URL("../dist/cli.js", import.meta.url);
const sources = new URL("../src/cli/main.ts", import.meta.url);

if (existsSync(built)) {
  await import(built.href);
} else if (existsSync(sources) && process.features.typescript) {
  await import(sources.href);
} else {
  process.stderr.write(
    `token-automation is not built, and Node.js ${process.versions.node} cannot run its sources.\n` +
      "Run `npm run build` in its folder, or use Node.js 24.\n",
  );
  process.exitCode = 1;
}
