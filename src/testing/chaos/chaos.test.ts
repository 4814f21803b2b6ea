import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { bundleAction } from "../../../scripts/action-bundle.ts";
import { openBench } from "./bench.ts";
import { sample } from "./cases.ts";
import { renderFailure } from "./report.ts";
import { SCENARIOS } from "./scenarios.ts";
import { openSuite } from "./suite.ts";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
/** Both journals, one and several destinations, one and several tokens. */
const SAMPLED = ["1x1-public", "1x2-private", "2x2-public"];
const CASES = 30;
const JOBS = 3;

/** The bundle that these sources make, which may be newer than the committed one. */
async function bundle(): Promise<{ readonly main: string; close(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), "chaos-bundle-"));
  for (const [name, text] of await bundleAction(ROOT)) {
    const path = join(folder, name);
    await mkdir(join(path, ".."), { recursive: true });
    await writeFile(path, text);
  }
  return { main: join(folder, "main.js"), close: () => rm(folder, { recursive: true, force: true }) };
}

test("a sample of the chaos: whatever goes wrong, the promises hold", { timeout: 240_000 }, async () => {
  const action = await bundle();
  const bench = await openBench(action.main);
  try {
    const suite = await openSuite(
      bench,
      JOBS,
      SCENARIOS.filter(({ id }) => SAMPLED.includes(id)),
    );
    const results = await suite.run(sample(suite.cases, CASES), () => {});
    expect(results.filter(({ violations }) => violations.length > 0).map(renderFailure)).toEqual([]);
    expect(results).toHaveLength(CASES);
  } finally {
    await bench.close();
    await action.close();
  }
});
