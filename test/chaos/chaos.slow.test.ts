import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { sizeOf } from "../sample.ts";
import { openBench } from "./bench.ts";
import { bundleForTests } from "./bundle.ts";
import { sample } from "./cases.ts";
import { renderFailure } from "./report.ts";
import { SCENARIOS } from "./scenarios.ts";
import { openSuite } from "./suite.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
/** In a sample: both journals, one and several destinations, one and several tokens. */
const SAMPLED = ["1x1-public", "1x2-private", "2x2-public", "1x1-service"];
const CASES = sizeOf(Number.POSITIVE_INFINITY, 30);
const JOBS = 3;
/** Against what hangs: all cases take two cores ten minutes. */
const LIMIT_MS = 4 * 3_600_000;

test("the chaos: whatever goes wrong, the promises hold", { timeout: LIMIT_MS }, async () => {
  const action = await bundleForTests(ROOT);
  const bench = await openBench(action.main);
  try {
    const suite = await openSuite(
      bench,
      JOBS,
      SCENARIOS.filter(({ id }) => CASES === Number.POSITIVE_INFINITY || SAMPLED.includes(id)),
    );
    const cases = sample(suite.cases, CASES);
    const results = await suite.run(cases, () => {});
    expect(results.filter(({ violations }) => violations.length > 0).map(renderFailure)).toEqual(
      [],
    );
    expect(results).toHaveLength(Math.min(CASES, suite.cases.length));
  } finally {
    await bench.close();
    await action.close();
  }
});
