// Random branches and merges: the audit finds something exactly if some commit does not go on from one of its parents.
import { spawn } from "node:child_process";
import { once } from "node:events";
import fc from "fast-check";
import { expect, test } from "vitest";
import { testRepository } from "../../../test/git-repository.ts";
import { chainOf, grow, rechain, recordFiles } from "../../../test/record-history.ts";
import { toolAvailable } from "../../../test/require-tool.ts";
import { auditHistory } from "../../core/audit/audit.ts";
import { extendsHistory } from "../../core/audit/compare.ts";
import { createEntryReader } from "../../core/audit/entries.ts";
import type { HistoryEntry } from "../../core/model/schema.ts";
import { localVersions } from "./record-versions.ts";

const RECORD = "token_config.json";
type Made = {
  readonly entries: readonly HistoryEntry[];
  readonly parents: readonly number[];
  readonly other: number;
};

const step = fc.record({
  kind: fc.constantFrom(
    "append",
    "append",
    "touch",
    "first",
    "second",
    "second",
    "longer",
    "longer",
    "edit",
    "cut",
  ),
  one: fc.nat(6),
  two: fc.nat(6),
});

/** The last commit is HEAD. It merges every branch that would be left over. */
function build(steps: readonly { kind: string; one: number; two: number }[]): Made[] {
  const made: Made[] = [{ entries: chainOf(2), parents: [], other: 0 }];
  for (const [index, { kind, one, two }] of steps.entries()) {
    // Parents among the newest, so that branches arise and meet again.
    const [a, b] = [Math.max(0, made.length - 1 - one), Math.max(0, made.length - 1 - two)];
    const [first, second] = [made[a]?.entries ?? [], made[b]?.entries ?? []];
    const isMerge = ["first", "second", "longer"].includes(kind) && a !== b;
    made.push({
      entries: change(kind, first, isMerge ? second : first, index),
      parents: isMerge ? [a, b] : [a],
      other: index + 1,
    });
  }
  return made;
}

function change(
  kind: string,
  first: readonly HistoryEntry[],
  second: readonly HistoryEntry[],
  index: number,
): readonly HistoryEntry[] {
  if (kind === "append") return grow(first, 1, 100 + index);
  if (kind === "edit")
    return rechain(first.map((entry, at) => (at === 1 ? { ...entry, note: index } : entry)));
  if (kind === "cut") return first.slice(0, -1);
  if (kind === "second") return second;
  return kind === "longer" && second.length > first.length ? second : first;
}

/** The commits reached from HEAD, by the rule alone. */
function breaksRule(made: readonly Made[]): boolean {
  const reader = createEntryReader(RECORD);
  const histories = made.map(({ entries }, index) => {
    const contents = [...recordFiles(RECORD, entries)];
    const files = new Map(contents.map(([path]) => [path, `${index}:${path}`]));
    const texts = new Map(contents.map(([path, text]) => [`${index}:${path}`, text]));
    const kept =
      reader.read({
        id: "",
        commit: null,
        parents: [],
        unseen: null,
        abandoned: false,
        files,
        texts,
      }).entries ?? [];
    return { entries: kept, length: kept.length };
  });
  const reached = new Set([made.length - 1]);
  for (const index of reached) for (const parent of made[index]?.parents ?? []) reached.add(parent);
  return [...reached].some((index) => {
    const own = histories[index];
    return (made[index]?.parents ?? []).some((parent) => {
      const before = histories[parent];
      return own !== undefined && before !== undefined && !extendsHistory(before, own);
    });
  });
}

function fastImport(made: readonly Made[]): string {
  return made
    .map(({ entries, parents, other }, index) => {
      const lines = [
        `commit refs/heads/main`,
        `mark :${index + 1}`,
        `committer P <p@example.com> ${1_800_000_000 + index} +0000`,
        "data 1",
        "x",
      ];
      const [from, ...merged] = parents;
      // By default, fast-import goes on from the commit before.
      if (from !== undefined)
        lines.push(`from :${from + 1}`, ...merged.map((parent) => `merge :${parent + 1}`));
      lines.push("deleteall");
      for (const [path, content] of [
        ...recordFiles(RECORD, entries),
        ["other.txt", `${other}`],
      ] as const) {
        lines.push(`M 100644 inline ${path}`, `data ${Buffer.byteLength(content)}`, content);
      }
      return `${lines.join("\n")}\n`;
    })
    .join("");
}

test.skipIf(!toolAvailable("git"))("branches and merges", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 14 }), async (steps) => {
      const made = build(steps);
      const repository = await testRepository({ empty: true });
      try {
        const { directory, environment } = repository;
        const child = spawn("git", ["fast-import", "--quiet", "--force"], {
          cwd: directory,
          env: environment,
          stdio: ["pipe", "ignore", "inherit"],
        });
        child.stdin.end(fastImport(made));
        expect(await once(child, "close")).toEqual([0, null]);
        await repository.git("reset", "--quiet", "--hard");
        const { findings } = await auditHistory(
          localVersions({ directory, path: RECORD, environment })(null),
          RECORD,
        );
        const changes = findings.filter(({ kind }) =>
          ["edited", "removed", "inserted", "reordered"].includes(kind),
        );
        expect(changes.length > 0).toBe(breaksRule(made));
      } finally {
        await repository.close();
      }
    }),
    { numRuns: 40 },
  );
});
