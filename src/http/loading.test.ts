// Modules that a handler loads before it is called. A host starts it cold, and may forbid libsodium's compilation.
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { modulesLoadedBy } from "../../test/loaded-modules.ts";
import { ROOT } from "../../test/pages.ts";
import { TYPESCRIPT } from "../../test/typescript.ts";

const run = promisify(execFile);

/** Every module that a file and its imports load, packages by name. */
async function loadedBy(file: string, then = ""): Promise<string[]> {
  const program = `const { default: route } = await import("./${file}");${then}`;
  const names = (await modulesLoadedBy(program)).map(
    (url) =>
      /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1] ?? fileURLToPath(url).slice(ROOT.length),
  );
  return [...new Set(names)];
}

const HEAVY =
  /^(?:libsodium|@modelcontextprotocol|@octokit|hono|@hono|cron-parser|proper-lockfile|jose)|src\/(?:compose\/(?!environment)|adapters|core\/app)/;

test("the health handler loads neither libsodium nor Octokit, nor the app", async () => {
  const loaded = await loadedBy("functions/health.ts");
  expect(loaded).toEqual(
    expect.arrayContaining(["functions/health.ts", "src/http/endpoint.ts", "zod"]),
  );
  expect(loaded.filter((name) => HEAVY.test(name))).toEqual([]);
  // Building the record's schema takes a quarter of the time in which a handler starts.
  expect(loaded).not.toContain("src/core/model/schema.ts");
});

test("the generate handler makes a value without further modules", async () => {
  const call = `
    const request = new Request("http://localhost:1/tokens/generate", { method: "POST", headers: { host: "localhost:1" } });
    const edge = { access: { kind: "loopback", port: 1 }, fingerprintKey: () => null, now: () => new Date() };
    const response = await route.answer(request, edge);
    if (response.status !== 200) throw new Error(await response.text());`;
  const loaded = await loadedBy("functions/generate.ts", call);
  expect(loaded).toContain("src/core/credentials/generate.ts");
  expect(loaded.filter((name) => HEAVY.test(name))).toEqual([]);
  expect(loaded).not.toContain("src/core/model/schema.ts");
});

test("a run's report is described on request, and running does not load the definitions", async () => {
  const definitions =
    /shapes|base\/reported-error|ports\/(?:report|store|copies|workflow-run)\.|config\/agent-change|advice\/advice\./;
  const loaded = await loadedBy("src/core/app.ts");
  expect(loaded).toContain("src/core/health/health.ts");
  expect(loaded.filter((name) => definitions.test(name))).toEqual([]);
  expect(await loadedBy("src/http/reply/replies.ts")).toEqual(
    expect.arrayContaining(["src/core/ports/report.ts", "src/core/health/shapes.ts"]),
  );
});

test("the health handler does not load Node's HTTP server, which would double its start time", async () => {
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
