// What is made once and kept, such as a client that several adapters share.

/** Made once, when first needed; a failure is not kept, so that the next call tries again. */
export function remember<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | null = null;
  return () => {
    made ??= make().catch((error: unknown) => {
      made = null;
      throw error;
    });
    return made;
  };
}
