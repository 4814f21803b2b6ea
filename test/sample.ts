// The part of a slow suite that runs: all of it, or the sample that CI takes.

/** The variable that asks for a sample and holds its seed, a whole number. */
export const SAMPLE_VARIABLE = "TOKEN_AUTOMATION_TEST_SAMPLE";

const given = process.env[SAMPLE_VARIABLE];
const seed = given === undefined ? null : Number(given);

/** All of the list, or the one of it that the seed falls on. */
export function chosen<Item>(items: readonly Item[]): readonly Item[] {
  return seed === null ? items : items.slice(seed % items.length).slice(0, 1);
}

/** The size of the whole, or of its sample. */
export function sizeOf(whole: number, sample: number): number {
  return seed === null ? whole : sample;
}
