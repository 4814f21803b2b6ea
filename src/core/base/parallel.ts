// Many things done at once, but not all of them.

/**
 * Does something for each item, at most `limit` at a time, begun in order. The results are in the items' order.
 * Rejects with the first rejection; what is under way then goes on.
 */
export async function inParallel<Item, Result>(
  items: readonly Item[],
  limit: number,
  act: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  const queue = items.entries();
  const worker = async () => {
    // All workers take from one iterator, so that each item is taken once.
    for (const [index, item] of queue) results[index] = await act(item);
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, worker));
  return results;
}
