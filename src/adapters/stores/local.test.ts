// The local store in real git repositories and plain folders: the contract, and every refusal of git.
import { existsSync } from "node:fs";
import { chmod, mkdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  bareEnvironment,
  type TestRepository,
  temporaryFolder,
  testRepository,
} from "../../../test/git-repository.ts";
import { storeContract } from "../../../test/store-contract.ts";
import type { Failure } from "../../core/base/errors.ts";
import type { RecordChange, Store } from "../../core/ports/store.ts";
import { commitPending } from "../local/commit.ts";
import { gitState } from "../local/git.ts";
import { localStore } from "./local.ts";

const RECORD = "token_config.json";

storeContract("local, at the root of a repository", async () => {
  const { directory, environment, commit, close } = await testRepository();
  return { store: localStore({ directory, environment }), personSaves: commit, close };
});

storeContract("local, in a sub-folder of a repository", async () => {
  const repository = await testRepository();
  const directory = join(repository.directory, "ops", "tokens");
  await mkdir(directory, { recursive: true });
  const personSaves = (path: string, text: string) => repository.commit(`ops/tokens/${path}`, text);
  return {
    store: localStore({ directory, environment: repository.environment }),
    personSaves,
    close: repository.close,
  };
});

storeContract(
  "local, in a folder without git",
  async () => {
    const folder = await temporaryFolder();
    const personSaves = async (path: string, text: string) => {
      await mkdir(join(folder.path, path, ".."), { recursive: true });
      await writeFile(join(folder.path, path), text);
    };
    return { store: localStore({ directory: folder.path }), personSaves, close: folder.close };
  },
  { forgets: true },
);

let repository: TestRepository;
let told: Failure[];
let store: Store;
beforeEach(async () => {
  repository = await testRepository();
  told = [];
  store = storeIn(repository.directory);
});
afterEach(() => repository.close());

function storeIn(
  directory: string,
  options: { environment?: NodeJS.ProcessEnv; sleep?: (ms: number) => Promise<unknown> } = {},
): Store {
  const sleep = () => Promise.reject(new Error("nothing should be waited for here"));
  return localStore({
    directory,
    environment: repository.environment,
    sleep,
    onUncommitted: (failure) => told.push(failure),
    ...options,
  });
}

async function put(
  content: string,
  to: Store = store,
  files: [string, string][] = [[RECORD, content]],
) {
  const { version: expected } = await to.load([RECORD]);
  const change: RecordChange = { expected, files: new Map(files), message: "Rotate API_KEY" };
  const result = await to.save(change);
  if (result.kind !== "saved") throw new Error("a conflict, although no other process wrote");
  return result;
}

const onDisk = () => readFile(join(repository.directory, RECORD), "utf8");
const codes = () =>
  told.map((failure) => [
    failure.code,
    failure.cause instanceof Error && "code" in failure.cause ? failure.cause.code : null,
  ]);

