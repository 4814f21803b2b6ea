// The start of the CLI on a Node.js that is new enough.
import { existsSync } from "node:fs";

const built = new URL("../dist/cli.js", import.meta.url);

if (existsSync(built)) {
  await import(built.href);
} else {
  await import("../scripts/typescript.js");
  await import(new URL("../src/cli/main.ts", import.meta.url).href);
}
