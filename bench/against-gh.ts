// The same fifty secrets, placed by this program and by `gh secret set -f`. Only this program also reads, journals and records.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { environmentForGh } from "../test/github/gh.ts";
import { DEFAULT_REPOSITORY } from "../test/github/server.ts";
import { atMost, type Figure, median, timeProcess } from "./measure.ts";
import { ACTION, actionEnvironment, dueConfig, startServer } from "./server.ts";

const SECRETS = 50;
const LATENCY_MS = 50;
const ROUNDS = 5;

export async function compareWithGh(): Promise<Figure[]> {
  const folder = await mkdtemp(join(tmpdir(), "bench-gh-"));
  const file = join(folder, "secrets.env");
  await writeFile(
    file,
    Array.from({ length: SECRETS }, (_, index) => `SECRET_${index}=value-number-${index}`).join(
      "\n",
    ),
  );
  const [ours, theirs, inFlight]: [number[], number[], number[]] = [[], [], []];
  try {
    for (let round = 0; round < ROUNDS; round += 1) {
      // A server for each, so that neither meets the other's rate limit.
      await withServer(async ({ url, requests }) => {
        ours.push(timeProcess(process.execPath, [ACTION], actionEnvironment(url)));
        inFlight.push(...(await requests()).map((request) => request.inFlight));
      });
      await withServer(async ({ url }) => {
        theirs.push(
          timeProcess(
            "gh",
            ["secret", "set", "-f", file, "-R", DEFAULT_REPOSITORY],
            environmentForGh(url, folder),
          ),
        );
      });
    }
  } finally {
    await rm(folder, { recursive: true });
  }
  const figure = atMost(
    `${SECRETS} secrets at ${LATENCY_MS} ms, against gh`,
    median(ours) / median(theirs),
    2,
    (ratio) => `${ratio.toFixed(2)} ×`,
  );
  return [
    {
      ...figure,
      value: `${figure.value} (${median(ours).toFixed(0)} ms, ${median(theirs).toFixed(0)} ms)`,
    },
    atMost("  requests in flight", Math.max(...inFlight), 10, String),
  ];
}

async function withServer(
  use: (server: Awaited<ReturnType<typeof startServer>>) => Promise<void>,
): Promise<void> {
  const server = await startServer(dueConfig(SECRETS), LATENCY_MS);
  try {
    await use(server);
  } finally {
    await server.stop();
  }
}
