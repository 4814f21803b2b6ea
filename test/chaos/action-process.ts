// One run of the bundled Action: a process as a runner would start it, with everything that comes out of it.
import { type ChildProcess, spawn } from "node:child_process";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { pathToFileURL } from "node:url";

export type ActionOptions = {
  /** The bundle's entry, and what is loaded before it: quick-time. */
  readonly main: string;
  readonly preload: string;
  /** Empty and this run's own: its home, its work folder, its output files. */
  readonly folder: string;
  /** Shared by all runs: V8's compiled code, since most of a run's time would go into compiling. */
  readonly compileCache: string;
  readonly apiUrl: string;
  readonly graphqlUrl: string;
  readonly repository: string;
  readonly token: string;
  /** Secrets that the job has in its environment. */
  readonly secrets: Readonly<Record<string, string>>;
  /** Where the service is; null where there is none. */
  readonly service: {
    readonly url: string;
    readonly variable: string;
    readonly admin: string;
  } | null;
  /** How far its clock is ahead of ours, in milliseconds. */
  readonly offsetMs: number;
  /** How many of its seconds pass in one of ours. */
  readonly speed: number;
  /** By its own clock, in milliseconds: a run that takes longer is killed, and that is a violation. */
  readonly limitMs: number;
};

/** What a run left behind. */
export type ActionResult = {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly timedOut: boolean;
  /** In milliseconds of ours. */
  readonly tookMs: number;
  /** By name: stdout without the masks, stderr, and every file that it wrote. */
  readonly outputs: ReadonlyMap<string, string>;
  /** What it asked the runner to mask: every form of every value that it had in hand. */
  readonly masked: readonly string[];
};

export type ActionProcess = {
  readonly result: Promise<ActionResult>;
  /** SIGKILL; resolves once it is dead. */
  kill(): Promise<void>;
};

/** The longest that the suite itself waits for a run, in milliseconds of ours. */
const LONGEST_MS = 60_000;

/** Starts it. */
export async function startAction(options: ActionOptions): Promise<ActionProcess> {
  const files = join(options.folder, "files");
  await mkdir(files, { recursive: true });
  // A runner makes them before the step starts.
  await Promise.all(["output", "summary"].map((name) => writeFile(join(files, name), "")));
  const startedAt = performance.now();
  const child = spawn(
    process.execPath,
    ["--import", pathToFileURL(options.preload).href, options.main],
    {
      cwd: options.folder,
      env: environmentOf(options, files),
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  const exited = exitOf(child);
  let timedOut = false;
  const limit = setTimeout(
    () => {
      timedOut = true;
      child.kill("SIGKILL");
    },
    Math.min(options.limitMs / options.speed, LONGEST_MS),
  );
  const result = Promise.all([exited, text(child.stdout), text(child.stderr)]).then(
    async ([{ code, signal }, stdout, stderr]) => {
      clearTimeout(limit);
      const { shown, masked } = splitMasks(stdout);
      const outputs = new Map([
        ["stdout", shown],
        ["stderr", stderr],
        ...(await readAll(options.folder)),
      ]);
      return { code, signal, timedOut, tookMs: performance.now() - startedAt, outputs, masked };
    },
  );
  return {
    result,
    async kill() {
      child.kill("SIGKILL");
      await exited;
    },
  };
}

function exitOf(child: ChildProcess): Promise<Pick<ActionResult, "code" | "signal">> {
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code, signal) => resolve({ code, signal }));
  });
}

function environmentOf(options: ActionOptions, files: string): NodeJS.ProcessEnv {
  const { apiUrl, graphqlUrl, repository, token, secrets, offsetMs, speed, compileCache, service } =
    options;
  return {
    ...secrets,
    ...(service === null
      ? {}
      : { [service.variable]: service.admin, CHAOS_SERVICE_URL: service.url }),
    PATH: process.env.PATH,
    HOME: options.folder,
    TMPDIR: options.folder,
    NODE_COMPILE_CACHE: compileCache,
    CHAOS_TIME_OFFSET_MS: String(offsetMs),
    CHAOS_TIME_SPEED: String(speed),
    GITHUB_ACTIONS: "true",
    GITHUB_API_URL: apiUrl,
    GITHUB_GRAPHQL_URL: graphqlUrl,
    GITHUB_SERVER_URL: "https://github.com",
    GITHUB_REPOSITORY: repository,
    GITHUB_EVENT_NAME: "schedule",
    GITHUB_ACTOR: "octocat",
    GITHUB_RUN_ID: "1",
    GITHUB_OUTPUT: join(files, "output"),
    GITHUB_STEP_SUMMARY: join(files, "summary"),
    "INPUT_GITHUB-TOKEN": token,
    INPUT_COMMAND: "run",
  };
}

/** The one place where a value may be printed is the command that makes the runner hide it. */
function splitMasks(stdout: string): {
  readonly shown: string;
  readonly masked: readonly string[];
} {
  const command = /^::add-mask::(.*)$/;
  const lines = stdout.split("\n");
  const plain = (value: string) =>
    value.replaceAll("%0D", "\r").replaceAll("%0A", "\n").replaceAll("%25", "%");
  return {
    shown: lines.filter((line) => !command.test(line)).join("\n"),
    masked: lines.flatMap((line) => plain(command.exec(line)?.[1] ?? "") || []),
  };
}

async function readAll(folder: string): Promise<[string, string][]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  return Promise.all(
    paths.map(
      async (path): Promise<[string, string]> => [
        path.slice(folder.length + 1),
        await readFile(path, "utf8"),
      ],
    ),
  );
}
