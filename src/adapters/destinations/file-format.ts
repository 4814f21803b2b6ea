// Secrets in one file: KEY=value lines, or a JSON object. A file that this program did not write is left alone.
import { parseEnv } from "node:util";
import * as z from "zod";
import { Misconfigured } from "../../core/base/errors.ts";
import { NAME_PATTERN } from "../../core/model/schema.ts";

/** The first line of a dotenv file that this program may overwrite as a whole. */
const HEADER = "# Written by token-automation: the next rotation removes any other line.";
/** Characters that every reader of such files, `docker run --env-file` too, takes literally. */
const PLAIN = /^[A-Za-z0-9_.,:/@%+=^-]+$/;

const Entries = z.record(z.string().regex(NAME_PATTERN), z.string());

export type FormattedFile = { readonly format: "dotenv" | "json"; readonly path: string };

/** The secrets in a file by name, none if there is no file. Throws `Misconfigured` (`file-not-ours`) for any other file. */
export function entriesOf(
  content: Buffer | null,
  { format, path }: FormattedFile,
): ReadonlyMap<string, string> {
  const text = content?.toString("utf8") ?? "";
  if (text === "") return new Map();
  const entries = Entries.safeParse(
    format === "json" ? parseJson(text) : text.startsWith(`${HEADER}\n`) ? parseEnv(text) : null,
  );
  if (entries.success) return new Map(Object.entries(entries.data));
  throw new Misconfigured(`${path} holds something other than secrets that this program wrote`, {
    code: "file-not-ours",
    hint: "Name a path of its own, or move that file away. This program would overwrite it as a whole.",
  });
}

/** The file's text. Throws `Misconfigured` (`value-not-dotenv`) for a value that readers would read differently. */
export function textOf(
  entries: ReadonlyMap<string, string>,
  { format, path }: FormattedFile,
): string {
  const sorted = [...entries].toSorted(([one], [other]) => (one < other ? -1 : 1));
  if (format === "json") return `${JSON.stringify(Object.fromEntries(sorted), null, 2)}\n`;
  return `${[HEADER, ...sorted.map(([name, value]) => `${name}=${quoteValue(value, name, path)}`)].join("\n")}\n`;
}

/** Shells, Compose and Node.js all take single quotes literally. Inside double quotes each has rules of its own. */
function quoteValue(value: string, name: string, path: string): string {
  if (PLAIN.test(value)) return value;
  if (!/['\r]/.test(value)) return `'${value}'`;
  throw new Misconfigured(
    `the value of ${name} holds a single quote or a carriage return, which readers of a dotenv file read differently`,
    {
      code: "value-not-dotenv",
      hint: `Use "format": "files" or "json" for ${path}.`,
    },
  );
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
