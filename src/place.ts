// Puts sealed boxes where they belong, a few at a time; one refusal holds back no other.
import { type ReportedError, reportError } from "./errors.ts";
import type { Collaborators, Prepared } from "./prepare.ts";

/** How many requests are in flight at once: far under GitHub's 100 concurrent, and enough to hide latency. */
const PLACE_CONCURRENCY = 10;

export type Outcome = { readonly id: string; readonly error: ReportedError | null };

/** Places every box of every token. Never throws: each destination's outcome is its own. Keys of the result: tokens' names. */
export async function place(
  prepared: readonly Prepared[],
  world: Pick<Collaborators, "destination">,
  onPlaced: (done: number, total: number) => void,
): Promise<ReadonlyMap<string, readonly Outcome[]>> {
  const jobs = prepared.flatMap(({ selected, boxes }) =>
    selected.token.placements.flatMap((placement) => {
      const box = boxes[placement.id];
      return box === undefined ? [] : [{ name: selected.token.name, placement, box }];
    }),
  );
  const outcomes = new Map<string, Outcome[]>(prepared.map(({ selected }) => [selected.token.name, []]));
  let done = 0;
  let next = 0;
  const worker = async () => {
    for (let job = jobs[next++]; job !== undefined; job = jobs[next++]) {
      const { name, placement, box } = job;
      const error = await world
        .destination(placement.scope)
        .then((destination) => destination.put(placement.secretName, box))
        .then(() => null, reportError);
      outcomes.get(name)?.push({ id: placement.id, error });
      onPlaced(++done, jobs.length);
    }
  };
  await Promise.all(Array.from({ length: Math.min(PLACE_CONCURRENCY, jobs.length) }, worker));
  return outcomes;
}
