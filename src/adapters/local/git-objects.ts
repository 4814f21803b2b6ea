// The files that commits hold at the record's paths, in few calls of git.
import { historyFolder, isMonthlyFile } from "../../core/record/history.ts";
import type { Git } from "./git.ts";
import { historyUnreadable } from "./git-log.ts";

/** A file's content as git names it, and its size in bytes. */
type Blob = { readonly id: string; readonly size: number };

/** Path to content. */
export type StoredFiles = ReadonlyMap<string, Blob>;

/** The record and its monthly files in each of the commits, in the order given. @throws `Misconfigured` */
export async function storedFiles(
  git: Git,
  shas: readonly string[],
  path: string,
): Promise<StoredFiles[]> {
  const folder = historyFolder(path);
  if (shas.length === 0) return [];
  const input = shas.map((sha) => `${sha}:./${path}\n${sha}:./${folder}\n`).join("");
  const result = await git(
    ["cat-file", "--batch-check=%(objectname) %(objecttype) %(objectsize)"],
    { input },
  );
  if (result.code !== 0) throw historyUnreadable(result);
  const lines = result.stdout.toString().split("\n");
  const trees = new Map<string, StoredFiles>();
  const stored: StoredFiles[] = [];
  for (const index of shas.keys()) {
    const files = new Map<string, Blob>();
    const [, tree] = /^(\w+) tree \d+$/.exec(lines[2 * index + 1] ?? "") ?? [];
    if (tree !== undefined) {
      const listed = trees.get(tree) ?? (await monthlyFiles(git, tree, folder));
      trees.set(tree, listed);
      for (const [name, blob] of listed) files.set(name, blob);
    }
    const [, id, size] = /^(\w+) blob (\d+)$/.exec(lines[2 * index] ?? "") ?? [];
    if (id !== undefined) files.set(path, { id, size: Number(size) });
    stored.push(files);
  }
  return stored;
}

async function monthlyFiles(git: Git, tree: string, folder: string): Promise<StoredFiles> {
  const result = await git(["ls-tree", "-z", "--long", "--full-tree", tree]);
  if (result.code !== 0) throw historyUnreadable(result);
  const files = new Map<string, Blob>();
  for (const line of result.stdout.toString().split("\0")) {
    const [, id = "", size = "", name = ""] = /^\d+ blob (\w+) +(\d+)\t(.*)$/.exec(line) ?? [];
    if (isMonthlyFile(name)) files.set(`${folder}/${name}`, { id, size: Number(size) });
  }
  return files;
}

/** The contents by id. Null for a blob that is not UTF-8 text. @throws `Misconfigured` if git lacks one */
export async function readBlobs(
  git: Git,
  ids: readonly string[],
): Promise<Map<string, string | null>> {
  const texts = new Map<string, string | null>();
  if (ids.length === 0) return texts;
  const result = await git(["cat-file", "--batch"], { input: `${ids.join("\n")}\n` });
  let at = 0;
  for (const id of ids) {
    const end = result.stdout.indexOf("\n", at);
    const [, type, size] = result.stdout.toString("latin1", at, Math.max(at, end)).split(" ");
    // git prints `<id> missing` in a partial clone that cannot reach its remote, or in a damaged repository.
    if (type !== "blob") throw historyUnreadable(result);
    texts.set(id, decode(result.stdout.subarray(end + 1, end + 1 + Number(size))));
    at = end + 1 + Number(size) + 1;
  }
  return texts;
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
