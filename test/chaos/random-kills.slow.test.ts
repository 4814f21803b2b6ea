import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { expect, test } from "vitest";
import { chosen, sizeOf } from "../sample.ts";
import { openBench } from "./bench.ts";
import { bundleForTests } from "./bundle.ts";
import { commitsOf, generationViolations, historyViolations } from "./commits.ts";
import { disagreements } from "./invariants.ts";
import { INTERVAL_HOURS, SCENARIOS } from "./scenarios.ts";
import { createWitness } from "./witness.ts";
import { openWorld, unrotated } from "./world.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
/** One with sealed boxes in the journal, one with intents only. */
const KILLED = ["2x3-private", "2x2-public"];
const KILLS = sizeOf(15, 4);
/** Runs after a kill, until the record says that all is well; the first may meet the dead run's lease. */
const MOST_HEALTHY = 3;
const HOUR_MS = 3_600_000;

/** Moments spread over a run's length, in a random order: SIGKILL falls between any two instructions, not only at requests. */
function momentsOf(lengthMs: number): number[] {
  const [shuffled = []] = fc.sample(
    fc.shuffledSubarray(
      Array.from({ length: KILLS }, (_, index) => index),
      { minLength: KILLS },
    ),
    1,
  );
  return shuffled.map((index) => ((index + Math.random()) * lengthMs) / KILLS);
}

test.each(chosen(KILLED))(
  "killed at any moment, run after run, the next runs make it whole: %s",
  async (id) => {
    const scenario = SCENARIOS.find((one) => one.id === id);
    if (scenario === undefined) throw new Error(`there is no scenario ${id}`);
    const action = await bundleForTests(ROOT);
    const bench = await openBench(action.main);
    const world = await openWorld(scenario, unrotated(scenario), bench);
    try {
      const witness = createWitness(world);
      witness.install();
      let offsetMs = 0;
      const run = async (name: string) =>
        (await (await world.start({ name, offsetMs })).result).tookMs;
      const lengthMs = Math.max(await run("the first run"), 1);
      for (const moment of momentsOf(lengthMs)) {
        offsetMs += (INTERVAL_HOURS + 1) * HOUR_MS;
        const doomed = await world.start({
          name: `the run that is killed after ${Math.round(moment)} ms`,
          offsetMs,
        });
        const timer = setTimeout(() => void doomed.kill(), moment);
        await doomed.result;
        clearTimeout(timer);
        for (
          let healthy = 0;
          healthy < MOST_HEALTHY && (healthy === 0 || disagreements(world).length > 0);
          healthy += 1
        ) {
          offsetMs += HOUR_MS;
          await run("a healthy run");
        }
        expect({ moment, wrong: disagreements(world) }).toEqual({ moment, wrong: [] });
      }
      witness.look();
      const commits = commitsOf(world);
      expect([
        ...witness.seen,
        ...historyViolations(commits),
        ...generationViolations(commits),
      ]).toEqual([]);
    } finally {
      await world.close();
      await bench.close();
      await action.close();
    }
  },
);
