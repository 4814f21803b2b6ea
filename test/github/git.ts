// A repository's history as git keeps it: blobs, trees, commits and branches, with git's own SHA-1 ids.
import { createHash } from "node:crypto";

/** Who made a commit. */
export type Author = { readonly name: string; readonly email: string };

/** Path to the blob's id; directories exist only in the ids computed from it. */
export type Tree = ReadonlyMap<string, string>;

/** One commit with its whole tree, and what it changed against its first parent. */
export type GitCommit = {
  readonly oid: string;
  readonly treeOid: string;
  readonly tree: Tree;
  readonly parent: string | null;
  readonly message: string;
  readonly author: Author;
  readonly date: Date;
  /** Paths added, changed or deleted, sorted. */
  readonly files: readonly string[];
};

/** What one commit is to change. */
export type FileChanges = {
  readonly additions: ReadonlyMap<string, Buffer>;
  readonly deletions: readonly string[];
};

/** What `commit` needs besides the changes. `date` is cut to whole seconds, as git does. */
export type CommitDetails = {
  readonly message: string;
  readonly author: Author;
  readonly date: Date;
};

/** One repository's objects and branches. Everything is synchronous, so a compare-and-set cannot be interleaved. */
export type GitHistory = ReturnType<typeof createHistory>;

function objectId(kind: "blob" | "tree" | "commit", content: Buffer): string {
  return createHash("sha1").update(`${kind} ${content.length}\0`).update(content).digest("hex");
}

/** A blob's id: what `git hash-object` prints. */
export function blobId(content: Buffer): string {
  return objectId("blob", content);
}

/** A folder's id: what `git mktree` prints. */
export function treeId(tree: Tree): string {
  const entries = new Map<string, { mode: string; oid: string }>();
  const directories = new Map<string, Map<string, string>>();
  for (const [path, oid] of tree) {
    const slash = path.indexOf("/");
    if (slash < 0) {
      entries.set(path, { mode: "100644", oid });
      continue;
    }
    const name = path.slice(0, slash);
    const inside = directories.get(name) ?? new Map<string, string>();
    inside.set(path.slice(slash + 1), oid);
    directories.set(name, inside);
  }
  for (const [name, inside] of directories)
    entries.set(name, { mode: "40000", oid: treeId(inside) });
  // git sorts a directory as if its name ended in a slash.
  const key = ([name, entry]: [string, { mode: string }]) =>
    Buffer.from(entry.mode === "40000" ? `${name}/` : name);
  const sorted = [...entries].sort((a, b) => Buffer.compare(key(a), key(b)));
  const content = sorted.map(([name, { mode, oid }]) =>
    Buffer.concat([Buffer.from(`${mode} ${name}\0`), Buffer.from(oid, "hex")]),
  );
  return objectId("tree", Buffer.concat(content));
}

function commitId(treeOid: string, parent: string | null, details: CommitDetails): string {
  const stamp = `${details.author.name} <${details.author.email}> ${Math.floor(details.date.getTime() / 1000)} +0000`;
  const lines = [
    `tree ${treeOid}`,
    ...(parent === null ? [] : [`parent ${parent}`]),
    `author ${stamp}`,
    `committer ${stamp}`,
  ];
  return objectId("commit", Buffer.from(`${lines.join("\n")}\n\n${details.message}\n`));
}

/** Makes an empty repository: no commit and no branch. */
export function createHistory() {
  const blobs = new Map<string, Buffer>();
  const commits = new Map<string, GitCommit>();
  const branches = new Map<string, string>();

  function storeBlob(content: Buffer): string {
    const oid = blobId(content);
    blobs.set(oid, content);
    return oid;
  }

  /** Appends a commit to a branch, made where it does not exist yet, and moves the branch. */
  function commit(branch: string, changes: FileChanges, details: CommitDetails): GitCommit {
    const parent = branches.get(branch) ?? null;
    const tree = new Map(parent === null ? [] : commits.get(parent)?.tree);
    for (const path of changes.deletions) tree.delete(path);
    for (const [path, content] of changes.additions) tree.set(path, storeBlob(content));
    const treeOid = treeId(tree);
    const date = new Date(Math.floor(details.date.getTime() / 1000) * 1000);
    const oid = commitId(treeOid, parent, details);
    const files = [...new Set([...changes.additions.keys(), ...changes.deletions])].sort((a, b) =>
      a < b ? -1 : 1,
    );
    const made = {
      oid,
      treeOid,
      tree,
      parent,
      message: details.message,
      author: details.author,
      date,
      files,
    };
    commits.set(oid, made);
    branches.set(branch, oid);
    return made;
  }

  /** A commit of the same files as its parent, which no branch has yet. */
  function commitOn(parent: GitCommit, details: CommitDetails): GitCommit {
    const date = new Date(Math.floor(details.date.getTime() / 1000) * 1000);
    const made = {
      ...parent,
      ...details,
      oid: commitId(parent.treeOid, parent.oid, details),
      parent: parent.oid,
      date,
      files: [],
    };
    commits.set(made.oid, made);
    return made;
  }

  /** The commit that a branch, `refs/heads/…`, `HEAD` or a full id names. */
  function resolve(name: string, defaultBranch: string): GitCommit | null {
    const bare = name === "HEAD" ? defaultBranch : name.replace(/^(refs\/)?heads\//, "");
    return commits.get(branches.get(bare) ?? name) ?? null;
  }

  /** A commit and its ancestors, newest first. */
  function* log(from: string | null): Generator<GitCommit> {
    for (let oid = from; oid !== null; ) {
      const found = commits.get(oid);
      if (found === undefined) return;
      yield found;
      oid = found.parent;
    }
  }

  return {
    blobs: blobs as ReadonlyMap<string, Buffer>,
    branches,
    commit,
    commitOn,
    resolve,
    log,
    commitByOid: (oid: string): GitCommit | null => commits.get(oid) ?? null,
  };
}
