// The body of an answer that may be endless.

/** The whole body as UTF-8 text; null where it has more bytes than that: then no more of it is read. Throws what reading throws. */
export async function limitedText(
  { body }: Pick<Response, "body">,
  mostBytes: number,
): Promise<string | null> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body ?? []) {
    size += chunk.length;
    if (size > mostBytes) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
