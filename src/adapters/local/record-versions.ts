// Every version of the record that a clone's git holds, and the one in the folder, for the audit of the history.
import { digest } from "../../core/credentials/fingerprint.ts";
import type { RecordVersion, RecordVersions } from "../../core/ports/record-versions.ts";
import { historyFolder } from "../../core/record/history.ts";
import { readIfThere } from "./atomic-file.ts";
import { recordFiles } from "./commit.ts";
import { type Git, gitIn, headOrNone } from "./git.ts";
import { abandonedCommits, commitsOf, type ListedCommit, shallowCommits } from "./git-log.ts";
import { decode, readBlobs, type StoredFiles, storedFiles } from "./git-objects.ts";
import { pathInside } from "./inside.ts";

export type LocalVersionsOptions = {
  readonly directory: string;
  /** Relative to `directory`. */
  readonly path: string;
  /** The environment that git inherits (default: `process.env`). */
  readonly environment?: NodeJS.ProcessEnv;
};

/** The most bytes asked of git at once, far below what one command may print. */
const BATCH_BYTES = 32 * 1024 * 1024;
/** The most versions at once if they are small. */
const BATCH_VERSIONS = 500;
/** A file that no system has. */
const NO_FILE = "/dev/null/none";

/**
 * All commits of HEAD that changed the record or its history's files, merged branches included; those that the reflog
 * remembers of the current branch and its upstream and that neither holds any more; then the files in the folder.
 * The generator throws `Misconfigured` where git does not answer, and for refused paths.
 */
export function localVersions(options: LocalVersionsOptions): RecordVersions {
  const { directory, path } = options;
  const git = withoutReplacements(gitIn(directory, options.environment));
  return async function* versions(limit) {
    const head = await headOrNone(git);
    const paths = [path, historyFolder(path)];
    const all = head === null ? [] : await commitsOf(git, head, paths);
    const commits = limit === null ? all : all.slice(Math.max(0, all.length - limit));
    const cuts = head === null ? new Set<string>() : await shallowCommits(git, directory);
    const given = new Set(commits.map(({ sha }) => sha));
    const unseen = ({ id, parents }: Committed) =>
      cuts.has(id) ? "shallow" : parents.every((parent) => given.has(parent)) ? null : "limit";
    for await (const version of readCommitted(git, commits, path))
      yield { ...version, unseen: unseen(version) };
    const left = head === null ? [] : await abandonedCommits(git, paths);
    for await (const version of readCommitted(git, left, path))
      yield { ...version, unseen: null, parents: [], abandoned: true };
    const newest = commits.at(-1);
    yield {
      ...(await readFolder(directory, path)),
      parents: newest === undefined ? [] : [newest.sha],
      unseen: newest === undefined ? "no-git" : null,
    };
  };
}

/** git's own objects. What `git replace` and grafts put in a commit's place was not committed. */
function withoutReplacements(git: Git): Git {
  return (args, options = {}) =>
    git(["--no-replace-objects", ...args], {
      ...options,
      env: { ...options.env, GIT_GRAFT_FILE: NO_FILE },
    });
}

type Committed = Omit<RecordVersion, "unseen">;

async function* readCommitted(
  git: Git,
  commits: readonly ListedCommit[],
  path: string,
): AsyncGenerator<Committed> {
  const stored = await storedFiles(
    git,
    commits.map(({ sha }) => sha),
    path,
  );
  const given = new Set<string>();
  for (let start = 0; start < commits.length; ) {
    const { fresh, end } = nextBatch(stored, start, given);
    const texts = await readBlobs(git, [...fresh]);
    for (const [index, commit] of commits.slice(start, end).entries()) {
      const files = new Map(
        [...(stored[start + index] ?? [])].map(([name, blob]) => [name, blob.id]),
      );
      const { parents, ...made } = commit;
      yield { id: commit.sha, commit: made, parents, abandoned: false, files, texts };
    }
    for (const id of fresh) given.add(id);
    start = end;
  }
}

/** As many versions as their new contents allow, at least one. */
function nextBatch(
  stored: readonly StoredFiles[],
  start: number,
  given: ReadonlySet<string>,
): { fresh: Set<string>; end: number } {
  const fresh = new Set<string>();
  let bytes = 0;
  let end = start;
  for (; end < stored.length && end - start < BATCH_VERSIONS; end += 1) {
    const added = [...(stored[end]?.values() ?? [])].filter(
      ({ id }) => !given.has(id) && !fresh.has(id),
    );
    bytes += added.reduce((sum, { size }) => sum + size, 0);
    if (bytes > BATCH_BYTES && end > start) break;
    for (const { id } of added) fresh.add(id);
  }
  return { fresh, end };
}

/** The files as they are now, committed or not. */
async function readFolder(
  directory: string,
  path: string,
): Promise<Pick<RecordVersion, "id" | "commit" | "abandoned" | "files" | "texts">> {
  const files = new Map<string, string>();
  const texts = new Map<string, string | null>();
  for (const file of await recordFiles(directory, path)) {
    const content = await readIfThere(await pathInside(directory, file));
    if (content === null) continue;
    const text = decode(content);
    // Not a blob's id, and never taken for one.
    const id = `file:${digest(content.toString("latin1"))}`;
    files.set(file, id);
    texts.set(id, text);
  }
  return { id: "folder", commit: null, abandoned: false, files, texts };
}
