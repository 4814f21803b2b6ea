// The record in a folder for those who only look: its files as they are now, without asking git which commit holds them.
import { type BigIntStats, lstatSync } from "node:fs";
import { join } from "node:path";
import type { Store } from "../../core/ports/store.ts";
import { listFiles } from "../local/list-files.ts";
import { decodeFiles, readFiles } from "./local-files.ts";

/** By how much a file must be older than its reading to be known by its times: file systems tick in up to two seconds (FAT). */
const SETTLED_MS = 2_500;

type Known = { readonly stats: BigIntStats; readonly text: string };

/**
 * A store that gives no versions, so nothing can be saved over what it gave. A file is read again when anything about it
 * has changed that its file system tells. Errors of `load` are those of the local store.
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
    // The file may have been replaced between the look at it and its reading: then the next look finds other times.
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
    save: () => Promise.reject(new Error("a store that is only looked at saves nothing")),
  };
}

/** At once: to hand this to another thread takes ten times as long as to do it. */
function statsOf(path: string): BigIntStats | null {
  return lstatSync(path, { bigint: true, throwIfNoEntry: false }) ?? null;
}

function isSame(one: BigIntStats, other: BigIntStats): boolean {
  return (["dev", "ino", "mode", "size", "mtimeNs", "ctimeNs"] as const).every(
    (what) => one[what] === other[what],
  );
}
