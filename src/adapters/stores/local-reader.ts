// The record in a folder for edges that only read: its files as they are now, without a question to git.
import { type BigIntStats, lstatSync } from "node:fs";
import { join } from "node:path";
import type { Store } from "../../core/ports/store.ts";
import { listFiles } from "../local/list-files.ts";
import { decodeFiles, readFiles } from "./local-files.ts";

/** How much older than its reading a file must be, so that its times identify it. File systems tick in up to two seconds (FAT). */
const SETTLED_MS = 2_500;

type Known = { readonly stats: BigIntStats; readonly text: string };

/**
 * A store without versions, so no caller can save over what it loaded. It reads a file again if anything
 * that the file system shows of it has changed. `load` throws the errors of the local store.
 */
export function localReader(directory: string): Store {
  const known = new Map<string, Known>();

  async function read(path: string): Promise<string | null> {
    const stats = statsOf(join(directory, path));
    const kept = known.get(path);
    if (stats !== null && kept !== undefined && isSame(kept.stats, stats)) return kept.text;
    const at = Date.now();
    const text = decodeFiles(await readFiles(directory, [path])).get(path) ?? null;
    known.delete(path);
    // The file may have been replaced between the look at it and its reading. The next look then finds other times.
    if (
      stats !== null &&
      text !== null &&
      Number(stats.mtimeMs) + SETTLED_MS < at &&
      Number(stats.ctimeMs) + SETTLED_MS < at
    ) {
      known.set(path, { stats, text });
    }
    return text;
  }

  return {
    async load(paths) {
      const files = await Promise.all(paths.map(async (path) => [path, await read(path)] as const));
      return { version: null, files: new Map(files), visibility: "unknown" };
    },
    list: (folder) => listFiles(directory, folder),
    save: () => Promise.reject(new Error("this store is read-only")),
  };
}

/** Parses at once, since handing the text to another thread takes ten times as long. */
function statsOf(path: string): BigIntStats | null {
  return lstatSync(path, { bigint: true, throwIfNoEntry: false }) ?? null;
}

function isSame(one: BigIntStats, other: BigIntStats): boolean {
  return (["dev", "ino", "mode", "size", "mtimeNs", "ctimeNs"] as const).every(
    (what) => one[what] === other[what],
  );
}
