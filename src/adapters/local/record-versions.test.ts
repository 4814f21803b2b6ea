// The audit of the history over real repositories: everything that people do to one, and what is told of it.
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type TestRepository, testRepository } from "../../../test/git-repository.ts";
import {
  chainOf,
  commitDate,
  dayOf,
  grow,
  nameOf,
  rechain,
  recordFiles,
  recordText,
} from "../../../test/record-history.ts";
import { toolAvailable } from "../../../test/require-tool.ts";
import { auditHistory } from "../../core/audit/audit.ts";
import type { Audit } from "../../core/audit/version.ts";
import type { HistoryEntry } from "../../core/model/schema.ts";
import { historyLines } from "../../core/record/history.ts";
import { localVersions } from "./record-versions.ts";

const RECORD = "token_config.json";
/** The first three entries are of this day, the later ones of the next. */
const DAY = dayOf(0);
const id = nameOf;

const closing: { close(): Promise<void> }[] = [];
let repository: TestRepository;
beforeEach(async () => {
  repository = await testRepository();
  closing.push(repository);
});
afterEach(async () => {
  await Promise.all(closing.splice(0).map((each) => each.close()));
});

/** Commits files with their times in step with the newest entry; gives the commit's id. */
async function commit(
  files: ReadonlyMap<string, string> | readonly HistoryEntry[],
  message = "by the program",
): Promise<string> {
  if (files instanceof Map)
    for (const [path, content] of files) await repository.write(path, content);
  else await save(files as readonly HistoryEntry[]);
  return commitAll(message);
}

/** Makes those entries the whole history of the work tree, as a record of no other content counts them. */
async function save(entries: readonly HistoryEntry[]): Promise<void> {
  await rm(join(repository.directory, "token_history"), { recursive: true, force: true });
  for (const [path, content] of recordFiles(RECORD, entries)) await repository.write(path, content);
}

let clock = 0;
async function commitAll(message: string): Promise<string> {
  clock += 1;
  await repository.git("add", "--all");
  await repository.git(
    "-c",
    `user.name=Person`,
    "commit",
    "--quiet",
    "--allow-empty",
    "--message",
    message,
    "--date",
    commitDate(clock),
  );
  return head();
}
const head = async (ref = "HEAD") => (await repository.git("rev-parse", ref)).trim();

async function audit(
  directory = repository.directory,
  limit: number | null = null,
): Promise<Audit> {
  return auditHistory(
    localVersions({ directory, path: RECORD, environment: repository.environment })(limit),
    RECORD,
  );
}

/** Findings without the soft signs of the dates, which have tests of their own. */
async function findings(directory?: string): Promise<unknown[]> {
  const { findings: all } = await audit(directory);
  return all
    .filter(
      ({ kind, severity }) =>
        !(severity === "warning" && (kind === "clock" || kind === "rewritten")),
    )
    .map(({ kind, severity, entry, commit: made }) => [kind, severity, entry, made?.sha ?? null]);
}

/** Five entries in three commits. */
async function begin(): Promise<HistoryEntry[]> {
  clock = 0;
  await commit(chainOf(2));
  await commit(chainOf(3));
  await commit(chainOf(5));
  return chainOf(5);
}

function edited(entries: readonly HistoryEntry[], index: number): HistoryEntry[] {
  return entries.map((entry, at) => (at === index ? { ...entry, new_hash: "forged" } : entry));
}
const without = <T>(list: readonly T[], index: number) => list.filter((_, at) => at !== index);
function swapped<T>(list: readonly T[], a: number, b: number): T[] {
  return list.map((item, at) => (at === a ? list[b] : at === b ? list[a] : item) as T);
}

