// Tests that need a program which is not part of this project: passed over where it is missing, never in CI.
import { spawnSync } from "node:child_process";

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

/** The program behind a name, for spawning it. */
export function commandOf(name: ToolName): string {
  return TOOLS[name].command;
}

/**
 * Whether the tool can be run here. Use it as `describe.skipIf(!toolAvailable("gh"))`.
 * Says on stderr what is passed over and how to install it; throws where `CI` is set, since there
 * a test that is passed over proves nothing.
 */
export function toolAvailable(
  name: ToolName,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): boolean {
  const { command, args, install } = TOOLS[name];
  return judge(
    name,
    spawnSync(command, [...args], { stdio: "ignore" }).status === 0,
    install,
    environment,
  );
}

/** The rule by itself. */
export function judge(
  name: string,
  found: boolean,
  install: string,
  environment: Readonly<Record<string, string | undefined>>,
  say: (line: string) => void = (line) => process.stderr.write(line),
): boolean {
  if (found) return true;
  const message = `${name} is not installed (${install})`;
  if (environment.CI) throw new Error(`${message}, and in CI every test must run`);
  say(`${message}: the tests that need it are passed over\n`);
  return false;
}
