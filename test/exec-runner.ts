// A process that runs a command with one secret, as the CLI does: `exec-runner.ts COMMAND ARGS…`.
import { execWithSecrets } from "../src/adapters/local/exec.ts";
import { Secret } from "../src/core/base/secret.ts";

const [command = "", ...args] = process.argv.slice(2);
process.exitCode = await execWithSecrets({
  command,
  args,
  secrets: new Map([["API_KEY", new Secret("the value")]]),
  env: process.env,
});