describe.skipIf(!toolAvailable("git"))("what is as it should be", () => {
  test("nothing is found if entries were only added, and all else was edited by people", async () => {
    await begin();
    await repository.commit("README.md", "# Other\n");
    await repository.write(
      RECORD,
      recordText(chainOf(5), {
        rules: { API_KEY: { interval_hours: 24 } },
        tokens: { API_KEY: {} },
      }),
    );
    await commitAll("a person's rule");
    await commit(chainOf(6));
    await commit(chainOf(30), "another day");
    for (const path of [RECORD, DAY]) {
      const text = await repository.git("show", `HEAD:${path}`);
      await repository.write(path, text.replaceAll("\n", "\r\n"));
    }
    await commitAll("an editor's line ends");
    expect(await findings()).toEqual([]);
    expect(await audit()).toMatchObject({ ok: true, verdict: "ok", entries: 30, commits: 7 });
  });

  test("a merge of a branch on which rules were edited while the program went on", async () => {
    const entries = await begin();
    await repository.git("switch", "--quiet", "--create", "rules");
    await repository.write(RECORD, `{\n  "x-note": "mine",\n${recordText(entries).slice(2)}`);
    await commitAll("a note");
    await repository.git("switch", "--quiet", "main");
    await commit(grow(entries, 2));
    await repository.git("merge", "--quiet", "--no-edit", "rules");
    expect(await audit()).toMatchObject({ verdict: "ok", entries: 7, commits: 6 });
    expect(await findings()).toEqual([]);
  });

  test("a record in a folder below the repository's root", async () => {
    await commit(recordFiles(`deep er/${RECORD}`, chainOf(6)));
    await commit(edited(chainOf(6), 0));
    expect(await audit(join(repository.directory, "deep er"))).toMatchObject({
      verdict: "ok",
      entries: 6,
      commits: 1,
    });
  });

  test("days that a clock which was set back wrote out of order", async () => {
    const entries = chainOf(4);
    await repository.write("token_history/2027-04/02.jsonl", historyLines(entries.slice(0, 1)));
    await repository.write("token_history/2027-04/01.jsonl", historyLines(entries.slice(1, 3)));
    await repository.write(
      "token_history/2027-04/02.jsonl",
      historyLines([...entries.slice(0, 1), ...entries.slice(3)]),
    );
    await repository.write(RECORD, recordText(entries));
    await commitAll("by the program");
    expect(await findings()).toEqual([]);
  });
});

