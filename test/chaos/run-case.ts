// One case from its beginning to its verdict: the run that goes wrong, the healthy ones after it, what must hold then.
import type { Bench } from "./bench.ts";
import type { Case } from "./cases.ts";
import { commitsOf } from "./commits.ts";
import { type Disturbance, editSurvived, faultsOf, speedOf } from "./disturbances.ts";
import { disagreements, violations } from "./invariants.ts";
import { INTERVAL_HOURS, type Scenario } from "./scenarios.ts";
import { createWitness } from "./witness.ts";
import { type Beginning, openWorld, type Run, unrotated, type World } from "./world.ts";

/** How a case ended. */
export type CaseResult = {
  readonly id: string;
  readonly violations: readonly string[];
  readonly runs: readonly Run[];
  readonly tookMs: number;
};

/** A scenario's beginning and how many requests its fault-free run makes. */
export type Baseline = { readonly beginning: Beginning; readonly requests: number };

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;
/** Runs without a fault, an hour apart, after which everything must agree. */
const HEALTHY_RUNS = 2;
/** A run that has nothing to do asks this much at the most. */
const QUIET_REQUESTS = 2;

/** Rotates the scenario as often as it takes, and once more to count. Throws where the fault-free run itself fails. */
export async function measure(scenario: Scenario, bench: Bench): Promise<Baseline> {
  let beginning = unrotated(scenario);
  const rotations = scenario.fresh ? 0 : 1;
  for (let done = 0; done < rotations; done += 1)
    beginning = (await rotateOnce(scenario, beginning, bench)).beginning;
  const { requests } = await rotateOnce(scenario, beginning, bench);
  return { beginning, requests };
}

async function rotateOnce(
  scenario: Scenario,
  beginning: Beginning,
  bench: Bench,
): Promise<Baseline> {
  const world = await openWorld(scenario, beginning, bench);
  try {
    const run = await world.start({ name: "the fault-free run", offsetMs: beginning.dueAtMs });
    const { code, outputs } = await run.result;
    // What is replaced is revoked by a later run.
    const wrong = disagreements(world).filter((found) => !found.includes("to revoke"));
    if (code !== 0 || wrong.length > 0) {
      throw new Error(
        [
          `the fault-free run of ${scenario.id} failed`,
          ...wrong,
          outputs.get("stdout"),
          outputs.get("stderr"),
        ].join("\n"),
      );
    }
    return {
      requests: world.github.requests.length,
      beginning: {
        files: commitsOf(world).at(-1)?.files ?? {},
        keys: world.service.keys(),
        values: new Map(world.targets.map((target) => [target.id, world.valueAt(target) ?? null])),
        dueAtMs: beginning.dueAtMs + (INTERVAL_HOURS + 1) * HOUR_MS,
      },
    };
  } finally {
    await world.close();
  }
}

/** Runs one case. Throws only where the suite itself is at fault. */
export async function runCase(
  { id, scenario, disturbance }: Case,
  { beginning }: Baseline,
  bench: Bench,
): Promise<CaseResult> {
  const startedAt = performance.now();
  const world = await openWorld(scenario, beginning, bench);
  try {
    const witness = createWitness(world);
    const entriesBefore = commitsOf(world).at(-1)?.history.length ?? 0;
    witness.look();
    await disturbed(world, disturbance, beginning.dueAtMs, witness.install);
    world.github.faults.clear();
    witness.install();
    const unmended = await recover(world, disturbance, beginning.dueAtMs);
    witness.look();
    const runs = await world.runs();
    const found = violations(world, {
      runs,
      witness,
      entriesBefore,
      boxesVoid: disturbance.kind === "keys" || disturbance.kind === "person",
    });
    if (disturbance.kind === "person" && !editSurvived(world, disturbance.edit))
      found.push("what a person committed in between is gone");
    return { id, violations: [...unmended, ...found], runs, tookMs: performance.now() - startedAt };
  } finally {
    await world.close();
  }
}

/** The run that goes wrong, and the one beside it, both to their ends. */
async function disturbed(
  world: World,
  disturbance: Disturbance,
  offsetMs: number,
  watch: () => void,
): Promise<void> {
  const second = () => world.start({ name: "the second run", offsetMs });
  let first: ReturnType<World["start"]> | null = null;
  const started = () => first ?? Promise.reject(new Error("a request came before there was a run"));
  for (const fault of faultsOf(disturbance, { world, first: started, second }))
    world.github.faults.add(fault);
  watch();
  first = world.start({ name: "the first run", offsetMs, speed: speedOf(disturbance) });
  if (disturbance.kind === "race") await (await second()).result;
  await (await first).result;
}

/** Healthy runs until record and destinations agree; then, now and then, one more that must find nothing to do. */
async function recover(world: World, disturbance: Disturbance, dueAtMs: number): Promise<string[]> {
  const queuedNow = world.visible();
  const healthy = async (name: string, offsetMs: number) =>
    (await (await world.start({ name, offsetMs: dueAtMs + offsetMs })).result).code;
  // While the dead run's lease is still held; nothing may break, whatever this one does.
  if (disturbance.kind === "kill" && disturbance.at % 2 === 0)
    await healthy("a run a minute later", MINUTE_MS);
  let code = await healthy("the healthy run 1", HOUR_MS);
  for (let count = 2; count <= HEALTHY_RUNS && disagreements(world).length > 0; count += 1) {
    code = await healthy(`the healthy run ${count}`, count * HOUR_MS);
  }
  const failed = code === 0 ? [] : [`the last healthy run ended with ${code}`];
  const last = { offsetMs: dueAtMs + (HEALTHY_RUNS + 1) * HOUR_MS, secrets: queuedNow };
  if (!world.scenario.sees && "at" in disturbance && disturbance.at % 4 !== 0) return failed;
  return [...failed, ...(await restOf(world, last))];
}

/**
 * A run that finds everything done. Where jobs see the secrets, it was queued before the healthy ones, as `concurrency`
 * makes runs wait: what it sees may be a value that was given up since, and it must not pass for another program's.
 */
async function restOf(
  world: World,
  { offsetMs, secrets }: { offsetMs: number; secrets: Readonly<Record<string, string>> },
): Promise<string[]> {
  const before = { head: world.github.repository().head(), requests: world.github.requests.length };
  await (await world.start({ name: "a run with nothing to rotate", offsetMs, secrets })).result;
  const asked = world.github.requests.length - before.requests;
  const found =
    asked > QUIET_REQUESTS ? [`a run with nothing to rotate made ${asked} requests`] : [];
  // What a job sees of its secrets is recorded once.
  const moved = world.github.repository().head() !== before.head && !world.scenario.sees;
  return moved ? [...found, "a run with nothing to do made a commit"] : found;
}
