// Real git in temporary folders, untouched by the configuration of the person who runs the tests.
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { TestRunner } from "vitest";
import { toolAvailable } from "./require-tool.ts";

const run = promisify(execFile);

/** A temporary folder, and the way to be rid of it. */
export async function temporaryFolder(): Promise<{
  readonly path: string;
  close(): Promise<void>;
}> {
  const path = await realpath(await mkdtemp(join(tmpdir(), "token-automation-")));
  return { path, close: () => rm(path, { recursive: true, force: true, maxRetries: 3 }) };
}

export type TestRepository = {
  readonly directory: string;
  /** An environment with no identity and no configuration but the repository's own. */
  readonly environment: NodeJS.ProcessEnv;
  /** Runs git as a person would; gives what it printed. */
  git(...args: string[]): Promise<string>;
  write(path: string, content: string): Promise<void>;
  /** What a person does: writes one file and commits it alone. */
  commit(path: string, content: string): Promise<void>;
  close(): Promise<void>;
};

/** An environment in which git finds no configuration of a person or a machine. */
export function bareEnvironment(home: string): NodeJS.ProcessEnv {
  return { PATH: process.env.PATH, HOME: home, XDG_CONFIG_HOME: home, GIT_CONFIG_NOSYSTEM: "1" };
}

/** A repository on branch `main`, with one commit of a README unless `empty`. Without git the test that asks is skipped. */
export async function testRepository({ empty = false } = {}): Promise<TestRepository> {
  if (!toolAvailable("git")) TestRunner.getCurrentTest()?.context.skip("git is not installed");
  const folder = await temporaryFolder();
  const directory = join(folder.path, "work");
  const home = join(folder.path, "home");
  await mkdir(directory);
  await mkdir(home);
  const environment = bareEnvironment(home);
  const person = {
    GIT_AUTHOR_NAME: "Person",
    GIT_AUTHOR_EMAIL: "p@example.com",
    GIT_COMMITTER_NAME: "Person",
    GIT_COMMITTER_EMAIL: "p@example.com",
  };
  const git = async (...args: string[]) => {
    const { stdout } = await run("git", args, {
      cwd: directory,
      env: { ...environment, ...person },
      maxBuffer: 64 * 1024 * 1024,
    });
    return stdout;
  };
  const write = async (path: string, content: string) => {
    await mkdir(dirname(join(directory, path)), { recursive: true });
    await writeFile(join(directory, path), content);
  };
  const commit = async (path: string, content: string) => {
    await write(path, content);
    await git("add", "--", path);
    await git("commit", "--quiet", "--only", "--message", `Change ${path}`, "--", path);
  };
  await git("init", "--quiet", "--initial-branch=main");
  if (!empty) await commit("README.md", "# Test\n");
  return { directory, environment, git, write, commit, close: folder.close };
}