describe("the commit", () => {
  test("has the message, the fallback identity, and the record alone", async () => {
    const { sha, url } = await put("one\n");
    const shown = await repository.git(
      "show",
      "--format=%H%n%an <%ae>%n%cn <%ce>%n%B",
      "--name-status",
    );
    const who = "token-automation <token-automation@users.noreply.github.com>";
    expect(shown.split("\n").filter((line) => line !== "")).toEqual([
      sha,
      who,
      who,
      "Rotate API_KEY",
      `A\t${RECORD}`,
    ]);
    expect([url, told]).toEqual([null, []]);
  });

  test("has the author that git's configuration names", async () => {
    await repository.git("config", "user.name", "Ada");
    await repository.git("config", "user.email", "ada@example.com");
    await put("one\n");
    expect(await repository.git("log", "-1", "--format=%an <%ae> %cn <%ce>")).toBe(
      "Ada <ada@example.com> Ada <ada@example.com>\n",
    );
  });

  test("has the author given to the store, even if git has another one", async () => {
    await repository.git("config", "user.email", "ada@example.com");
    const identity = { name: "Bot", email: "bot@example.com" };
    await put(
      "one\n",
      localStore({
        directory: repository.directory,
        environment: repository.environment,
        identity,
      }),
    );
    expect(await repository.git("log", "-1", "--format=%an <%ae> %cn <%ce>")).toBe(
      "Bot <bot@example.com> Bot <bot@example.com>\n",
    );
  });

  test("can be the first of a repository", async () => {
    const empty = await testRepository({ empty: true });
    const { sha } = await put("one\n", storeIn(empty.directory));
    expect(await empty.git("log", "--format=%H")).toBe(`${sha}\n`);
    await empty.close();
  });

  test("leaves a person's staged, changed and new files as they are", async () => {
    await repository.commit("app.ts", "1\n");
    await repository.write("app.ts", "2\n");
    await repository.git("add", "app.ts");
    await repository.write("app.ts", "3\n");
    await repository.write("staged.ts", "s\n");
    await repository.git("add", "staged.ts");
    await repository.write("new.ts", "n\n");
    const before = await repository.git("status", "--porcelain");
    await put("one\n");
    await put("two\n");
    expect(await repository.git("status", "--porcelain")).toBe(before);
    expect(await repository.git("show", ":app.ts")).toBe("2\n");
    expect(await repository.git("show", "--name-only", "--format=")).toBe(`${RECORD}\n`);
  });

  test("goes to the folder's repository even if a hook's environment points elsewhere", async () => {
    const other = await testRepository();
    const redirect = {
      GIT_DIR: join(other.directory, ".git"),
      GIT_WORK_TREE: other.directory,
      GIT_INDEX_FILE: "x",
      GIT_GLOB_PATHSPECS: "1",
    };
    const { sha } = await put(
      "one\n",
      storeIn(repository.directory, { environment: { ...repository.environment, ...redirect } }),
    );
    expect(await repository.git("log", "-1", "--format=%H")).toBe(`${sha}\n`);
    expect(await other.git("log", "--format=%s")).toBe("Change README.md\n");
    await other.close();
  });

  test("gives hooks neither the vault's key nor the fingerprints'", async () => {
    const hook = join(repository.directory, ".git", "hooks", "pre-commit");
    await mkdir(join(hook, ".."), { recursive: true });
    await writeFile(hook, "#!/bin/sh\nenv > seen.txt\n", { mode: 0o755 });
    const keys = {
      TOKEN_AUTOMATION_KEY: "canary-vault",
      TOKEN_AUTOMATION_FINGERPRINT_KEY: "canary-fingerprint",
      OTHER: "other",
    };
    await put(
      "one\n",
      storeIn(repository.directory, { environment: { ...repository.environment, ...keys } }),
    );
    const seen = await readFile(join(repository.directory, "seen.txt"), "utf8");
    expect(seen).toContain("OTHER=other");
    expect(seen).not.toContain("canary");
  });

  test("takes names literally", async () => {
    await repository.write("-a.json", "a person's");
    for (const name of ["*.json", ":(glob)x", "--all", "with space 'and' \"quotes\".json"]) {
      if (name.includes(":"))
        await expect(put("", store, [[name, "x"]])).rejects.toMatchObject({ code: "path-refused" });
      else await put("", store, [[name, "x"]]);
    }
    expect(await repository.git("status", "--porcelain")).toBe("?? -a.json\n");
  });

  test("of the same content is the one that holds it already", async () => {
    const first = await put("one\n");
    expect((await put("one\n")).sha).toBe(first.sha);
    expect(told).toEqual([]);
  });

  test("waits for another git at work, and then goes on", async () => {
    const lock = join(repository.directory, ".git", "index.lock");
    await writeFile(lock, "");
    const waits: number[] = [];
    const sleep = async (milliseconds: number) => {
      waits.push(milliseconds);
      if (waits.length === 2) await rm(lock);
    };
    const { sha } = await put("one\n", storeIn(repository.directory, { sleep }));
    expect([waits, sha, told]).toEqual([
      [100, 200],
      (await repository.git("rev-parse", "HEAD")).trim(),
      [],
    ]);
  });
});

