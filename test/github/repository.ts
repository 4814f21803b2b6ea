// One repository of the tests' GitHub: its history, its secrets, its protection, and the handle that tests look through.
import {
  type Author,
  type CommitDetails,
  createHistory,
  type FileChanges,
  type GitCommit,
  type GitHistory,
} from "./git.ts";
import { environmentScope, repositoryScopes, type SecretApp } from "./secret-scopes.ts";
import type { KeyRegistry, SecretScope } from "./secrets.ts";
import type { ActionsState, StoredIssue, StoredKey } from "./stored.ts";

export type Visibility = "public" | "private" | "internal";

/** How a branch refuses direct commits: by a classic branch protection, or by a ruleset. Their errors differ. */
export type Protection = "classic" | "ruleset";

export type RepositorySetup = {
  /** `owner/name`. */
  readonly fullName: string;
  /** (default: `private`) */
  readonly visibility?: Visibility;
  /** (default: `main`) */
  readonly defaultBranch?: string;
  /** The first commit's files; (default: a README.md; null: a repository without any commit) */
  readonly files?: Readonly<Record<string, string | Uint8Array>> | null;
  readonly protectedBranches?: Readonly<Record<string, Protection>>;
  /** Names of its environments; (default: none) */
  readonly environments?: readonly string[];
};

/** The repository as the routes see it. */
export type Repository = {
  readonly id: number;
  readonly fullName: string;
  visibility: Visibility;
  defaultBranch: string;
  readonly protectedBranches: Map<string, Protection>;
  readonly history: GitHistory;
  readonly secretsOf: Readonly<Record<SecretApp, SecretScope>>;
  /** By the name as it was given; looked up without regard to case. */
  readonly environments: Map<string, SecretScope>;
  readonly registry: KeyRegistry;
  readonly issues: StoredIssue[];
  readonly actions: ActionsState;
  readonly deployKeys: StoredKey[];
  /** Actions variables, by upper-case name. */
  readonly variables: Map<string, string>;
  /** Ids for what has none of its own kind of number. */
  readonly numbers: { next(): number };
  /** By lower-case login: admin, write, read. */
  readonly roles: Map<string, string>;
};

/** A commit as tests compare it. */
export type CommitView = {
  readonly oid: string;
  readonly parent: string | null;
  readonly message: string;
  readonly files: readonly string[];
  readonly author: string;
  readonly date: string;
};

/** A secret as tests compare it. `value` is null where the stored box did not open. */
export type SecretView = {
  readonly value: string | null;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly keyId: string;
};

const PERSON: Author = { name: "Mona Lisa", email: "mona@example.com" };

/** Turns text into the bytes a commit takes. */
function changesOf(files: Readonly<Record<string, string | Uint8Array | null>>): FileChanges {
  const additions = new Map<string, Buffer>();
  const deletions: string[] = [];
  for (const [path, content] of Object.entries(files)) {
    if (content === null) deletions.push(path);
    else additions.set(path, Buffer.from(content));
  }
  return { additions, deletions };
}

/** Sets up one repository. `id` also numbers its keys, which `registry` learns of. */
export async function createRepository(
  setup: RepositorySetup,
  {
    id,
    now,
    registry,
  }: { readonly id: number; readonly now: Date; readonly registry: KeyRegistry },
): Promise<Repository> {
  const history = createHistory();
  const defaultBranch = setup.defaultBranch ?? "main";
  const files = setup.files === undefined ? { "README.md": "# A repository\n" } : setup.files;
  if (files !== null)
    history.commit(defaultBranch, changesOf(files), {
      message: "Initial commit",
      author: PERSON,
      date: now,
    });
  let number = id * 1000;
  return {
    id,
    fullName: setup.fullName,
    visibility: setup.visibility ?? "private",
    defaultBranch,
    protectedBranches: new Map(Object.entries(setup.protectedBranches ?? {})),
    history,
    secretsOf: await repositoryScopes(id, registry),
    environments: new Map(
      await Promise.all(
        (setup.environments ?? []).map(
          async (name, at) => [name, await environmentScope(id, at, registry)] as const,
        ),
      ),
    ),
    registry,
    issues: [],
    actions: { runs: [], tellsRun: true },
    deployKeys: [],
    variables: new Map(),
    numbers: { next: () => ++number },
    roles: new Map(),
  };
}

function viewCommit({ oid, parent, message, files, author, date }: GitCommit): CommitView {
  return { oid, parent, message, files, author: author.name, date: date.toISOString() };
}

/** One secret of a scope, as tests compare it. */
function viewSecret(scope: SecretScope, name: string): SecretView | null {
  const found = scope.get(name);
  if (found === null) return null;
  return {
    value: found.value,
    keyId: found.keyId,
    createdAt: found.createdAt.toISOString(),
    updatedAt: found.updatedAt.toISOString(),
  };
}

