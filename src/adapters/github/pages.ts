// Lists that GitHub gives in pages, with their total length.

/** The most entries that GitHub gives on one page. */
export const PAGE_SIZE = 100;

/** The whole list. @param ask fetches one page, counted from 1 */
export async function pages<Item>(
  ask: (page: number) => Promise<{ readonly total: number; readonly items: readonly Item[] }>,
): Promise<Item[]> {
  const found: Item[] = [];
  for (let page = 1; ; page += 1) {
    const { total, items } = await ask(page);
    found.push(...items);
    if (items.length === 0 || found.length >= total) return found;
  }
}
