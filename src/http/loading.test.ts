// What a handler loads before it is called: a host starts it cold, and may forbid what libsodium does.
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL("../../", import.meta.url));
/** Prints each module's address as it is loaded. */
const WATCH = `import { registerHooks } from "node:module";
registerHooks({ load(url, context, next) { console.log(url); return next(url, context); } });`;

/** Every module that a file and what it imports load, packages by name. */
async function loadedBy(file: string, then = ""): Promise<string[]> {
  const program = `const { default: route } = await import("./functions/${file}");${then}`;
  const watch = `data:text/javascript,${encodeURIComponent(WATCH)}`;
  const { stdout } = await run(
    process.execPath,
    ["--import", watch, "--input-type=module", "--eval", program],
    { cwd: ROOT },
  );
  const urls = stdout.split("\n").filter((line) => line.startsWith("file:"));
  const names = urls.map(
    (url) =>
      /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1] ?? fileURLToPath(url).slice(ROOT.length),
  );
  return [...new Set(names)];
}

const HEAVY =
  /^(?:libsodium|@modelcontextprotocol|@octokit|hono|@hono|croner|proper-lockfile|jose)|src\/(?:compose|adapters|core\/app)/;

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
  const { stdout } = await run(process.execPath, ["--input-type=module", "--eval", program], {
    cwd: ROOT,
  });
  const modules = stdout.split("\n");
  expect(modules).toContain("NativeModule crypto");
  expect(modules).not.toContain("NativeModule http");
});