describe("if git refuses, the record is saved, the refusal is reported, and the next commit includes it", () => {
  async function savedButTold(code: string) {
    const { sha } = await put("one\n");
    expect([sha, await onDisk(), codes()]).toEqual([
      null,
      "one\n",
      [["record-not-committed", code]],
    ]);
    expect((await store.load([RECORD])).files.get(RECORD)).toBe("one\n");
  }
  const pending = () =>
    commitPending(repository.directory, [RECORD, "absent.json"], "Commit what is left", {
      environment: repository.environment,
    });

  test("a hook fails", async () => {
    const hook = join(repository.directory, ".git", "hooks", "pre-commit");
    await mkdir(join(hook, ".."), { recursive: true });
    await writeFile(hook, "#!/bin/sh\necho 'error: no secrets today' >&2\nexit 1\n");
    await chmod(hook, 0o755);
    await savedButTold("commit-refused");
    expect(told[0]?.message).toContain("error: no secrets today");
    await expect(pending()).rejects.toMatchObject({ code: "commit-refused" });
    await chmod(hook, 0o644);
    const commit = await pending();
    expect(commit).toEqual({ sha: (await repository.git("rev-parse", "HEAD")).trim(), url: null });
    expect(await repository.git("show", `HEAD:${RECORD}`)).toBe("one\n");
    expect(await pending()).toBeNull();
  });

  test("signing fails", async () => {
    await repository.git("config", "commit.gpgsign", "true");
    await repository.git("config", "gpg.program", "/bin/false");
    await savedButTold("commit-refused");
    expect(told[0]?.hint).toContain("Signing failed");
  });

  test("a merge is under way", async () => {
    await repository.git("switch", "--quiet", "--create", "side");
    await repository.commit("README.md", "side\n");
    await repository.git("switch", "--quiet", "main");
    await repository.commit("README.md", "main\n");
    await repository.git("merge", "side").catch(() => undefined);
    await savedButTold("commit-refused");
    expect(told[0]?.hint).toContain("Finish or abort the merge");
    expect(existsSync(join(repository.directory, ".git", "MERGE_HEAD"))).toBe(true);
  });

  test("no branch is checked out", async () => {
    await repository.git("switch", "--quiet", "--detach");
    await savedButTold("head-detached");
    await repository.git("switch", "--quiet", "main");
    expect(await pending()).not.toBeNull();
  });

  test.each([
    ["the file", `${RECORD}\n`],
    ["everything", "*\n"],
  ])("git ignores %s", async (_, rules) => {
    await repository
      .commit(".gitignore", rules)
      .catch(() => repository.git("add", "--force", ".gitignore"));
    await savedButTold("record-ignored");
  });

  test("an ignored file that was added by force is committed", async () => {
    await repository.write(".gitignore", `${RECORD}\n`);
    await repository.write(RECORD, "zero\n");
    await repository.git("add", "--force", RECORD);
    await repository.git("commit", "--quiet", "--message", "By force");
    expect((await put("one\n")).sha).not.toBeNull();
    expect(told).toEqual([]);
  });

  test("another git holds its lock for good", async () => {
    await writeFile(join(repository.directory, ".git", "index.lock"), "");
    const waits: number[] = [];
    store = storeIn(repository.directory, {
      sleep: async (milliseconds) => waits.push(milliseconds),
    });
    await savedButTold("commit-refused");
    expect(waits).toEqual([100, 200, 400, 800, 1600, 3200]);
    expect(told[0]?.hint).toContain("remove the lock");
  });

  test("without a listener, the refusal is thrown", async () => {
    await repository.git("switch", "--quiet", "--detach");
    const silent = localStore({
      directory: repository.directory,
      environment: repository.environment,
    });
    await expect(put("one\n", silent)).rejects.toMatchObject({
      name: "Uncertain",
      code: "record-not-committed",
    });
    expect(await onDisk()).toBe("one\n");
  });
});

describe("without git", () => {
  test("a folder in no repository: saved, no commit, nothing to commit to", async () => {
    const folder = await temporaryFolder();
    expect((await put("one\n", storeIn(folder.path))).sha).toBeNull();
    expect([await gitState(folder.path), await gitState(repository.directory), told]).toEqual([
      "no-repository",
      "work-tree",
      [],
    ]);
    await expect(commitPending(folder.path, [RECORD], "m")).rejects.toMatchObject({
      code: "no-repository",
    });
    await folder.close();
  });

  test("git is not installed: saved all the same", async () => {
    const environment = { ...bareEnvironment(repository.directory), PATH: "/nonexistent" };
    expect((await put("one\n", storeIn(repository.directory, { environment }))).sha).toBeNull();
    expect([await onDisk(), told]).toEqual(["one\n", []]);
    await expect(
      commitPending(repository.directory, [RECORD], "m", { environment }),
    ).rejects.toMatchObject({ code: "no-git" });
  });
});

