// The package as people get it: packed, installed without a registry and without dependencies, and used.
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdir, readdir, readFile, symlink } from "node:fs/promises";
import { basename, delimiter, join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { Client } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { afterAll, beforeAll, expect, test } from "vitest";
import { bareEnvironment, temporaryFolder } from "../test/git-repository.ts";
import { ROOT } from "../test/pages.ts";

const run = promisify(execFile);
/** What `npm pack` may look at; folders of builds and of packages stay out. */
const KEPT = /^(?!(?:node_modules|tools|dist|build|\.git|\.vercel)$)/;

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let env: NodeJS.ProcessEnv;
let tarball: string;
let work: string;

beforeAll(async () => {
  folder = await temporaryFolder();
  const [checkout, prefix] = [join(folder.path, "checkout"), join(folder.path, "prefix")];
  work = join(folder.path, "work");
  await Promise.all([checkout, prefix, work].map((path) => mkdir(path)));
  for (const name of (await readdir(ROOT)).filter((name) => KEPT.test(name)))
    await cp(join(ROOT, name), join(checkout, name), { recursive: true });
  await symlink(join(ROOT, "node_modules"), join(checkout, "node_modules"));
  env = {
    ...bareEnvironment(folder.path),
    PATH: `${join(prefix, "bin")}${delimiter}${process.env.PATH}`,
    npm_config_cache: join(folder.path, "cache"),
    npm_config_offline: "true",
    npm_config_update_notifier: "false",
  };
  await run("npm", ["pack", "--pack-destination", folder.path], { cwd: checkout, env });
  const packed = (await readdir(folder.path)).find((name) => name.endsWith(".tgz"));
  tarball = join(folder.path, packed ?? "");
  await run("npm", ["install", "--global", "--prefix", prefix, tarball], { cwd: work, env });
});
afterAll(() => folder.close());

/** Runs the installed program in the work folder. @returns what it printed */
async function installed(...args: string[]): Promise<string> {
  return (await run("token-automation", args, { cwd: work, env })).stdout;
}

async function version(): Promise<string> {
  return JSON.parse(await readFile(join(ROOT, "package.json"), "utf8")).version;
}

test("it holds the built program and no dependency", async () => {
  expect(basename(tarball)).toBe(`token-automation-${await version()}.tgz`);
  const home = join(folder.path, "prefix/lib/node_modules");
  expect(await readdir(home)).toEqual(["token-automation"]);
  const files = await readdir(join(home, "token-automation"), { recursive: true });
  expect(files.filter((path) => !path.startsWith("dist")).toSorted()).toEqual([
    "LICENSE",
    "README.md",
    "bin",
    "bin/node-version.js",
    "bin/start.js",
    "bin/token-automation.js",
    "package.json",
    "token_config.schema.json",
  ]);
  expect(files).toContain("dist/cli.js");
  const { dependencies, optionalDependencies, peerDependencies, repository } = JSON.parse(
    await readFile(join(home, "token-automation/package.json"), "utf8"),
  );
  expect([dependencies, optionalDependencies, peerDependencies]).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
  expect(repository).toMatchObject({ type: "git" });
});

test("installed for all, it sets a folder up, rotates and hands the value out", async () => {
  expect(await installed("--version")).toBe(`${await version()}\n`);
  await installed("init");
  expect(await installed("run")).toContain("✔ rotated  API_KEY");
  expect(await installed("get", "API_KEY")).toMatch(/^[A-Za-z0-9]{32}\n$/);
  expect(JSON.parse(await installed("health", "--json"))).toMatchObject({ total_tokens: 1 });
});

test("npx runs it from the same file", async () => {
  const args = ["--yes", "--package", tarball, "token-automation", "--version"];
  const { stdout } = await run("npx", args, { cwd: folder.path, env });
  expect(stdout).toBe(`${await version()}\n`);
});

test("it serves the API", async () => {
  const child = spawn("token-automation", ["serve", "--port", "0"], {
    cwd: work,
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ended = once(child, "close");
  try {
    const url = await new Promise<string>((resolve, reject) => {
      for (const stream of [child.stdout, child.stderr])
        createInterface(stream).on("line", (line) => {
          const [found] = /http:\/\/[\w.:]+/.exec(line) ?? [];
          if (found !== undefined) resolve(found);
        });
      child.once("close", () => reject(new Error("it ended before it listened")));
    });
    expect(await (await fetch(`${url}/healthz`)).json()).toEqual({ status: "ok" });
  } finally {
    child.kill();
    await ended;
  }
});

test("it serves agents", async () => {
  const agent = new Client({ name: "test", version: "1" });
  await agent.connect(
    new StdioClientTransport({
      command: "token-automation",
      args: ["mcp"],
      cwd: work,
      env: Object.fromEntries(Object.entries(env).map(([name, value]) => [name, String(value)])),
    }),
  );
  const { tools } = await agent.listTools();
  expect(tools.map(({ name }) => name)).toContain("rotate_token");
  await agent.close();
});
