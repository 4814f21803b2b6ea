import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { openBench } from "./bench.ts";
import { bundleForTests } from "./bundle.ts";
import { sample } from "./cases.ts";
import { renderFailure } from "./report.ts";
import { SCENARIOS } from "./scenarios.ts";
import { openSuite } from "./suite.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
/** Both journals, one and several destinations, one and several tokens. */
const SAMPLED = ["1x1-public", "1x2-private", "2x2-public", "1x1-service"];
const CASES = 30;
const JOBS = 3;

test("a sample of the chaos: whatever goes wrong, the promises hold", {
  timeout: 240_000,
}, async () => {
  const action = await bundleForTests(ROOT);
  const bench = await openBench(action.main);
  try {
    const suite = await openSuite(
      bench,
      JOBS,
      SCENARIOS.filter(({ id }) => SAMPLED.includes(id)),
    );
    const results = await suite.run(sample(suite.cases, CASES), () => {});
    expect(results.filter(({ violations }) => violations.length > 0).map(renderFailure)).toEqual(
      [],
    );
    expect(results).toHaveLength(CASES);
  } finally {
    await bench.close();
    await action.close();
  }
});
