// `npm start`: the main job in a repository made for it, through the same commands that people use.
import { execFileSync } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import pc from "picocolors";
import { main } from "../src/cli/cli.ts";
import { type Io, processIo } from "../src/cli/session/io.ts";
import { SCHEMA_URL } from "../src/core/base/project.ts";

const DAY_MS = 86_400_000;

const RECORD = {
  $schema: SCHEMA_URL,
  version: 1,
  tokens: {
    API_KEY: { type: "api_key", groups: ["CRITICAL_TOKENS"] },
    DATABASE_PASSWORD: { type: "password", groups: ["CRITICAL_TOKENS"] },
    SESSION_SECRET: { type: "secret_key" },
    WEBHOOK_SECRET: { type: "custom", length: 40, prefix: "whsec_" },
  },
  rules: {
    API_KEY: { interval_hours: 24 },
    DATABASE_PASSWORD: { interval_hours: 168 },
    SESSION_SECRET: { interval_hours: 720 },
  },
  workflows: { nightly_security: { tokens: ["CRITICAL_TOKENS"], schedule: "0 2 * * *" } },
};

const QUIET: Pick<Io, "stdout"> = { stdout: { isTerminal: false, write: () => {} } };

function gitWorks(): boolean {
  try {
    execFileSync("git", ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

function say(text = ""): void {
  process.stdout.write(`${text}\n`);
}

function chapter(title: string, why: string): void {
  say(`\n${pc.bold(pc.cyan(title))}\n${pc.dim(why)}`);
}

function showCommand(command: string): void {
  say(`\n${pc.dim("$")} ${pc.bold(command)}`);
}

/** The demonstration repository: three tokens that were rotated before, one that never was. */
async function makeRepository(io: Io, git: ((...args: string[]) => string) | null): Promise<void> {
  writeFileSync(join(io.directory, "token_config.json"), `${JSON.stringify(RECORD, null, 2)}\n`);
  if (git !== null) {
    git("init", "--quiet");
    // The machine's own signing and hooks have no place in a demonstration.
    git("config", "commit.gpgsign", "false");
    git("config", "core.hooksPath", join(io.directory, ".git", "no-hooks"));
    git("add", "token_config.json");
    git(
      "-c",
      "user.name=Demo",
      "-c",
      "user.email=demo@example.com",
      "commit",
      "--quiet",
      "--message=Declare the tokens",
    );
  }
  await rotateEarlier(io, 40 * DAY_MS, "API_KEY");
  await rotateEarlier(io, 9 * DAY_MS, "WEBHOOK_SECRET");
  await rotateEarlier(io, 3 * DAY_MS, "SESSION_SECRET");
}

/** Rotates one token at an earlier time. */
async function rotateEarlier(io: Io, ago: number, name: string): Promise<void> {
  const then = new Date(io.now().getTime() - ago);
  const code = await main(["rotate", name], { ...io, ...QUIET, now: () => then });
  if (code !== 0)
    throw new Error(`the demonstration repository could not be made: rotate exited with ${code}`);
}

async function run(io: Io, ...args: string[]): Promise<void> {
  showCommand(`token-automation ${args.join(" ")}`);
  const code = await main(args, io);
  if (code !== 0) throw new Error(`token-automation ${args.join(" ")} exited with ${code}`);
}

function showGit(git: (...args: string[]) => string, ...args: string[]): void {
  showCommand(`git ${args.join(" ")}`);
  say(git(...args).trimEnd());
}

function farewell(folder: string): void {
  const cli = fileURLToPath(new URL("../bin/token-automation.js", import.meta.url));
  chapter(
    "Look further",
    "The repository stays where it is. Nothing above showed a value. These two commands do, because that is their purpose.",
  );
  say(`
  cd ${folder}
  alias token-automation='node ${cli}'

  token-automation get API_KEY                        ${pc.dim("# one value, from the encrypted vault")}
  token-automation exec -- sh -c 'echo "$API_KEY"'    ${pc.dim("# a command with the secrets in its environment")}

  token-automation status                             ${pc.dim("# everything at a glance")}
  token-automation history --verify                   ${pc.dim("# the audit trail, and whether its chain holds")}
  token-automation suggest                            ${pc.dim("# what to do next")}
  token-automation serve                              ${pc.dim("# the HTTP API on port 5000")}
  git show                                            ${pc.dim("# all that is ever committed: fingerprints, no values")}

  rm -r ${folder}  ${pc.dim("# removes it all")}
`);
}

async function demonstrate(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "token-automation-demo-"));
  const io: Io = { ...processIo(), directory: folder };
  const git = gitWorks()
    ? (...args: string[]) => execFileSync("git", args, { cwd: folder, encoding: "utf8" })
    : null;
  say(`Making a repository with four tokens in ${folder} …`);
  await makeRepository(io, git);

  chapter(
    "1. How things stand",
    "One token is far too old, one is getting old, one is fine, one never had a value.",
  );
  await run(io, "health");
  chapter(
    "2. What would be done, and why",
    "The plan comes from the record and the time alone. It changes nothing.",
  );
  await run(io, "plan");
  chapter(
    "3. Do it",
    "New values go into an encrypted vault beside the record. On GitHub they go into the repository's Actions secrets.",
  );
  await run(io, "run");
  if (git !== null) {
    chapter(
      "4. What git holds",
      "The journal comes before anything is placed, the record after. If a run dies in between, the next run finishes it.",
    );
    showGit(git, "log", "--oneline");
    showGit(git, "show", "--stat", "--format=%h %s");
  }
  chapter(
    `${git === null ? 4 : 5}. How things stand now`,
    "Run it again, and nothing is due. WEBHOOK_SECRET has no rule, and `suggest` says what to do about that.",
  );
  await run(io, "health");
  farewell(folder);
}

await demonstrate();
