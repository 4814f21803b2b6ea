// The body of a message that may be endless.

type Message = Pick<Response, "body">;

/** The whole body; null if it has more bytes than that: then no more of it is read. Throws what reading throws. */
export async function limitedBytes({ body }: Message, mostBytes: number): Promise<Buffer | null> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body ?? []) {
    size += chunk.length;
    if (size > mostBytes) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** The same as UTF-8 text. */
export async function limitedText(message: Message, mostBytes: number): Promise<string | null> {
  return (await limitedBytes(message, mostBytes))?.toString("utf8") ?? null;
}
