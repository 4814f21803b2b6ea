// The record's files, read from a folder or as git holds them at an older version.
import { Misconfigured, Unchanged } from "../../core/base/errors.ts";
import { errorCode, readIfThere } from "../local/atomic-file.ts";
import type { Git } from "../local/git.ts";
import { pathInside } from "../local/inside.ts";
import { digestOf, type LocalVersion } from "./local-version.ts";

/** Path to bytes. Null if there is no file. */
export type Files = ReadonlyMap<string, Uint8Array | null>;

/** How often several files are read again while another process writes them. */
const MAX_READS = 10;

/**
 * The files as they stand together at one moment.
 * @throws `Misconfigured` for refused paths and unreadable files, `Unchanged` if they keep changing.
 */
export async function readFiles(directory: string, paths: readonly string[]): Promise<Files> {
  let files = await readOnce(directory, paths);
  // Readers take no lock. With several files, two equal readings in a row prove that no writer came between them.
  for (let reads = 1; paths.length > 1; reads += 1) {
    const again = await readOnce(directory, paths);
    if (
      paths.every((path) => digestOf(again.get(path) ?? null) === digestOf(files.get(path) ?? null))
    )
      break;
    if (reads >= MAX_READS) {
      throw new Unchanged(`${paths.join(" and ")} kept changing while they were read`, {
        code: "busy",
        hint: "Try again.",
      });
    }
    files = again;
  }
  return files;
}

async function readOnce(directory: string, paths: readonly string[]): Promise<Files> {
  const files = new Map<string, Uint8Array | null>();
  for (const path of paths) {
    const absolute = await pathInside(directory, path);
    try {
      files.set(path, await readIfThere(absolute));
    } catch (error) {
      throw new Misconfigured(`${path} cannot be read: ${errorCode(error)}`, {
        code: "not-readable",
        hint: "You must be allowed to read the file.",
        cause: error,
      });
    }
  }
  return files;
}

/** The content as text. @throws `Misconfigured` if a file is not UTF-8, since writing it back would change it. */
export function decodeFiles(files: Files): Map<string, string | null> {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const decode = ([path, content]: [string, Uint8Array | null]): [string, string | null] => {
    try {
      return [path, content === null ? null : decoder.decode(content)];
    } catch (error) {
      throw new Misconfigured(`${path} is not UTF-8 text`, {
        code: "not-utf8",
        hint: "Save it as UTF-8.",
        cause: error,
      });
    }
  };
  return new Map([...files].map(decode));
}

/** The files as they were at that version. Null if git no longer has them. */
export async function filesAt(
  git: Git,
  version: LocalVersion,
  current: Files,
  head: string | null,
): Promise<Files | null> {
  const files = new Map<string, Uint8Array | null>();
  for (const [path, content] of current) {
    const wanted = version.digests.get(path);
    const unchanged =
      wanted === undefined
        ? await isCommittedAlike(git, path, [version.head, head])
        : wanted === digestOf(content);
    const old = unchanged ? content : await committedContent(git, version.head, path);
    if (old === undefined || (wanted !== undefined && wanted !== digestOf(old))) return null;
    files.set(path, old);
  }
  return files;
}

/** Whether both commits hold the same file. The folder's own change, committed or not, then did not come between them. */
async function isCommittedAlike(
  git: Git,
  path: string,
  [one, other]: readonly [string | null, string | null],
): Promise<boolean> {
  if (one === other) return true;
  const contents = [
    await committedContent(git, one, path),
    await committedContent(git, other, path),
  ];
  const [digest, otherDigest] = contents.map((content) =>
    content === undefined ? undefined : digestOf(content),
  );
  return digest !== undefined && digest === otherDigest;
}

/** A file's bytes as a checkout of that commit would write them. Null if it holds no such file, undefined if git cannot answer. */
async function committedContent(
  git: Git,
  commit: string | null,
  path: string,
): Promise<Uint8Array | null | undefined> {
  if (commit === null) return undefined;
  const listed = await git(["ls-tree", "-z", "--name-only", commit, "--", path]);
  if (listed.code !== 0) return undefined;
  if (listed.stdout.length === 0) return null;
  const content = await git(["cat-file", "--filters", `${commit}:./${path}`]);
  return content.code === 0 ? content.stdout : undefined;
}
