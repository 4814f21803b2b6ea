// git as a child process: no shell, no prompts, and no redirection by a hook's environment.
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { Misconfigured } from "../../core/base/errors.ts";
import { errorCode } from "./atomic-file.ts";

/** How long one git command may take, in milliseconds. A person's hooks and signing programs run within it. */
const TIMEOUT_MS = 120_000;
/** How much one git command may print, in bytes. No record is larger. */
const MAX_OUTPUT_BYTES = 256 * 1024 * 1024;

/** Variables of a hook or an alias that point git at another repository, index or meaning of paths. */
const REDIRECTING = [
  "GIT_DIR",
  "GIT_WORK_TREE",
  "GIT_IMPLICIT_WORK_TREE",
  "GIT_COMMON_DIR",
  "GIT_INDEX_FILE",
  "GIT_OBJECT_DIRECTORY",
  "GIT_ALTERNATE_OBJECT_DIRECTORIES",
  "GIT_NAMESPACE",
  "GIT_PREFIX",
  "GIT_INTERNAL_SUPER_PREFIX",
  "GIT_SHALLOW_FILE",
  "GIT_GRAFT_FILE",
  "GIT_REPLACE_REF_BASE",
  "GIT_NO_REPLACE_OBJECTS",
  "GIT_CONFIG",
  "GIT_GLOB_PATHSPECS",
  "GIT_NOGLOB_PATHSPECS",
  "GIT_ICASE_PATHSPECS",
] as const;
/** Variables that are withheld from hooks, which run with git's environment. */
const SECRET_VARIABLES = ["TOKEN_AUTOMATION_KEY", "TOKEN_AUTOMATION_FINGERPRINT_KEY"] as const;

export type GitResult = { readonly code: number; readonly stdout: Buffer; readonly stderr: string };

/** Runs git in one folder. `input` goes to its standard input. Resolves with any exit code. @throws `GitMissing` */
export type Git = (args: readonly string[], options?: GitOptions) => Promise<GitResult>;
type GitOptions = { readonly input?: string; readonly env?: Readonly<Record<string, string>> };

/** git is not installed, or not on the PATH. */
export class GitMissing extends Misconfigured {}

/** @param directory the folder that git runs in; it must exist. @param environment what git inherits, less what would redirect it. */
export function gitIn(directory: string, environment: NodeJS.ProcessEnv = process.env): Git {
  const base: NodeJS.ProcessEnv = {
    ...environment,
    LC_ALL: "C",
    GIT_TERMINAL_PROMPT: "0",
    GIT_OPTIONAL_LOCKS: "0",
    GIT_LITERAL_PATHSPECS: "1",
  };
  for (const name of [...REDIRECTING, ...SECRET_VARIABLES]) delete base[name];

  return (args, options = {}) =>
    new Promise((resolve, reject) => {
      const settings = {
        cwd: directory,
        env: { ...base, ...options.env },
        encoding: "buffer",
        timeout: TIMEOUT_MS,
        maxBuffer: MAX_OUTPUT_BYTES,
        windowsHide: true,
      } as const;
      const child = execFile("git", args, settings, (error, stdout, stderr) => {
        if (error === null) resolve({ code: 0, stdout, stderr: stderr.toString() });
        else if (typeof error.code === "number")
          resolve({ code: error.code, stdout, stderr: stderr.toString() });
        else reject(notRun(directory, args, error));
      });
      // git may exit before it has read its input. Its exit code then shows the result.
      child.stdin?.on("error", () => undefined);
      child.stdin?.end(options.input ?? "");
    });
}

/** git's reason, for a message: the first line that it calls fatal or an error, else the first one. Printable, at most 200 characters. */
export function gitSaid(result: GitResult): string {
  const lines = `${result.stderr}\n${result.stdout.toString()}`
    .split("\n")
    .map((line) => line.trim());
  const line =
    lines.find((each) => /^(fatal|error):/.test(each)) ??
    lines.find((each) => each !== "") ??
    "nothing";
  return line.replace(/\p{C}/gu, "?").slice(0, 200);
}

/** Whether a folder is in a git work tree, so that edges can warn if it is not. */
export type GitState = "work-tree" | "no-repository" | "no-git";

/** @throws `Misconfigured` if git refuses to answer (a folder that belongs to another user). */
export async function gitState(directory: string, git: Git = gitIn(directory)): Promise<GitState> {
  try {
    const result = await git(["rev-parse", "--is-inside-work-tree"]);
    if (result.code === 0)
      return result.stdout.toString().trim() === "true" ? "work-tree" : "no-repository";
    if (result.stderr.includes("not a git repository")) return "no-repository";
    throw new Misconfigured(`git does not work in ${directory}: ${gitSaid(result)}`, {
      code: "git-refused",
      hint: "Run `git status` there and follow what it says.",
    });
  } catch (error) {
    if (error instanceof GitMissing) return "no-git";
    throw error;
  }
}

/** The commit that HEAD stands for, or null before the first one. */
export async function headCommit(git: Git): Promise<string | null> {
  const result = await git(["rev-parse", "--verify", "--quiet", "HEAD^{commit}"]);
  return result.code === 0 ? result.stdout.toString().trim() : null;
}

/** HEAD's commit. Null before the first one, outside a repository and without git. */
export async function headOrNone(git: Git): Promise<string | null> {
  try {
    return await headCommit(git);
  } catch (error) {
    if (error instanceof GitMissing) return null;
    throw error;
  }
}

function notRun(directory: string, args: readonly string[], cause: Error): Misconfigured {
  if (errorCode(cause) === "ENOENT" && !existsSync(directory)) {
    return new Misconfigured(`there is no folder ${directory}`, {
      code: "no-directory",
      hint: "Make it first, or name another.",
      cause,
    });
  }
  if (errorCode(cause) === "ENOENT") {
    return new GitMissing("git was not found", {
      code: "no-git",
      hint: "Install git, and check that it is on the PATH.",
      cause,
    });
  }
  const command = `git ${args.find((arg) => !arg.startsWith("-")) ?? ""}`;
  return new Misconfigured(
    `${command} did not finish: ${"killed" in cause && cause.killed === true ? "it took too long" : errorCode(cause)}`,
    {
      code: "git-unfinished",
      hint: "Run the same by hand. A hook or a signing program may be waiting for an answer.",
      cause,
    },
  );
}
