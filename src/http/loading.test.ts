// What a handler loads before it is called: a host starts it cold, and may forbid what libsodium does.
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { modulesLoadedBy } from "../../test/loaded-modules.ts";
import { ROOT } from "../../test/pages.ts";
import { TYPESCRIPT } from "../../test/typescript.ts";

const run = promisify(execFile);

/** Every module that a file and what it imports load, packages by name. */
async function loadedBy(file: string, then = ""): Promise<string[]> {
  const program = `const { default: route } = await import("./functions/${file}");${then}`;
  const names = (await modulesLoadedBy(program)).map(
    (url) =>
      /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1] ?? fileURLToPath(url).slice(ROOT.length),
  );
  return [...new Set(names)];
}

const HEAVY =
  /^(?:libsodium|@modelcontextprotocol|@octokit|hono|@hono|cron-parser|proper-lockfile|jose)|src\/(?:compose|adapters|core\/app)/;

test("the health handler loads neither libsodium nor Octokit, nor the app", async () => {
  const loaded = await loadedBy("health.ts");
  expect(loaded).toEqual(
    expect.arrayContaining(["functions/health.ts", "src/http/endpoint.ts", "zod"]),
  );
  expect(loaded.filter((name) => HEAVY.test(name))).toEqual([]);
});

test("the generate handler makes a value with nothing more", async () => {
  const call = `
    const request = new Request("http://localhost:1/tokens/generate", { method: "POST", headers: { host: "localhost:1" } });
    const edge = { access: { kind: "loopback", port: 1 }, fingerprintKey: () => null, now: () => new Date() };
    const response = await route.answer(request, edge);
    if (response.status !== 200) throw new Error(await response.text());`;
  const loaded = await loadedBy("generate.ts", call);
  expect(loaded).toContain("src/core/credentials/generate.ts");
  expect(loaded.filter((name) => HEAVY.test(name))).toEqual([]);
});

test("the health handler does not load Node's HTTP server, which would double the time that it takes to start", async () => {
  const program =
    'await import("./functions/health.ts"); console.log(process.moduleLoadList.join("\\n"))';
  const { stdout } = await run(
    process.execPath,
    [...TYPESCRIPT, "--input-type=module", "--eval", program],
    { cwd: ROOT },
  );
  const modules = stdout.split("\n");
  expect(modules).toContain("NativeModule crypto");
  expect(modules).not.toContain("NativeModule http");
});
