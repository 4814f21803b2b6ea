// Files that containers read: one per secret in a folder, or one for all of them. Mode 0600, and whole at every moment.
import { lstat, readdir, stat } from "node:fs/promises";
import { dirname, isAbsolute, join } from "node:path";
import { Failure, Misconfigured, Unchanged } from "../../core/base/errors.ts";
import { NAME_PATTERN } from "../../core/model/schema.ts";
import type { FileScope } from "../../core/model/scope.ts";
import type { Destination, SecretInfo } from "../../core/ports/destination.ts";
import {
  discardStaged,
  errorCode,
  placeStaged,
  readIfThere,
  removeLeftovers,
  stageFile,
} from "../local/atomic-file.ts";
import type { StillHeld } from "../local/file-lock.ts";
import { gitIn, gitState } from "../local/git.ts";
import { pathInside } from "../local/inside.ts";
import { entriesOf, textOf } from "./file-format.ts";
import {
  type LocalKeyOptions,
  localKeys,
  localPaths,
  openForPlacing,
  withFolderLock,
} from "./local-keys.ts";

const OWNER_ONLY = 0o600;

export type FileDestinationOptions = LocalKeyOptions & Pick<FileScope, "path" | "format">;

/**
 * The destination for files on this machine. Boxes are sealed for the vault's key, so that the record alone rolls a dead run
 * forward. They are opened when the file is written.
 * Members throw `Misconfigured` for a path that cannot be right, and for a file that this program did not write.
 */
export function fileDestination(options: FileDestinationOptions): Destination {
  const { directory, format } = options;
  const local = localKeys(options);

  return {
    publicKey: () => local.publicKey(),

    async admit(secrets) {
      const targets = new Set(
        await Promise.all(secrets.map(({ name }) => targetOf(options, name))),
      );
      await requireIgnored([...targets]);
      if (format !== "files")
        for (const path of targets) entriesOf(await readIfThere(path), { format, path });
      return new Map();
    },

    async put(secretName, box) {
      const paths = await localPaths(directory);
      const value = await openForPlacing(secretName, box, await local.orNew(paths));
      const target = await targetOf(options, secretName);
      await withFolderLock(paths, async (stillHeld) => {
        // A reader of the file must find what is sealed, to the byte.
        const text =
          format === "files"
            ? value.reveal()
            : await mergeSecret(target, format, secretName, value.reveal());
        await write(target, text, stillHeld);
      });
    },

    async list() {
      const target = await targetOf(options, "NAME");
      if (format === "files") return listFolder(dirname(target));
      const names = [...entriesOf(await readIfThere(target), { format, path: target }).keys()];
      return names.map((name) => ({ name, createdAt: null, updatedAt: null }));
    },
  };
}

/** The file that holds the secret. Its folder must exist, since a typo must not make one. */
async function targetOf(
  { directory, path, format }: FileDestinationOptions,
  secretName: string,
): Promise<string> {
  const relative = format === "files" ? `${path.replace(/\/+$/, "")}/${secretName}` : path;
  const target = isAbsolute(relative)
    ? await checkOutside(relative)
    : await pathInside(directory, relative);
  const folder = dirname(target);
  if ((await stat(folder).catch(() => null))?.isDirectory()) return target;
  throw new Misconfigured(`there is no folder ${folder} for the secrets' files`, {
    code: "no-directory",
    hint: `Make it with \`mkdir -m 700 '${folder}'\`, or name another path.`,
  });
}

/** An absolute path is a person's choice. The rename must replace a file, or nothing. */
async function checkOutside(path: string): Promise<string> {
  const found = await lstat(path).catch(() => null);
  if (found === null || found.isFile()) return path;
  throw new Misconfigured(`${path} is not a plain file`, {
    code: "path-refused",
    hint: 'Name a file. For one file per secret, name a folder with "format": "files".',
  });
}

/** Plaintext in a work tree is one `git add` away from being kept for ever. All paths are in one folder. */
async function requireIgnored(paths: readonly string[]): Promise<void> {
  const [first] = paths;
  if (first === undefined) return;
  const git = gitIn(dirname(first));
  if ((await gitState(dirname(first), git)) !== "work-tree") return;
  // This command does not accept literal pathspecs.
  const options = { input: paths.join("\0"), env: { GIT_LITERAL_PATHSPECS: "0" } };
  const { stdout } = await git(["check-ignore", "-z", "--stdin"], options);
  const ignored = new Set(stdout.toString().split("\0"));
  const open = paths.find((path) => !ignored.has(path));
  if (open === undefined) return;
  throw new Misconfigured(
    `${open} is in a git work tree and not ignored, so its values could be committed`,
    {
      code: "file-not-ignored",
      hint: "Add it to .gitignore (and `git rm --cached` it if it is tracked), or name a path outside.",
    },
  );
}

async function mergeSecret(
  path: string,
  format: "dotenv" | "json",
  name: string,
  value: string,
): Promise<string> {
  const entries = new Map(entriesOf(await readIfThere(path), { format, path }));
  return textOf(entries.set(name, value), { format, path });
}

async function write(path: string, text: string, stillHeld: StillHeld): Promise<void> {
  try {
    await removeLeftovers(path);
    const staged = await stageFile(path, text, OWNER_ONLY);
    try {
      await stillHeld();
      await placeStaged([staged]);
    } finally {
      await discardStaged([staged]);
    }
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw new Unchanged(`${path} cannot be written: ${errorCode(error)}`, {
      code: "file-not-written",
      hint: "Check that the disk has room and that you may write there. The old content is still there.",
      cause: error,
    });
  }
}

async function listFolder(folder: string): Promise<SecretInfo[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const names = entries
    .filter((entry) => entry.isFile() && NAME_PATTERN.test(entry.name))
    .map(({ name }) => name);
  return Promise.all(
    names.toSorted().map(async (name) => ({
      name,
      createdAt: null,
      updatedAt: (await stat(join(folder, name))).mtime.toISOString(),
    })),
  );
}
