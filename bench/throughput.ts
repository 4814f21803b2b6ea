// How many requests a second the API answers, against a bare server of Node's that gives the same bytes.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { type Load, load } from "./load.ts";
import { type Figure, median } from "./measure.ts";

const SERVERS = fileURLToPath(new URL("throughput-servers.ts", import.meta.url));
const CONNECTIONS = 64;
const ROUND_MS = 700;
const ROUNDS = 12;
const WANTED_RATIO = 0.7;

export async function measureThroughput(): Promise<Figure[]> {
  const child = spawn(process.execPath, [SERVERS], { stdio: ["ignore", "pipe", "inherit"] });
  const ended = once(child, "close");
  try {
    const [line] = await once(createInterface(child.stdout), "line");
    const servers: { readonly ours: string; readonly bare: string } = JSON.parse(String(line));
    const ask = (origin: string) => load(new URL("/tokens/health", origin), { connections: CONNECTIONS, milliseconds: ROUND_MS });
    const rounds: { readonly ours: Load; readonly bare: Load }[] = [];
    // Turn by turn, so that whatever else the machine does meets both alike. The first turn warms up.
    for (let round = 0; round <= ROUNDS; round += 1) rounds.push({ bare: await ask(servers.bare), ours: await ask(servers.ours) });
    const counted = rounds.slice(1);
    const ratio = median(counted.map(({ ours, bare }) => ours.perSecond / bare.perSecond));
    const shown = (of: "ours" | "bare") => {
      const [perSecond, p99] = [median(counted.map((round) => round[of].perSecond)), median(counted.map((round) => round[of].p99))];
      return `${perSecond.toFixed(0)}/s, p99 ${p99.toFixed(1)} ms`;
    };
    return [
      {
        what: "GET /tokens/health by `serve`, requests",
        value: `${ratio.toFixed(2)} × bare node:http`,
        limit: `≥ ${WANTED_RATIO.toFixed(2)} × bare node:http`,
        held: ratio >= WANTED_RATIO,
      },
      { what: "  by the API", value: shown("ours"), limit: "", held: true },
      { what: "  by bare node:http with the same bytes", value: shown("bare"), limit: "", held: true },
    ];
  } finally {
    child.kill();
    await ended;
  }
}
