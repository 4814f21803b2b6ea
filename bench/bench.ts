// `npm run bench`: the project's own figures, measured now on this machine. Each ratio is measured in one run.
import { compareWithGh } from "./against-gh.ts";
import { measureHosts } from "./hosts.ts";
import type { Figure } from "./measure.ts";
import { measurePage } from "./page.ts";
import { countRequests } from "./requests.ts";
import { measureScale } from "./scale.ts";
import { measureStartup } from "./startup.ts";
import { measureThroughput } from "./throughput.ts";

const PARTS: readonly (() => Figure[] | Promise<Figure[]>)[] = [
  measureScale,
  countRequests,
  measureStartup,
  measureHosts,
  measurePage,
  measureThroughput,
  compareWithGh,
];

const wanted = process.argv.slice(2);
for (const part of PARTS) {
  if (wanted.length > 0 && !wanted.includes(part.name)) continue;
  for (const { what, value, limit, held } of await part()) {
    console.log(`${held ? "✔" : "✖"} ${what.padEnd(46)} ${value.padEnd(32)} ${limit}`);
    if (!held) process.exitCode = 1;
  }
}