describe.skipIf(!toolAvailable("git"))("tampering is named with its commit", () => {
  test.each<[string, (entries: HistoryEntry[]) => HistoryEntry[], unknown[]]>([
    ["an old entry edited", (all) => edited(all, 1), [["edited", id(1)]]],
    ["the newest entry edited", (all) => edited(all, 4), [["edited", id(4)]]],
    ["an entry deleted", (all) => without(all, 2), [["removed", id(2)]]],
    ["the newest entry deleted", (all) => without(all, 4), [["removed", id(4)]]],
    ["two swapped", (all) => swapped(all, 1, 2), [["reordered", expect.any(String)]]],
    [
      "one put in",
      (all) => [
        ...all.slice(0, 2),
        { ...all[1], token_name: "X" } as HistoryEntry,
        ...all.slice(2),
      ],
      [["inserted", id(1).replace("API_KEY", "X")]],
    ],
    [
      "edited, and the chain made again",
      (all) => rechain(edited(all, 1)),
      [
        ["edited", id(1)],
        ["rewritten", id(2)],
      ],
    ],
    [
      "deleted, and the chain made again",
      (all) => rechain(without(all, 2)),
      [
        ["removed", id(2)],
        ["rewritten", id(3)],
      ],
    ],
    ["everything deleted", () => [], [0, 1, 2, 3, 4].map((index) => ["removed", id(index)])],
    [
      "a gap: the entry between never committed",
      (all) => without(grow(all, 2), 5),
      [["gap", id(6)]],
    ],
    [
      "an entry that claims to be the first",
      (all) => [...all, { ...all[0], token_name: "FIRST" } as HistoryEntry],
      [["chain-broken", id(0).replace("API_KEY", "FIRST")]],
    ],
    [
      "an entry noted again, in the chain",
      (all) => [
        ...all,
        { ...all[2], previous_entry: grow(all, 1).at(-1)?.previous_entry } as HistoryEntry,
      ],
      [["duplicate", id(2)]],
    ],
  ])("%s", async (_, tamper, expected) => {
    const entries = await begin();
    const by = await commit(tamper(entries), "by hand");
    expect(await findings()).toEqual(
      expected.map((told) => [(told as unknown[])[0], "broken", (told as unknown[])[1], by]),
    );
    expect(await audit()).toMatchObject({ ok: false, verdict: "broken" });
  });

  test("who did it, when, in which file and line, and what of the entry", async () => {
    const entries = await begin();
    const by = await commit(edited(entries, 1), "by hand");
    expect((await audit()).findings.filter(({ kind }) => kind === "edited")).toEqual([
      {
        kind: "edited",
        severity: "broken",
        entry: id(1),
        commit: {
          sha: by,
          author: "Person",
          authored_at: "2027-01-01T01:01:00Z",
          committed_at: expect.any(String),
        },
        path: DAY,
        line: 2,
        restored_by: null,
        message: `entry ${id(1)} was edited: new_hash`,
      },
    ]);
  });

  test("an edit of what an entry is named by is an edit of that entry", async () => {
    const entries = await begin();
    const forged = entries.map((entry, at) => (at === 1 ? { ...entry, token_name: "X" } : entry));
    const by = await commit(rechain(forged), "by hand");
    expect(await findings()).toEqual([
      ["edited", "broken", id(1), by],
      ["rewritten", "broken", id(2), by],
    ]);
  });

  test("an edit of an earlier day's file, and what goes on after it", async () => {
    await begin();
    const text = await repository.git("show", `HEAD:${DAY}`);
    const by = await commit(
      new Map([[DAY, text.replace('"generation":2', '"generation":9')]]),
      "by hand",
    );
    const later = recordFiles(RECORD, chainOf(8));
    later.delete(DAY);
    await commit(later);
    const { findings: all } = await audit();
    expect(all.filter(({ severity }) => severity === "broken")).toMatchObject([
      { kind: "edited", entry: id(1), commit: { sha: by }, path: DAY, line: 2 },
    ]);
  });

  test("a day's file deleted, a line of it damaged", async () => {
    await commit(chainOf(5));
    const [first, second] = chainOf(2);
    await repository.write(DAY, `${JSON.stringify(first)}\n${JSON.stringify(second)}\n{"at":\n`);
    const damaged = await commitAll("damage");
    await repository.git("rm", "--quiet", DAY);
    const deleted = await commitAll("delete");
    expect(await findings()).toEqual([
      ["unreadable", "broken", null, damaged],
      ["removed", "broken", id(2), damaged],
      ["removed", "broken", id(0), deleted],
      ["removed", "broken", id(1), deleted],
    ]);
  });

  test("a record that names another history than the files hold, until it is put back", async () => {
    const entries = await begin();
    const { history } = JSON.parse(recordText(entries)).state;
    const naming = (named: object) =>
      `${JSON.stringify({ version: 1, state: { history: { ...history, ...named } } }, null, 2)}\n`;
    const count = await commit(new Map([[RECORD, naming({ entries: 4 })]]), "by hand");
    expect(await findings()).toEqual([["mismatch", "broken", id(4), count]]);
    const digest = await commit(new Map([[RECORD, naming({ digest: "0".repeat(64) })]]), "again");
    expect(await findings()).toEqual([
      ["mismatch", "broken", id(4), count],
      ["mismatch", "broken", id(4), digest],
    ]);
    await commit(entries, "put back");
    expect(await findings()).toEqual([
      ["mismatch", "broken", id(4), count],
      ["mismatch", "warning", id(4), digest],
    ]);
  });

  test("what was put back is a warning, and names the commit that did", async () => {
    const entries = await begin();
    await commit(edited(entries, 1), "by hand");
    await commit(grow(edited(entries, 1), 1));
    const back = await commit(grow(entries, 1), "put back");
    const result = await audit();
    expect(result.verdict).toBe("ok");
    expect(result.findings.filter(({ kind }) => kind === "edited")).toMatchObject([
      { severity: "warning", restored_by: back },
    ]);
  });

  test("a commit that left the record unreadable, and the edit hidden in its repair", async () => {
    const entries = await begin();
    const conflict = await commit(new Map([[RECORD, "<<<<<<< HEAD\n"]]), "conflict");
    const by = await commit(edited(entries, 1), "repair");
    expect(await findings()).toEqual([
      ["unreadable", "warning", null, conflict],
      ["edited", "broken", id(1), by],
    ]);
  });

  test("a work tree that was edited, and one that only has new entries", async () => {
    const entries = await begin();
    await save(edited(entries, 1));
    expect(await findings()).toEqual([["edited", "broken", id(1), null]]);
    await save(grow(entries, 1));
    expect(await findings()).toEqual([["uncommitted", "warning", id(5), null]]);
    await rm(join(repository.directory, "token_history"), { recursive: true });
    expect(await findings()).toEqual(
      [0, 1, 2, 3, 4].map((index) => ["removed", "broken", id(index), null]),
    );
  });
});

