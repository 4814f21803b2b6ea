// Values from stdin or from a file, judged before any use.
import { createReadStream } from "node:fs";
import { resolve } from "node:path";
import { Misconfigured } from "../../core/base/errors.ts";
import { Secret } from "../../core/base/secret.ts";
import { checkSecretValue } from "../../core/credentials/secret-value.ts";
import { MAX_VALUE_BYTES } from "../../core/model/schema.ts";
import type { Io } from "./io.ts";

/** Enough bytes to see that it is too much. The end of /dev/zero never comes. */
const READ_AT_MOST = MAX_VALUE_BYTES + 1;

/** @throws Misconfigured for a terminal, and for a value that must not be placed */
export async function readStdinValue({ stdin }: Io): Promise<Secret> {
  if (stdin.isTerminal)
    throw new Misconfigured(
      "--value-stdin reads from a pipe or a file, since a terminal would show the value as you type it",
      {
        code: "value-from-terminal",
        hint: "Use `printf '%s' \"$VALUE\" | token-automation rotate NAME --value-stdin`.",
      },
    );
  return judge(await collect(stdin.bytes), "standard input");
}

/** @param path from `io.directory`. @throws Misconfigured as `readStdinValue`, and for a file that cannot be read */
export async function readFileValue({ directory }: Io, path: string): Promise<Secret> {
  try {
    return judge(await collect(createReadStream(resolve(directory, path))), "the file");
  } catch (error) {
    if (error instanceof Misconfigured) throw error;
    const code = error instanceof Error && "code" in error ? String(error.code) : "unknown";
    throw new Misconfigured(`the file of --value-file cannot be read: ${code}`, {
      code: "value-file-unreadable",
      hint: "Give the path of a file that holds the value and nothing else.",
      cause: error,
    });
  }
}

async function collect(bytes: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of bytes) {
    chunks.push(chunk);
    size += chunk.length;
    if (size >= READ_AT_MOST) break;
  }
  return Buffer.concat(chunks);
}

function judge(bytes: Buffer, source: string): Secret {
  if (bytes.length > MAX_VALUE_BYTES)
    throw new Misconfigured(
      `${source} holds more than ${MAX_VALUE_BYTES} bytes, GitHub's limit (48 KB)`,
      {
        code: "value-too-large",
        hint: "Encrypt the large part, commit it, and keep only its key as the secret.",
      },
    );
  let text: string;
  try {
    // A byte order mark is a part of the value.
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new Misconfigured(`${source} does not hold UTF-8`, {
      code: "malformed-value",
      hint: "Encode binary values first, for example as base64.",
      cause,
    });
  }
  const value = new Secret(text);
  const complaint = checkSecretValue(value);
  if (complaint === null) return value;
  throw new Misconfigured(`${source}: ${complaint.message}`, {
    code: complaint.code,
    hint: complaint.hint ?? undefined,
  });
}
