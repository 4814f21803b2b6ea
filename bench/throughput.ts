// Requests a second of the API, against a bare server of Node's that gives the same bytes.
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
const SINGLE_ROUNDS = 5;
const WANTED_RATIO = 0.7;

type Servers = { readonly ours: string; readonly bare: string };

export async function measureThroughput(): Promise<Figure[]> {
  const child = spawn(process.execPath, [SERVERS], { stdio: ["ignore", "pipe", "inherit"] });
  const ended = once(child, "close");
  try {
    const [line] = await once(createInterface(child.stdout), "line");
    const servers: Servers = JSON.parse(String(line));
    const many = await compare(servers, { connections: CONNECTIONS, rounds: ROUNDS });
    // Requests that wait together share an answer, so a single one costs more. The figure leaves it out.
    const single = await compare(servers, { connections: 1, rounds: SINGLE_ROUNDS });
    return [
      {
        what: `GET /tokens/health by \`serve\`, ${CONNECTIONS} together`,
        value: `${many.ratio.toFixed(2)} × bare node:http`,
        limit: `≥ ${WANTED_RATIO.toFixed(2)} × bare node:http`,
        held: many.ratio >= WANTED_RATIO,
      },
      { what: "  by the API", value: many.ours, limit: "", held: true },
      { what: "  by bare node:http with the same bytes", value: many.bare, limit: "", held: true },
      {
        what: "  one by one",
        value: `${single.ratio.toFixed(2)} × bare node:http`,
        limit: "",
        held: true,
      },
    ];
  } finally {
    child.kill();
    await ended;
  }
}

async function compare(
  servers: Servers,
  { connections, rounds }: { readonly connections: number; readonly rounds: number },
) {
  const ask = (origin: string) =>
    load(new URL("/tokens/health", origin), { connections, milliseconds: ROUND_MS });
  const asked: { readonly ours: Load; readonly bare: Load }[] = [];
  // Turn by turn, so that other load on the machine affects both alike. The first turn warms up.
  for (let round = 0; round <= rounds; round += 1)
    asked.push({ bare: await ask(servers.bare), ours: await ask(servers.ours) });
  const counted = asked.slice(1);
  const shown = (of: "ours" | "bare") => {
    const [perSecond, p99] = [
      median(counted.map((round) => round[of].perSecond)),
      median(counted.map((round) => round[of].p99)),
    ];
    return `${perSecond.toFixed(0)}/s, p99 ${p99.toFixed(1)} ms`;
  };
  return {
    ratio: median(counted.map(({ ours, bare }) => ours.perSecond / bare.perSecond)),
    ours: shown("ours"),
    bare: shown("bare"),
  };
}