describe.skipIf(!toolAvailable("git"))("branches", () => {
  /** Two branches, each with an entry of its own after the same five. */
  async function fork(): Promise<{ ours: HistoryEntry[]; theirs: HistoryEntry[] }> {
    const entries = await begin();
    const [ours, theirs] = [grow(entries, 1, 5), grow(entries, 1, 6)];
    await repository.git("switch", "--quiet", "--create", "side");
    await commit(theirs, "theirs");
    await repository.git("switch", "--quiet", "main");
    await commit(ours, "ours");
    return { ours, theirs };
  }

  test("a merge that throws one side's entries away", async () => {
    await fork();
    await repository.git("merge", "--quiet", "--no-edit", "--strategy=ours", "side");
    expect(await findings()).toEqual([["removed", "broken", id(6), await head()]]);
  });

  test("a merge by hand that keeps both, one after the other", async () => {
    const { ours, theirs } = await fork();
    await repository.git("merge", "--quiet", "--no-edit", "--no-commit", "--strategy=ours", "side");
    const by = await commit([...ours, ...theirs.slice(5)], "both");
    expect(await findings()).toEqual([["chain-broken", "broken", id(6), by]]);
  });

  test("an edit on the main line that a merge from before it would hide", async () => {
    await commit(chainOf(2));
    await repository.git("branch", "old");
    await commit(chainOf(4));
    const by = await commit(rechain(edited(chainOf(4), 3)), "by hand");
    await repository.git("switch", "--quiet", "old");
    await repository.git("merge", "--quiet", "--no-ff", "--no-edit", "main");
    expect(await findings()).toEqual([["edited", "broken", id(3), by]]);
  });

  test("an edit on a branch is named where it was made, not where it was merged", async () => {
    const entries = await begin();
    await repository.git("switch", "--quiet", "--create", "side");
    const by = await commit(edited(entries, 0), "by hand");
    await repository.git("switch", "--quiet", "main");
    await repository.git("merge", "--quiet", "--no-ff", "--no-edit", "side");
    expect((await findings())[0]).toEqual(["edited", "broken", id(0), by]);
  });
});

describe.skipIf(!toolAvailable("git"))("history made again", () => {
  test("an amended commit whose entry is another now: the reflog remembers", async () => {
    const entries = await begin();
    const old = await head();
    await save(edited(entries, 4));
    await repository.git("commit", "--quiet", "--all", "--amend", "--no-edit");
    expect(await findings()).toEqual([["rewritten", "broken", id(4), old]]);
  });

  test("an amended message changes nothing", async () => {
    await begin();
    await repository.git("commit", "--quiet", "--amend", "--message", "other words");
    expect(await findings()).toEqual([]);
  });

  test("a rebase that leaves a commit out", async () => {
    const entries = await begin();
    const lost = await head();
    await repository.commit("other.txt", "1\n");
    await repository.git("rebase", "--quiet", "--onto", "HEAD~2", "HEAD~1");
    expect(await findings()).toEqual([
      ["rewritten", "broken", id(3), lost],
      ["rewritten", "broken", id(4), lost],
    ]);
    await commit(grow(entries.slice(0, 3), 1, 3));
    expect(await findings()).toContainEqual(["rewritten", "broken", id(4), lost]);
  });

  test("a filtered branch whose digests were left as they were", async () => {
    await begin();
    const script = `sed -i 's/"generation":2,/"generation":7,/' ${DAY} || true`;
    await repository.git(
      "-c",
      "alias.fb=!FILTER_BRANCH_SQUELCH_WARNING=1 git filter-branch",
      "fb",
      "--tree-filter",
      script,
      "HEAD",
    );
    const told = await findings();
    expect(told).toContainEqual(["rewritten", "broken", id(1), expect.any(String)]);
    expect(told).toContainEqual(["gap", "broken", id(2), expect.any(String)]);
  });

  test("a branch made again with all its digests: told where the old one was seen, and invisible to a fresh clone", async () => {
    const entries = await begin();
    const forged = rechain(edited(entries, 1));
    await repository.git("reset", "--quiet", "--hard", "HEAD~3");
    for (const count of [2, 3, 5]) await commit(forged.slice(0, count));
    expect((await findings()).slice(0, 2)).toEqual([
      ["rewritten", "broken", id(1), expect.any(String)],
      ["rewritten", "broken", id(2), expect.any(String)],
    ]);
    const clone = join(repository.directory, "..", "clone");
    await repository.git("clone", "--quiet", repository.directory, clone);
    expect(await findings(clone)).toEqual([]);
  });

  test("a force-push that this clone has seen", async () => {
    const entries = await begin();
    const clone = join(repository.directory, "..", "clone");
    await repository.git("clone", "--quiet", repository.directory, clone);
    const seen = await head();
    await repository.git("reset", "--quiet", "--hard", "HEAD~1");
    await commit(grow(entries.slice(0, 3), 2, 7), "forced");
    await repository.git("-C", clone, "fetch", "--quiet");
    await repository.git("-C", clone, "reset", "--quiet", "--hard", "@{upstream}");
    expect(await findings(clone)).toEqual([
      ["rewritten", "broken", id(3), seen],
      ["rewritten", "broken", id(4), seen],
    ]);
  });

  test("a commit that was made again long after it was written, and an entry that waited for its commit, are signs", async () => {
    const env = { authored: "2027-01-01T02:00:00Z" };
    await save(chainOf(2));
    await repository.git("add", "--all");
    await repository.git("commit", "--quiet", "--message", "x", "--date", env.authored);
    await save(chainOf(4));
    await repository.git(
      "commit",
      "--quiet",
      "--all",
      "--message",
      "y",
      "--date",
      "2027-01-09T02:00:00Z",
    );
    const { verdict, findings: all } = await audit();
    expect(verdict).toBe("ok");
    expect(all.map(({ kind, severity, entry }) => [kind, severity, entry])).toContainEqual([
      "rewritten",
      "warning",
      id(2),
    ]);
  });

  test("git replace and grafts hide nothing", async () => {
    const entries = await begin();
    const by = await commit(edited(entries, 1), "by hand");
    const good = await head("HEAD~1");
    await repository.git("replace", by, good);
    expect(await findings()).toContainEqual(["edited", "broken", id(1), by]);
  });
});

