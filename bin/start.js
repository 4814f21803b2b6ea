// The start of the CLI on a Node.js that is new enough.
import { existsSync } from "node:fs";

const built = new URL("../dist/cli.js", import.meta.url);
const sources = new URL("../src/cli/main.ts", import.meta.url);

if (existsSync(built)) {
  await import(built.href);
} else if (existsSync(sources)) {
  await import("../scripts/typescript.js");
  await import(sources.href);
} else {
  process.stderr.write("token-automation: it is not built. Run `npm run build` in its folder.\n");
  process.exitCode = 1;
}
