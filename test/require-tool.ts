// Tests that need a program which is not part of this project: passed over if it is missing, never in CI.
import { spawnSync } from "node:child_process";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** One thing outside this project, and how to see that it is there. */
type Tool = {
  readonly command: string;
  readonly args: readonly string[];
  readonly install: string;
};

const TOOLS = {
  chromium: {
    command: "/usr/bin/chromium",
    args: ["--version"],
    install: "apt-get install chromium",
  },
  gh: { command: "gh", args: ["--version"], install: "apt-get install gh" },
  hosts: {
    command: fileURLToPath(new URL("../tools/node_modules/.bin/deno", import.meta.url)),
    args: ["--version"],
    install: "npm ci --prefix tools",
  },
  // Debian's own interpreter: that is the one the package installs into.
  pynacl: {
    command: "/usr/bin/python3",
    args: ["-c", "import nacl"],
    install: "apt-get install python3-nacl",
  },
  python: { command: "python3", args: ["--version"], install: "apt-get install python3" },
  requests: {
    command: "python3",
    args: ["-c", "import requests"],
    install: "python3 -m pip install requests",
  },
  openssh: { command: "ssh", args: ["-V"], install: "apt-get install openssh-client" },
  openssl: { command: "openssl", args: ["version"], install: "apt-get install openssl" },
  postgres: { command: "psql", args: ["--version"], install: "apt-get install postgresql" },
  redis: { command: "redis-server", args: ["--version"], install: "apt-get install redis-server" },
  mariadb: { command: "mariadbd", args: ["--version"], install: "apt-get install mariadb-server" },
  git: { command: "git", args: ["--version"], install: "apt-get install git" },
} as const satisfies Record<string, Tool>;

export type ToolName = keyof typeof TOOLS;

/** The variable that names a folder: a file in it for each tool that a test missed. */
export const NOTES = "TOKEN_AUTOMATION_TEST_NOTES";

/** The program behind a name, for spawning it. */
export function commandOf(name: ToolName): string {
  return TOOLS[name].command;
}

/**
 * Whether the tool can be run here. Use it as `describe.skipIf(!toolAvailable("gh"))`.
 * Notes what is missing for the end of the output; throws if `CI` is set, since a test that is passed
 * over there proves nothing.
 */
export function toolAvailable(
  name: ToolName,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): boolean {
  return judge(name, isInstalled(name), environment);
}

/** The answers, since each costs a process. */
const answers = new Map<ToolName, boolean>();

function isInstalled(name: ToolName): boolean {
  const known = answers.get(name);
  if (known !== undefined) return known;
  const { command, args } = TOOLS[name];
  const answer = spawnSync(command, [...args], { stdio: "ignore" }).status === 0;
  answers.set(name, answer);
  return answer;
}

/** The rule by itself. */
export function judge(
  name: ToolName,
  found: boolean,
  environment: Readonly<Record<string, string | undefined>>,
): boolean {
  if (found) return true;
  if (environment.CI)
    throw new Error(
      `${name} is not installed (${TOOLS[name].install}), and in CI every test must run`,
    );
  const notes = environment[NOTES];
  if (notes !== undefined) writeFileSync(join(notes, name), "");
  return false;
}

/** What was passed over and how to install it; nothing if all tools were there. */
export function renderMissing(notes: string): string {
  const missing = readdirSync(notes).toSorted();
  if (missing.length === 0) return "";
  const names = Object.keys(TOOLS).filter((name): name is ToolName => missing.includes(name));
  const width = Math.max(...names.map((name) => name.length));
  const lines = names.map((name) => `  ${name.padEnd(width)}  ${TOOLS[name].install}\n`);
  return `\nPassed over: the tests that need a program which is not installed.\n${lines.join("")}`;
}