/** GitHub ignores the case of an environment's name. */
export function findEnvironment({ environments }: Repository, name: string): SecretScope | null {
  const known = [...environments].find(
    ([candidate]) => candidate.toLowerCase() === name.toLowerCase(),
  );
  return known?.[1] ?? null;
}

/** The side of a repository that tests hold: they look at everything, and act as a person would. */
export type TestRepository = ReturnType<typeof createHandle>;

/** @param now the server's clock, for commits that a person makes. */
export function createHandle(repository: Repository, now: () => Date) {
  const { history } = repository;
  const actionsSecrets = repository.secretsOf.actions;
  const headOf = (branch = repository.defaultBranch) =>
    history.resolve(branch, repository.defaultBranch);

  function file(path: string, branch?: string): string | null {
    const oid = headOf(branch)?.tree.get(path);
    return (oid === undefined ? undefined : history.blobs.get(oid))?.toString("utf8") ?? null;
  }

  return {
    get visibility() {
      return repository.visibility;
    },
    set visibility(visibility: Visibility) {
      repository.visibility = visibility;
    },
    get defaultBranch() {
      return repository.defaultBranch;
    },
    set defaultBranch(branch: string) {
      repository.defaultBranch = branch;
    },
    /** Settable: branch to the kind of protection. */
    protectedBranches: repository.protectedBranches,
    get branches(): string[] {
      return [...history.branches.keys()];
    },
    /** The id a branch points at, or a commit's own; null where there is none. */
    head: (branch?: string): string | null => headOf(branch)?.oid ?? null,
    /** Newest first. */
    commits: (branch?: string): CommitView[] =>
      [...history.log(headOf(branch)?.oid ?? null)].map(viewCommit),
    /** A file's text at a branch or commit. */
    file,
    /** Path to text of every file at a branch or commit. */
    files: (branch?: string): Record<string, string> =>
      Object.fromEntries(
        [...(headOf(branch)?.tree.keys() ?? [])].map((path) => [path, file(path, branch) ?? ""]),
      ),
    /** The file's text after each commit that touched it, newest first; null where that commit deleted it. */
    history: (
      path: string,
      branch?: string,
    ): { readonly oid: string; readonly content: string | null }[] =>
      [...history.log(headOf(branch)?.oid ?? null)]
        .filter(({ files }) => files.includes(path))
        .map(({ oid }) => ({ oid, content: file(path, oid) })),
    /** A person's commit, past any protection; null as content deletes. Gives the new head. */
    commit(
      files: Readonly<Record<string, string | Uint8Array | null>>,
      message: string,
      branch = repository.defaultBranch,
    ): string {
      const details: CommitDetails = { message, author: PERSON, date: now() };
      return history.commit(branch, changesOf(files), details).oid;
    },
    /** Points a branch, new or not, at an existing commit. */
    setBranch(branch: string, oid: string): void {
      if (history.commitByOid(oid) === null)
        throw new Error(`no commit ${oid} in ${repository.fullName}`);
      history.branches.set(branch, oid);
    },
    deleteBranch: (branch: string): boolean => history.branches.delete(branch),
    /** A secret, its box opened when it arrived. */
    secret: (name: string): SecretView | null => viewSecret(actionsSecrets, name),
    /** The scopes of other apps, as their routes see them. */
    secretsOf: repository.secretsOf,
    /** One environment's secrets. Throws where there is no such environment. */
    environment(name: string): SecretScope {
      const found = findEnvironment(repository, name);
      if (found === null) throw new Error(`${repository.fullName} has no environment ${name}`);
      return found;
    },
    /** Adds an environment with a key pair of its own, or gives the one that is there. */
    async addEnvironment(name: string): Promise<SecretScope> {
      const found =
        findEnvironment(repository, name) ??
        (await environmentScope(repository.id, repository.environments.size, repository.registry));
      repository.environments.set(name, found);
      return found;
    },
    removeEnvironment: (name: string): boolean => repository.environments.delete(name),
    /** Names, sorted. */
    secrets: (): string[] => actionsSecrets.list().map(({ name }) => name),
    /** Removes a secret as a person would in the settings. */
    removeSecret: actionsSecrets.remove,
    issues: repository.issues,
    /** The newest first. */
    actions: repository.actions,
    /** As they are listed: a person removes one by removing it here. */
    deployKeys: repository.deployKeys,
    variables: repository.variables,
    roles: repository.roles,
    publicKey: actionsSecrets.publicKey,
    /** A new key pair, or the one given: what was sealed with the old one is refused by its key id. */
    rotateKey: actionsSecrets.rotateKey,
  };
}
