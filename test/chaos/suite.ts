// Many cases, a few at a time.
import type { Bench } from "./bench.ts";
import { type Case, casesOf } from "./cases.ts";
import { type Baseline, type CaseResult, measure, runCase } from "./run-case.ts";
import { SCENARIOS, type Scenario } from "./scenarios.ts";

export type Suite = {
  readonly cases: readonly Case[];
  run(chosen: readonly Case[], onResult: (result: CaseResult) => void): Promise<CaseResult[]>;
};

/** Measures the scenarios, from which the cases follow. @param jobs how many cases at a time */
export async function openSuite(
  bench: Bench,
  jobs: number,
  scenarios: readonly Scenario[] = SCENARIOS,
): Promise<Suite> {
  const baselines = new Map<Scenario, Baseline>();
  const measured = await pool(scenarios, jobs, async (scenario) => ({
    scenario,
    baseline: await measure(scenario, bench),
  }));
  for (const { scenario, baseline } of measured) baselines.set(scenario, baseline);
  return {
    cases: measured.flatMap(({ scenario, baseline }) => casesOf(scenario, baseline.requests)),
    run: (chosen, onResult) =>
      pool(chosen, jobs, async (one) => {
        const baseline = baselines.get(one.scenario);
        if (baseline === undefined)
          throw new Error(`the scenario ${one.scenario.id} was not measured`);
        const result = await runCase(one, baseline, bench);
        onResult(result);
        return result;
      }),
  };
}

/** The results in the order of the items. */
async function pool<Item, Result>(
  items: readonly Item[],
  jobs: number,
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  const queue = items.entries();
  const worker = async () => {
    for (const [index, item] of queue) results[index] = await work(item);
  };
  const workers = Array.from({ length: Math.min(jobs, items.length) }, worker);
  // The caller cleans up when this is over, so nothing may be under way then.
  const failed = (await Promise.allSettled(workers)).find(
    (outcome) => outcome.status === "rejected",
  );
  if (failed !== undefined) throw failed.reason;
  return results;
}
