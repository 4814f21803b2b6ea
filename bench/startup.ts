// The cost of starting: time against an empty process, and how much JavaScript is loaded.
import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { atMost, type Figure, median, timeProcess } from "./measure.ts";
import { ACTION, actionEnvironment, dueConfig, startServer } from "./server.ts";

const ROUNDS = 15;
const ROOT = new URL("../", import.meta.url);

export async function measureStartup(): Promise<Figure[]> {
  const server = await startServer(dueConfig(1));
  try {
    const env = actionEnvironment(server.url);
    timeProcess(process.execPath, [ACTION], env);
    const [empty, nothing, health]: [number[], number[], number[]] = [[], [], []];
    for (let round = 0; round < ROUNDS; round += 1) {
      empty.push(timeProcess(process.execPath, ["-e", "0"], env));
      nothing.push(timeProcess(process.execPath, [ACTION], env));
      health.push(
        timeProcess(
          process.execPath,
          ["--input-type=module", "-e", 'await import("./functions/health.ts")'],
          {
            ...env,
            PWD: fileURLToPath(ROOT),
          },
        ),
      );
    }
    const loaded = await loadedBy([ACTION], env);
    const bytes = loaded.reduce((sum, file) => sum + file.bytes, 0);
    const times = (value: number) => `${value.toFixed(2)} × node -e 0`;
    const sodium = loaded.some(({ name }) => /sodium/.test(name));
    return [
      atMost(
        "the Action with nothing due, start to exit",
        median(nothing) / median(empty),
        6,
        times,
      ),
      atMost("  JavaScript loaded", bytes / 1e6, 0.9, (megabytes) => `${megabytes.toFixed(2)} MB`),
      { what: "  libsodium loaded", value: sodium ? "yes" : "no", limit: "no", held: !sodium },
      {
        what: "importing the health handler (sources)",
        value: times(median(health) / median(empty)),
        limit: "",
        held: true,
      },
    ];
  } finally {
    await server.stop();
  }
}

/** The files that a process really loaded, by V8's own account. */
async function loadedBy(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<{ name: string; bytes: number }[]> {
  const folder = await mkdtemp(join(tmpdir(), "bench-loaded-"));
  try {
    timeProcess(process.execPath, args, { ...env, NODE_V8_COVERAGE: folder });
    const reports = await Promise.all(
      (await readdir(folder)).map((name) => readFile(join(folder, name), "utf8")),
    );
    const urls = reports.flatMap((report): string[] =>
      JSON.parse(report).result.map(({ url }: { url: string }) => url),
    );
    const files = [
      ...new Set(urls.filter((url) => url.startsWith("file:")).map((url) => fileURLToPath(url))),
    ];
    return await Promise.all(files.map(async (name) => ({ name, bytes: (await stat(name)).size })));
  } finally {
    await rm(folder, { recursive: true });
  }
}
