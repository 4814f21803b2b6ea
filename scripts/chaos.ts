// `npm run chaos`: the bundled Action under every kind of fault, and a check of its promises. Leaves no files behind.
import { existsSync } from "node:fs";
import { availableParallelism } from "node:os";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { openBench } from "../test/chaos/bench.ts";
import { sample } from "../test/chaos/cases.ts";
import { renderFailure, renderTable } from "../test/chaos/report.ts";
import { SCENARIOS } from "../test/chaos/scenarios.ts";
import { openSuite } from "../test/chaos/suite.ts";

const USAGE = `npm run chaos -- [--only ID] [--sample N] [--jobs N] [--main FILE]
  --only ID     the case with that id, or all cases whose id begins with it: 1x1-private, 1x1-private/kill
  --sample N    N cases, always the same ones, from all groups
  --jobs N      how many run together (default: this machine's cores and one more)
  --main FILE   the Action's entry (default: action/dist/main.js)
`;
const BUNDLE = fileURLToPath(new URL("../action/dist/main.js", import.meta.url));
/** The time between two progress lines, in milliseconds. */
const PROGRESS_MS = 10_000;

function readArguments() {
  const text = { type: "string" as const };
  const { values } = parseArgs({ options: { only: text, sample: text, jobs: text, main: text } });
  const count = (given: string | undefined, fallback: number) => {
    if (given !== undefined && !/^[1-9]\d*$/.test(given))
      throw new Error(`${JSON.stringify(given)} is not a number of 1 or more`);
    return given === undefined ? fallback : Number(given);
  };
  return {
    only: values.only ?? "",
    sample: count(values.sample, Number.POSITIVE_INFINITY),
    jobs: count(values.jobs, availableParallelism() + 1),
    // Absolute, since each run has a folder of its own.
    main: resolve(values.main ?? BUNDLE),
  };
}

async function chaos(): Promise<boolean> {
  const { only, jobs, main, sample: size } = readArguments();
  if (!existsSync(main)) throw new Error(`${main} does not exist. Make it with npm run build`);
  const startedAt = performance.now();
  const bench = await openBench(main);
  try {
    const [name = ""] = only.split("/");
    const suite = await openSuite(
      bench,
      jobs,
      SCENARIOS.filter(({ id }) => id.startsWith(name)),
    );
    const cases = sample(
      suite.cases.filter(
        ({ id }) =>
          id === only || only === "" || id.startsWith(only.includes("/") ? `${only}/` : only),
      ),
      size,
    );
    if (cases.length === 0) throw new Error(`no case's id begins with ${JSON.stringify(only)}`);
    let [done, told] = [0, performance.now()];
    const results = await suite.run(cases, (result) => {
      done += 1;
      if (result.violations.length > 0) process.stdout.write(`${renderFailure(result)}\n\n`);
      if (performance.now() - told < PROGRESS_MS) return;
      told = performance.now();
      process.stderr.write(`${done} of ${cases.length} cases\n`);
    });
    const held = results.filter(({ violations }) => violations.length === 0).length;
    const seconds = Math.round((performance.now() - startedAt) / 1000);
    process.stdout.write(
      `${renderTable(cases, results)}\n\n${held} of ${results.length} cases held, in ${seconds} s.\n`,
    );
    return held === results.length;
  } finally {
    await bench.close();
  }
}

try {
  process.exitCode = (await chaos()) ? 0 : 1;
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`);
  process.exitCode = 2;
}
