// The built files as people start them.
import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { TYPESCRIPT } from "../test/typescript.ts";
import { bundleAction } from "./action-bundle.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "token-automation-build-"));
const work = join(folder, "work");

beforeAll(() => {
  mkdirSync(work);
  cpSync(join(ROOT, "bin"), join(folder, "bin"), { recursive: true });
  cpSync(join(ROOT, "package.json"), join(folder, "package.json"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function cli(...args: string[]) {
  const env = { PATH: process.env.PATH, HOME: folder, GIT_CEILING_DIRECTORIES: folder };
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(folder, "bin/token-automation.js"), ...args],
    {
      cwd: work,
      env,
      encoding: "utf8",
    },
  );
  return { status, stdout, stderr };
}

test("without a build, and without sources, it says what to do", () => {
  expect(cli("--version")).toMatchObject({
    status: 1,
    stdout: "",
    stderr: expect.stringContaining("Run `npm run build` in its folder"),
  });
});

test("the build is silent, and its CLI works by itself, with no node_modules beside it", () => {
  const said = execFileSync(
    process.execPath,
    [...TYPESCRIPT, join(ROOT, "scripts/build.ts"), "--cli", "--out", join(folder, "dist")],
    {
      encoding: "utf8",
      stdio: "pipe",
    },
  );
  expect(said).toBe("");
  expect(readdirSync(folder)).not.toContain("node_modules");
  expect(cli("--version")).toEqual({
    status: 0,
    stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
    stderr: "",
  });
  expect(cli("init").status).toBe(0);
  expect(cli("run")).toMatchObject({
    status: 0,
    stdout: expect.stringContaining("✔ rotated  API_KEY"),
  });
  expect(cli("get", "API_KEY")).toEqual({
    status: 0,
    stdout: expect.stringMatching(/^[A-Za-z0-9]{32}\n$/),
    stderr: "",
  });
  expect(JSON.parse(cli("schema").stdout).title).toBe("token_config.json");
});

test("a command does not load what it does not need", () => {
  const loaded = (...args: string[]) => {
    const env = { ...process.env, NODE_V8_COVERAGE: join(folder, "coverage") };
    rmSync(env.NODE_V8_COVERAGE, { recursive: true, force: true });
    spawnSync(process.execPath, [join(folder, "dist/cli.js"), ...args], { cwd: work, env });
    const script =
      'const {readdirSync,readFileSync}=require("fs");const d=process.argv[1];process.stdout.write(readdirSync(d).map((f)=>readFileSync(d+"/"+f,"utf8")).join(""))';
    const text = execFileSync(process.execPath, ["-e", script, env.NODE_V8_COVERAGE], {
      encoding: "utf8",
      maxBuffer: 1 << 28,
    });
    return [
      ...text.matchAll(/"url":"file:[^"]*\/dist\/([a-z0-9-]+?)(?:-[A-Za-z0-9_-]{8})?\.js"/g),
    ].map((match) => match[1]);
  };
  expect(loaded("health")).not.toContain("libsodium-wrappers");
  expect(loaded("get", "API_KEY")).toContain("libsodium-wrappers");
  expect(loaded("generate")).not.toContain("compose");
  expect(loaded("migrate", "--dry-run")).toContain("migrate");
  expect(loaded("health")).not.toContain("migrate");
});

test("what the Action loads at once is its core alone, with no service's client in it", async () => {
  const files = await bundleAction(ROOT);
  const importsOf = (name: string) =>
    [...(files.get(name) ?? "").matchAll(/(?:from|import)"\.\/([\w.-]+)"/g)].map(
      ([, path = ""]) => path,
    );
  const loaded = new Set(["main.js"]);
  for (const name of loaded) for (const path of importsOf(name)) loaded.add(path);
  expect([...loaded].toSorted()).toEqual(["core.js", "main.js", "rolldown-runtime.js"]);
  const clients = ["mysql.js", "postgres.js", "redis.js"];
  expect([...files.keys()].filter((name) => clients.includes(name)).sort()).toEqual(clients);
});