describe.skipIf(!toolAvailable("git"))("an unknown history", () => {
  test("a shallow clone: neither ok nor broken", async () => {
    await begin();
    const at = await head();
    const clone = join(repository.directory, "..", "clone");
    await repository.git("clone", "--quiet", "--depth=1", `file://${repository.directory}`, clone);
    expect(await findings(clone)).toEqual([["cut-off", "unknown", id(4), at]]);
    expect(await audit(clone)).toMatchObject({
      ok: false,
      verdict: "unknown",
      entries: 5,
      commits: 1,
    });
  });

  test("a shallow clone of a broken chain: broken, but not said to be the newest commit's doing", async () => {
    const entries = await begin();
    await commit(edited(entries, 1), "by hand");
    await commit(grow(edited(entries, 1), 1));
    const clone = join(repository.directory, "..", "clone");
    await repository.git("clone", "--quiet", "--depth=1", `file://${repository.directory}`, clone);
    const { verdict, findings: all } = await audit(clone);
    expect([verdict, all[0]?.message]).toEqual([
      "broken",
      `entry ${id(2)} does not follow ${id(1)}: that was edited, or one between them is missing, by this commit or one before it`,
    ]);
  });

  test("a shallow clone that holds all commits of the record", async () => {
    await begin();
    const clone = join(repository.directory, "..", "clone");
    await repository.git("clone", "--quiet", "--depth=4", `file://${repository.directory}`, clone);
    expect(await audit(clone)).toMatchObject({ verdict: "ok", commits: 3 });
  });

  test("a history that begins in the middle", async () => {
    const by = await commit(chainOf(5).slice(2));
    expect(await findings()).toEqual([["gap", "broken", id(2), by]]);
  });

  test("only the newest commits asked for", async () => {
    await begin();
    const result = await audit(undefined, 1);
    expect(result.findings.map(({ kind, severity }) => [kind, severity])).toContainEqual([
      "cut-off",
      "unknown",
    ]);
    expect(result).toMatchObject({ verdict: "unknown", commits: 1 });
  });

  test("no commit at all: the chain alone is replayed", async () => {
    await save(chainOf(3));
    expect(await findings()).toEqual([["cut-off", "unknown", id(2), null]]);
    await save(edited(chainOf(3), 1));
    expect(await findings()).toEqual([
      ["chain-broken", "broken", id(2), null],
      ["cut-off", "unknown", id(2), null],
    ]);
    await rm(join(repository.directory, ".git"), { recursive: true });
    expect((await audit()).findings).toHaveLength(2);
  });
});
