// Puts sealed boxes where they belong, a few at a time; one refusal holds back no other.
import { describeError, Unchanged } from "../base/errors.ts";
import { inParallel } from "../base/parallel.ts";
import type { Collaborators } from "./context.ts";
import type { Outcome, Prepared } from "./token-run.ts";

/** How many requests are in flight at once: far under GitHub's 100 concurrent, and enough to hide latency. */
const PLACE_CONCURRENCY = 10;

/**
 * Places every box of every token, and nothing more after `until`. Never throws: each destination's outcome is its own.
 * Keys of the result: tokens' names.
 */
export async function place(
  prepared: readonly Prepared[],
  world: Pick<Collaborators, "destination" | "clock">,
  how: { readonly until: Date; readonly onPlaced: (done: number, total: number) => void },
): Promise<ReadonlyMap<string, readonly Outcome[]>> {
  const jobs = prepared.flatMap(({ selected, boxes }) =>
    selected.token.placements.flatMap((placement) => {
      const box = boxes[placement.id];
      return box === undefined ? [] : [{ name: selected.token.name, placement, box }];
    }),
  );
  const outcomes = new Map<string, Outcome[]>(
    prepared.map(({ selected }) => [selected.token.name, []]),
  );
  const left = () => how.until.getTime() - world.clock().getTime();
  // Also a request that is waiting to be sent again ends by then.
  const signal = AbortSignal.timeout(Math.max(0, left()));
  let done = 0;
  await inParallel(jobs, PLACE_CONCURRENCY, async ({ name, placement, box }) => {
    const put = async () => {
      if (left() <= 0) throw leaseOver(placement.id);
      const destination = await world.destination(placement.scope);
      await destination.put(placement.secretName, box, { signal, access: placement.access });
    };
    outcomes
      .get(name)
      ?.push({ id: placement.id, error: await put().then(() => null, describeError) });
    how.onPlaced(++done, jobs.length);
  });
  return outcomes;
}

function leaseOver(id: string): Unchanged {
  return new Unchanged(
    `${id} was not placed: the run took so long that its lease on the token is over`,
    {
      code: "lease-over",
      hint: "The next run places it. If this happens often, rotate fewer tokens at once.",
    },
  );
}
