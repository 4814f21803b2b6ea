// Placing sealed boxes, a few at once. One refusal does not hold back the others.
import pLimit from "p-limit";
import { describeError, Unchanged } from "../base/errors.ts";
import type { Collaborators } from "./context.ts";
import { inPhase, type Tried, type Unplaced } from "./token-run.ts";

/** The most requests in flight at once: far under GitHub's 100, and enough to hide latency. */
const PLACE_CONCURRENCY = 10;

/**
 * Places every box of every prepared token, and nothing after `until`. Each destination's outcome is its own.
 * Never throws.
 */
export async function place(
  tokens: readonly Unplaced[],
  world: Pick<Collaborators, "destination" | "clock">,
  how: { readonly until: Date; readonly onPlaced: (done: number, total: number) => void },
): Promise<readonly Tried[]> {
  const jobs = inPhase(tokens, "prepared").flatMap(({ token, boxes }) =>
    token.placements.flatMap((placement) => {
      const box = boxes[placement.id];
      return box === undefined ? [] : [{ name: token.name, placement, box }];
    }),
  );
  const left = () => how.until.getTime() - world.clock().getTime();
  // Also a request that is waiting to be sent again ends by then.
  const signal = AbortSignal.timeout(Math.max(0, left()));
  let done = 0;
  const outcomes = await pLimit(PLACE_CONCURRENCY).map(jobs, async ({ name, placement, box }) => {
    const put = async () => {
      if (left() <= 0) throw leaseOver(placement.id);
      const destination = await world.destination(placement.scope);
      await destination.put(placement.secretName, box, { signal, access: placement.access });
    };
    const error = await put().then(() => null, describeError);
    how.onPlaced(++done, jobs.length);
    return { name, id: placement.id, error };
  });
  const outcomesOf = (name: string) =>
    outcomes.filter((one) => one.name === name).map(({ id, error }) => ({ id, error }));
  return tokens.map(
    (one): Tried =>
      one.phase === "prepared"
        ? { ...one, phase: "placed", outcomes: outcomesOf(one.token.name) }
        : one,
  );
}

function leaseOver(id: string): Unchanged {
  return new Unchanged(`${id} was not placed: the run's lease on the token is over`, {
    code: "lease-over",
    hint: "The next run places it. If this happens often, rotate fewer tokens at once.",
  });
}
