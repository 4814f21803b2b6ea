// Uniform random text over an alphabet, and how many bits it holds.
import { Unchanged } from "../base/errors.ts";

/** Gives that many bytes, uniform and independent. */
export type RandomBytes = (count: number) => Uint8Array;

/** Draws before the source of randomness is called broken. The least likely request succeeds once in 19. */
const MAX_DRAWS = 10_000;

/** The system's cryptographic generator. At most 65,536 bytes at once (Web Crypto, getRandomValues). */
export function systemRandom(count: number): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(count));
}

function brokenSource(): Unchanged {
  return new Unchanged(`the source of randomness gave nothing usable in ${MAX_DRAWS} draws`, {
    code: "random-source-broken",
    hint: "Nothing was made. Check the machine's random number generator before you try again.",
  });
}

/**
 * Uniform over the alphabet (at most 256 characters): a byte in the last, incomplete copy of it is
 * drawn again, never folded (FIPS 186-5, A.3.2, discards likewise).
 * @throws Unchanged `random-source-broken`.
 */
export function draw(alphabet: string, count: number, random: RandomBytes): string {
  const usable = 256 - (256 % alphabet.length);
  let drawn = "";
  for (let round = 0; round < MAX_DRAWS; round++) {
    for (const byte of random(count - drawn.length))
      if (byte < usable) drawn += alphabet.charAt(byte % alphabet.length);
    if (drawn.length >= count) return drawn.slice(0, count);
  }
  throw brokenSource();
}

/**
 * Uniform over the texts in which every class occurs: whole texts are drawn again until one does;
 * putting missing characters in would favour some. `count` is at least the number of classes.
 * @throws Unchanged `random-source-broken`.
 */
export function drawWithEvery(
  classes: readonly string[],
  count: number,
  random: RandomBytes,
): string {
  const alphabet = classes.join("");
  for (let attempt = 0; attempt < MAX_DRAWS; attempt++) {
    const drawn = draw(alphabet, count, random);
    if (
      classes.every((characters) => [...drawn].some((character) => characters.includes(character)))
    )
      return drawn;
  }
  throw brokenSource();
}

/** log2 of the number of texts of `count` characters in which every class occurs, by inclusion and exclusion over the classes left out. */
export function bitsWithEvery(classes: readonly string[], count: number): number {
  const size = classes.join("").length;
  const share = (index: number, left: number): number => {
    const characters = classes[index];
    if (characters === undefined) return (left / size) ** count;
    return share(index + 1, left) - share(index + 1, left - characters.length);
  };
  return count * Math.log2(size) + Math.log2(share(0, size));
}
