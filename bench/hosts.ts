// Bundle size and start time of each host, from nothing to the first answer or the loaded entry.
import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "rolldown";
import { type BundledHost, bundleHost, writeHostFolder } from "../scripts/host-bundles.ts";
import { openWorkers, type WorkerOptions } from "../test/hosts/miniflare.ts";
import { workerOptions } from "../test/hosts/workers.ts";
import { atMost, type Figure, median, timeProcess } from "./measure.ts";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const DENO = join(ROOT, "tools/node_modules/.bin/deno");
const ROUNDS = 15;
/** The turns of a worker. Each starts a server of its own, which takes longer. */
const WORKER_ROUNDS = 5;
const ENV = { PATH: process.env.PATH };

const figure = (what: string, value: string): Figure => ({ what, value, limit: "", held: true });
const startFigure = (what: string, ms: number, emptyMs: number, of: string): Figure =>
  figure(what, `${(ms / emptyMs).toFixed(2)} × ${of}, ${ms.toFixed(0)} ms`);

export async function measureHosts(): Promise<Figure[]> {
  const folder = await mkdtemp(join(tmpdir(), "bench-hosts-"));
  try {
    const health = await bundleHealth(folder);
    const lambda = await writeHostFolder(ROOT, "lambda", join(folder, "lambda"));
    const vercel = await writeHostFolder(ROOT, "vercel", join(folder, "vercel"));
    await symlink(join(ROOT, "node_modules"), join(folder, "node_modules"));
    const starts = medians({
      empty: [process.execPath, ["-e", "0"]],
      health: importCommand(health),
      lambda: importCommand(join(lambda, "index.js")),
      vercel: importCommand(join(vercel, "functions/index.func/index.js")),
      denoEmpty: [
        DENO,
        ["run", "--no-check", "--cached-only", await write(folder, "empty.ts", "export {};")],
      ],
      deno: [
        DENO,
        [
          "run",
          "--no-check",
          "--cached-only",
          "--allow-env",
          join(ROOT, "functions/hosts/deno.ts"),
        ],
      ],
    });
    const workers = await workerStart();
    return [
      atMost(
        "importing the health function, bundled",
        starts.health / starts.empty,
        3,
        (ratio) => `${ratio.toFixed(2)} × node -e 0`,
      ),
      startFigure("AWS Lambda: importing all routes", starts.lambda, starts.empty, "node -e 0"),
      ...(await sizes("lambda")),
      startFigure("Vercel: importing all routes", starts.vercel, starts.empty, "node -e 0"),
      ...(await sizes("vercel")),
      startFigure(
        "Deno: importing all routes (sources)",
        starts.deno,
        starts.denoEmpty,
        "an empty file",
      ),
      startFigure(
        "Workers: workerd's start to the first answer",
        workers.ours,
        workers.empty,
        "an empty one",
      ),
      ...(await sizes("cloudflare")),
    ];
  } finally {
    await rm(folder, { recursive: true });
  }
}

type Command = readonly [command: string, args: readonly string[]];

function importCommand(file: string): Command {
  return [process.execPath, ["--input-type=module", "-e", `await import(${JSON.stringify(file)})`]];
}

/** Turn by turn, so that other load on the machine affects all alike. The first turn, which fills caches, does not count. */
function medians<Name extends string>(
  commands: Readonly<Record<Name, Command>>,
): Record<Name, number> {
  const names = Object.keys(commands) as Name[];
  const rounds = Array.from({ length: ROUNDS + 1 }, () =>
    names.map((name) => timeProcess(commands[name][0], commands[name][1], ENV)),
  ).slice(1);
  return Object.fromEntries(
    names.map((name, at) => [name, median(rounds.map((round) => round[at] ?? Number.NaN))]),
  ) as Record<Name, number>;
}

/** functions/health.ts by itself, as a host makes it that bundles each function. */
async function bundleHealth(folder: string): Promise<string> {
  await build({
    cwd: ROOT,
    input: { health: "functions/health.ts" },
    platform: "node",
    logLevel: "silent",
    resolve: { mainFields: ["module", "main"] },
    output: {
      dir: join(folder, "health"),
      format: "esm",
      minify: true,
      entryFileNames: "[name].mjs",
      chunkFileNames: "[name]-[hash].mjs",
    },
  });
  return join(folder, "health/health.mjs");
}

async function workerStart(): Promise<{ ours: number; empty: number }> {
  const ours = await workerOptions({});
  const empty: WorkerOptions = {
    modules: true,
    script: "export default { fetch: () => new Response('ok') }",
  };
  const rounds: { ours: number; empty: number }[] = [];
  for (let round = 0; round <= WORKER_ROUNDS; round += 1)
    rounds.push({ ours: await untilAnswered(ours), empty: await untilAnswered(empty) });
  const [, ...counted] = rounds;
  return {
    ours: median(counted.map((round) => round.ours)),
    empty: median(counted.map((round) => round.empty)),
  };
}

async function untilAnswered(options: WorkerOptions): Promise<number> {
  const began = performance.now();
  const worker = await openWorkers(options);
  const { status } = await fetch(new URL("/healthz", await worker.ready));
  const took = performance.now() - began;
  await worker.dispose();
  if (status !== 200) throw new Error(`the worker answered ${status}`);
  return took;
}

async function sizes(host: BundledHost): Promise<Figure[]> {
  const contents = [...(await bundleHost(ROOT, host)).values()].map((content) =>
    Buffer.from(content),
  );
  const all = contents.reduce((sum, content) => sum + content.length, 0);
  const packed = contents.reduce((sum, content) => sum + gzipSync(content).length, 0);
  return [figure("  size", `${(all / 1e6).toFixed(2)} MB, ${(packed / 1e6).toFixed(2)} MB packed`)];
}

async function write(folder: string, name: string, text: string): Promise<string> {
  await writeFile(join(folder, name), text);
  return join(folder, name);
}
