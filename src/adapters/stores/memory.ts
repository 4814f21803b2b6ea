// The record in memory, for tests and for programs that embed the core and keep the files themselves.
import type { Snapshot, Store } from "../../core/ports/store.ts";

export type MemoryStoreOptions = {
  /** Path to content at the start. */
  readonly files?: ReadonlyMap<string, string>;
  readonly visibility?: Snapshot["visibility"];
};

/** A store that remembers every version and makes no commits (`sha` is null). Its versions are counters of its own saves. */
export function memoryStore(options: MemoryStoreOptions = {}): Store {
  const initial = options.files ?? new Map<string, string>();
  const versions: ReadonlyMap<string, string>[] = [new Map(initial)];
  const name = (index: number) => (versions[index]?.size === 0 ? null : String(index));
  const newest = () => versions.length - 1;
  return {
    async load(paths, version) {
      const index =
        version === undefined || versions[Number(version)] === undefined
          ? newest()
          : Number(version);
      const files = new Map(paths.map((path) => [path, versions[index]?.get(path) ?? null]));
      return { version: name(index), files, visibility: options.visibility ?? "unknown" };
    },
    async list(folder) {
      return [...(versions[newest()]?.keys() ?? [])].filter((path) =>
        path.startsWith(`${folder}/`),
      );
    },
    async save(change) {
      if (change.expected !== name(newest())) return { kind: "conflict" };
      versions.push(new Map([...(versions[newest()] ?? []), ...change.files]));
      return { kind: "saved", version: String(newest()), sha: null, url: null };
    },
  };
}