describe("the store does not", () => {
  test("overwrite an uncommitted edit", async () => {
    await repository.commit(RECORD, "one\n");
    const { version: expected } = await store.load([RECORD]);
    await repository.write(RECORD, "a person's\n");
    expect(
      await store.save({ expected, files: new Map([[RECORD, "ours\n"]]), message: "m" }),
    ).toEqual({ kind: "conflict" });
    expect(await onDisk()).toBe("a person's\n");
  });

  test("lose a saved but uncommitted record to an older version, even after commits elsewhere", async () => {
    await repository.commit(RECORD, "one\n");
    await repository.commit("history.jsonl", "1\n");
    await repository.write("history.jsonl", "1\n2\n");
    const { version } = await store.load([RECORD]);
    await repository.commit("app.ts", "1\n");
    expect(
      (await store.load(["history.jsonl"], version ?? undefined)).files.get("history.jsonl"),
    ).toBe("1\n2\n");
    await repository.commit("history.jsonl", "1\n2\n3\n");
    expect(
      (await store.load(["history.jsonl"], version ?? undefined)).files.get("history.jsonl"),
    ).toBe("1\n");
  });

  test("take a person's commits elsewhere for a conflict", async () => {
    await repository.commit(RECORD, "one\n");
    const { version: expected } = await store.load([RECORD]);
    await repository.commit("app.ts", "1\n");
    expect(
      (await store.save({ expected, files: new Map([[RECORD, "two\n"]]), message: "m" })).kind,
    ).toBe("saved");
  });

  test("accept a version that it never gave", async () => {
    await repository.commit(RECORD, "one\n");
    for (const expected of ["", "main", "%2F=HEAD&token_config.json=absent"]) {
      expect(
        await store.save({ expected, files: new Map([[RECORD, "two\n"]]), message: "m" }),
      ).toEqual({ kind: "conflict" });
    }
  });

  test("write to paths out of the folder, into git's, or through links", async () => {
    const outside = await temporaryFolder();
    await symlink(outside.path, join(repository.directory, "link"));
    await symlink(join(outside.path, "target"), join(repository.directory, "linked.json"));
    const hostile = [
      "../x",
      "/etc/x",
      "a/../../x",
      "",
      "a//b",
      "./x",
      ".git/config",
      ".GIT/hooks/post-commit",
      "git~1/config",
      "link/x",
    ];
    for (const path of [
      ...hostile,
      "linked.json",
      "a\\b",
      "C:x",
      "a\0b",
      "a\nb",
      "README.md/x",
      ".git",
    ]) {
      await expect(store.load([path])).rejects.toMatchObject({
        name: "Misconfigured",
        code: "path-refused",
      });
      await expect(put("", store, [[path, "x"]])).rejects.toMatchObject({ code: "path-refused" });
      await expect(commitPending(repository.directory, [path], "m")).rejects.toMatchObject({
        code: "path-refused",
      });
    }
    expect(await repository.git("status", "--porcelain")).toBe("?? link\n?? linked.json\n");
    expect(existsSync(join(outside.path, "target"))).toBe(false);
    await outside.close();
  });

  test("make a missing folder", async () => {
    const directory = join(repository.directory, "typo");
    expect(
      await storeIn(directory)
        .load([RECORD])
        .catch((error: Failure) => error.code),
    ).toBe("no-directory");
    await expect(
      storeIn(directory).save({ expected: null, files: new Map([[RECORD, ""]]), message: "m" }),
    ).rejects.toMatchObject({
      code: "no-directory",
    });
    expect(existsSync(directory)).toBe(false);
  });

  test("mangle a file that is not UTF-8", async () => {
    await writeFile(join(repository.directory, RECORD), Buffer.from([0x7b, 0xff, 0x7d]));
    await expect(store.load([RECORD])).rejects.toMatchObject({ code: "not-utf8" });
  });

  test("place one of two files if the other cannot be placed", async () => {
    await repository.commit(RECORD, "one\n");
    await mkdir(join(repository.directory, "blocked", "inner"), { recursive: true });
    await expect(
      put("", store, [
        ["new.jsonl", "x"],
        ["blocked", "x"],
        [RECORD, "two\n"],
      ]),
    ).rejects.toMatchObject({ code: "path-refused" });
    expect([await onDisk(), existsSync(join(repository.directory, "new.jsonl"))]).toEqual([
      "one\n",
      false,
    ]);
  });
});
