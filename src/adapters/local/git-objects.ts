// The files that commits hold at the record's paths, and their contents, in few calls of git.
import { historyFolder, isDayFile, isMonthFolder } from "../../core/record/history.ts";
import type { Git } from "./git.ts";
import { historyUnreadable } from "./git-log.ts";

/** A file's content as git names it, and its size in bytes. */
type Blob = { readonly id: string; readonly size: number };

/** Path to content. */
export type StoredFiles = ReadonlyMap<string, Blob>;

/** The record and its history's files in each of the commits, in the order given. @throws `Misconfigured` */
export async function storedFiles(
  git: Git,
  shas: readonly string[],
  path: string,
): Promise<StoredFiles[]> {
  const folder = historyFolder(path);
  if (shas.length === 0) return [];
  const found = await objectsOf(
    git,
    shas.flatMap((sha) => [`${sha}:./${path}`, `${sha}:./${folder}`]),
  );
  const treeOf = (index: number) => ofType(found[2 * index + 1], "tree");
  const folders = await readTrees(
    git,
    shas.flatMap((_, index) => treeOf(index)?.id ?? []),
  );
  const monthsIn = (tree: string) =>
    (folders.get(tree) ?? []).filter(({ name, isTree }) => isTree && isMonthFolder(name));
  const months = await readTrees(
    git,
    [...folders.keys()].flatMap((tree) => monthsIn(tree).map(({ id }) => id)),
  );
  const daysIn = (tree: string) =>
    (months.get(tree) ?? []).filter(({ name, isTree }) => !isTree && isDayFile(name));
  const ids = [...new Set([...months.keys()].flatMap((tree) => daysIn(tree).map(({ id }) => id)))];
  const sizes = new Map(
    (await objectsOf(git, ids)).flatMap((one) => (one === null ? [] : [[one.id, one.size]])),
  );
  return shas.map((_, index) => {
    const files = new Map<string, Blob>();
    for (const month of monthsIn(treeOf(index)?.id ?? "")) {
      for (const { name, id } of daysIn(month.id))
        files.set(`${folder}/${month.name}/${name}`, { id, size: sizes.get(id) ?? 0 });
    }
    const record = ofType(found[2 * index], "blob");
    if (record !== null) files.set(path, { id: record.id, size: record.size });
    return files;
  });
}

type Found = { readonly id: string; readonly type: string; readonly size: number } | null;

/** What git has under each of the names; null for what it has not. */
async function objectsOf(git: Git, names: readonly string[]): Promise<Found[]> {
  if (names.length === 0) return [];
  const result = await git(
    ["cat-file", "--batch-check=%(objectname) %(objecttype) %(objectsize)"],
    {
      input: `${names.join("\n")}\n`,
    },
  );
  if (result.code !== 0) throw historyUnreadable(result);
  const lines = result.stdout.toString().split("\n");
  return names.map((_, index) => {
    const [, id, type, size] =
      /^(\w+) (blob|tree|commit|tag) (\d+)$/.exec(lines[index] ?? "") ?? [];
    return id === undefined || type === undefined ? null : { id, type, size: Number(size) };
  });
}

function ofType(found: Found | undefined, type: "blob" | "tree"): NonNullable<Found> | null {
  return found?.type === type ? found : null;
}

type TreeEntry = { readonly name: string; readonly id: string; readonly isTree: boolean };

/** What the trees hold, each read once. @throws `Misconfigured` if git lacks one */
async function readTrees(
  git: Git,
  ids: readonly string[],
): Promise<Map<string, readonly TreeEntry[]>> {
  const trees = new Map<string, readonly TreeEntry[]>();
  for (const [id, content] of await readObjects(git, [...new Set(ids)], "tree"))
    trees.set(id, entriesOf(content, id.length / 2));
  return trees;
}

/** Each entry is "<mode> <name>", a zero byte, and the id in bytes: https://git-scm.com/book/en/v2/Git-Internals-Git-Objects */
function entriesOf(tree: Uint8Array, idBytes: number): TreeEntry[] {
  const entries: TreeEntry[] = [];
  const bytes = Buffer.from(tree.buffer, tree.byteOffset, tree.byteLength);
  for (let at = 0; at < bytes.length; ) {
    const zero = bytes.indexOf(0, at);
    const [mode = "", ...name] = bytes.toString("utf8", at, zero).split(" ");
    const id = bytes.toString("hex", zero + 1, zero + 1 + idBytes);
    entries.push({ name: name.join(" "), id, isTree: mode === "40000" });
    at = zero + 1 + idBytes;
  }
  return entries;
}

/** The contents by id. Null for a blob that is not UTF-8 text. @throws `Misconfigured` if git lacks one */
export async function readBlobs(
  git: Git,
  ids: readonly string[],
): Promise<Map<string, string | null>> {
  const contents = await readObjects(git, ids, "blob");
  return new Map([...contents].map(([id, content]) => [id, decode(content)]));
}

async function readObjects(
  git: Git,
  ids: readonly string[],
  wanted: "blob" | "tree",
): Promise<Map<string, Uint8Array>> {
  const contents = new Map<string, Uint8Array>();
  if (ids.length === 0) return contents;
  const result = await git(["cat-file", "--batch"], { input: `${ids.join("\n")}\n` });
  let at = 0;
  for (const id of ids) {
    const end = result.stdout.indexOf("\n", at);
    const [, type, size] = result.stdout.toString("latin1", at, Math.max(at, end)).split(" ");
    // `<id> missing`: a partial clone that cannot reach its remote, or a damaged repository.
    if (type !== wanted) throw historyUnreadable(result);
    contents.set(id, result.stdout.subarray(end + 1, end + 1 + Number(size)));
    at = end + 1 + Number(size) + 1;
  }
  return contents;
}

/** UTF-8 as text. Null for anything else. */
export function decode(content: Uint8Array): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(content);
  } catch {
    // The audit reports which version cannot be read.
    return null;
  }
}
