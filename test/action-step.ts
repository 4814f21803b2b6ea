// Runs the Action as a runner does: its bundle in a process of its own, inputs in variables, results in files; and reads what came out.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import { DEFAULT_TOKEN, type TestGitHub } from "./github/server.ts";
import { readLoaded } from "./loaded-modules.ts";

const ROOT = new URL("../", import.meta.url);

export type StepOptions = {
  readonly github: TestGitHub;
  readonly inputs?: Readonly<Record<string, string>>;
  /** Beside, or in place of, what a runner sets. */
  readonly environment?: Readonly<Record<string, string>>;
};

/** One `::command properties::message` as the runner reads it. */
type Command = {
  readonly name: string;
  readonly properties: Readonly<Record<string, string>>;
  readonly message: string;
};

export type Step = {
  readonly code: number | null;
  /** Everything that was printed, as it was printed. */
  readonly stdout: string;
  readonly stderr: string;
  /** What people see in the log: lines that are no command. */
  readonly log: readonly string[];
  /** `::add-mask::`, in the order they came. */
  readonly masks: readonly string[];
  /** Errors, warnings and notices. */
  readonly annotations: readonly Command[];
  /** Any other command: there should be none. */
  readonly commands: readonly Command[];
  readonly outputs: Readonly<Record<string, string>>;
  readonly summary: string;
  /** The files of the bundle that were loaded. */
  readonly loaded: readonly { readonly name: string; readonly bytes: number }[];
};

/** The inputs of action.yml with their defaults, as the runner fills them in. */
async function defaults(): Promise<Record<string, string>> {
  const action: { inputs: Record<string, { default?: string }> } = parse(
    await readFile(new URL("action.yml", ROOT), "utf8"),
  );
  return Object.fromEntries(
    Object.entries(action.inputs).map(([name, input]) => [name, input.default ?? ""]),
  );
}

/** Runs one step to its end. The runner's variables are those of a scheduled run in `acme/widgets`. */
export async function runStep({
  github,
  inputs = {},
  environment = {},
}: StepOptions): Promise<Step> {
  const folder = await mkdtemp(join(tmpdir(), "action-step-"));
  const [output, summary, coverage] = [
    join(folder, "output"),
    join(folder, "summary"),
    join(folder, "coverage"),
  ];
  await Promise.all([writeFile(output, ""), writeFile(summary, "")]);
  const given = { ...(await defaults()), "github-token": DEFAULT_TOKEN, ...inputs };
  const env = {
    PATH: process.env.PATH ?? "",
    ...Object.fromEntries(
      Object.entries(given).map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value]),
    ),
    GITHUB_ACTIONS: "true",
    GITHUB_REPOSITORY: "acme/widgets",
    GITHUB_REF_NAME: "main",
    GITHUB_EVENT_NAME: "schedule",
    GITHUB_ACTOR: "mona",
    GITHUB_RUN_ID: "42",
    GITHUB_SERVER_URL: "https://github.com",
    GITHUB_API_URL: github.url,
    GITHUB_GRAPHQL_URL: github.graphqlUrl,
    GITHUB_OUTPUT: output,
    GITHUB_STEP_SUMMARY: summary,
    NODE_V8_COVERAGE: coverage,
    ...environment,
  };
  try {
    const ended = await run(env);
    return {
      ...ended,
      ...readLog(ended.stdout),
      outputs: readOutputs(await readFile(output, "utf8")),
      summary: await readFile(summary, "utf8"),
      loaded: await readCoverage(coverage),
    };
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function run(
  env: Readonly<Record<string, string>>,
): Promise<Pick<Step, "code" | "stdout" | "stderr">> {
  const main = fileURLToPath(new URL("action/dist/main.js", ROOT));
  const child = spawn(process.execPath, [main], { env, stdio: ["ignore", "pipe", "pipe"] });
  let [stdout, stderr] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const [code] = await once(child, "close");
  return { code, stdout, stderr };
}

function readLog(stdout: string): Pick<Step, "log" | "masks" | "annotations" | "commands"> {
  const lines = stdout.split("\n").filter((line) => line.trim() !== "");
  const commands = lines.flatMap((line) => parseCommand(line) ?? []);
  const kind = ({ name }: Command) =>
    name === "add-mask" ? "mask" : /^(error|warning|notice)$/.test(name) ? "annotation" : "other";
  return {
    log: lines.filter((line) => parseCommand(line) === null),
    masks: commands.filter((command) => kind(command) === "mask").map(({ message }) => message),
    annotations: commands.filter((command) => kind(command) === "annotation"),
    commands: commands.filter((command) => kind(command) === "other"),
  };
}

/** As the runner does: leading blanks do not matter, and `##[` counts anywhere in a line. */
function parseCommand(line: string): Command | null {
  const [, name, properties, message] =
    /^\s*::([\w-]+)(?: ([^:]*))?::(.*)$/.exec(line) ??
    /##\[([\w-]+)(?: ([^\]]*))?\](.*)$/.exec(line) ??
    [];
  if (name === undefined || message === undefined) return null;
  const pairs = (properties ?? "").split(",").filter((pair) => pair !== "");
  return {
    name,
    properties: Object.fromEntries(pairs.map((pair) => pair.split("=", 2).map(unescaped))),
    message: unescaped(message),
  };
}

function unescaped(text: string): string {
  return text
    .replaceAll("%0D", "\r")
    .replaceAll("%0A", "\n")
    .replaceAll("%3A", ":")
    .replaceAll("%2C", ",")
    .replaceAll("%25", "%");
}

/** The files that V8 was given, run or not. */
async function readCoverage(folder: string): Promise<{ name: string; bytes: number }[]> {
  const files = (await readLoaded(folder)).map((url) => fileURLToPath(url));
  return Promise.all(
    files.map(async (file) => ({ name: basename(file), bytes: (await stat(file)).size })),
  );
}

/** `name<<delimiter`, the value's lines, `delimiter`. */
function readOutputs(text: string): Record<string, string> {
  return Object.fromEntries(
    [...text.matchAll(/^([^\n<]+)<<(\S+)\n([\s\S]*?)\n\2$/gm)].map(([, name, , value]) => [
      name,
      value,
    ]),
  );
}
