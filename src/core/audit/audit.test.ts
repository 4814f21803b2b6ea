// The audit as a rule: one change to a random history, in a random commit, is found there; and nothing is found without one.
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  chainOf,
  commitDate,
  grow,
  nameOf,
  rechain,
  recordFiles,
} from "../../../test/record-history.ts";
import type { HistoryEntry } from "../model/schema.ts";
import type { RecordVersion } from "../ports/record-versions.ts";
import { filesOfEntries } from "../record/history.ts";
import { auditHistory } from "./audit.ts";
import type { Audit } from "./version.ts";

const RECORD = "token_config.json";
type Entries = readonly HistoryEntry[];

/** One version after the other; each is its entries, with a record that counts them. */
function versionsOf(histories: readonly { readonly entries: Entries }[]): RecordVersion[] {
  return histories.map(({ entries }, index) => {
    const files = recordFiles(RECORD, entries);
    const at = commitDate((entries.length || 1) - 1);
    return {
      id: `c${index}`,
      commit: { sha: `c${index}`, author: "Person", authored_at: at, committed_at: at },
      parents: index === 0 ? [] : [`c${index - 1}`],
      unseen: null,
      abandoned: false,
      files: new Map([...files].map(([path, text]) => [path, `${path}:${text}`])),
      texts: new Map([...files].map(([path, text]) => [`${path}:${text}`, text])),
    };
  });
}

/** Where something was broken, and how. */
function broken({ findings }: Audit): string[] {
  return findings
    .filter(({ severity }) => severity === "broken")
    .map(({ commit }) => commit?.sha ?? "");
}

const growth = fc.array(fc.record({ added: fc.nat(3) }), {
  minLength: 1,
  maxLength: 8,
});

/** What any of the commits leave of an honest history. */
function honest(steps: readonly { added: number }[]): { entries: HistoryEntry[] }[] {
  let entries = chainOf(2);
  const histories = [{ entries }];
  for (const { added } of steps) {
    entries = grow(entries, added);
    histories.push({ entries });
  }
  return histories;
}

type Mutation = (entries: Entries, at: number, other: number) => HistoryEntry[] | null;
const forged = (entry: HistoryEntry): HistoryEntry => ({ ...entry, actor: "forged" });
const mutations: Readonly<Record<string, Mutation>> = {
  event: (all, at) =>
    all.map((entry, index) => (index === at ? { ...entry, event: "forged" } : entry)),
  actor: (all, at) => all.map((entry, index) => (index === at ? forged(entry) : entry)),
  time: (all, at) =>
    all.map((entry, index) => (index === at ? { ...entry, at: "2027-01-01T00:00:01Z" } : entry)),
  link: (all, at) =>
    all.map((entry, index) =>
      index === at ? { ...entry, previous_entry: "0".repeat(64) } : entry,
    ),
  added: (all, at) =>
    all.map((entry, index) => (index === at ? { ...entry, note: "forged" } : entry)),
  nested: (all, at) =>
    all.map((entry, index) => (index === at ? { ...entry, triggered_by: { kind: "api" } } : entry)),
  remove: (all, at) => all.filter((_, index) => index !== at),
  cut: (all, at) => all.slice(0, at),
  swap: (all, at, other) => (at === other ? null : swapped(all, at, other)),
  copy: (all, at, other) => all.toSpliced(other, 0, ...all.slice(at, at + 1)),
  insert: (all, at) => all.toSpliced(at, 0, ...all.slice(at, at + 1).map(forged)),
  append: (all, at) => [
    ...all,
    ...all
      .slice(at, at + 1)
      .map((entry) => ({ ...entry, actor: "forged", previous_entry: "0".repeat(64) })),
  ],
};

function swapped(all: Entries, at: number, other: number): HistoryEntry[] {
  return all.map((entry, index) =>
    index === at ? (all[other] ?? entry) : index === other ? (all[at] ?? entry) : entry,
  );
}

test("an honest history: nothing is found, however it was committed", async () => {
  await fc.assert(
    fc.asyncProperty(growth, async (steps) => {
      const histories = honest(steps);
      const result = await auditHistory(versionsOf(histories), RECORD);
      const entries = histories.at(-1)?.entries.length;
      expect(result).toEqual({
        ok: true,
        verdict: "ok",
        entries,
        commits: histories.length,
        findings: [],
      });
    }),
  );
});

test("any one change is found, in its commit and in no other", async () => {
  const place = fc.record({
    step: fc.nat(8),
    at: fc.nat(30),
    other: fc.nat(30),
    chained: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(
      growth,
      fc.constantFrom(...Object.keys(mutations)),
      place,
      async (steps, name, { step, at, other, chained }) => {
        const histories = honest(steps);
        const where = step % histories.length;
        const { entries } = histories[where] ?? { entries: [] };
        const changed =
          mutations[name]?.(entries, at % entries.length, other % entries.length) ?? null;
        fc.pre(changed !== null);
        // A thorough forger makes the chain again. Then only the commits show it.
        const left =
          chained && name !== "link" && name !== "append"
            ? rechain(changed ?? [])
            : (changed ?? []);
        fc.pre(
          JSON.stringify(left) !== JSON.stringify(entries) &&
            !isOnlyLess(left, histories[where - 1]?.entries ?? []),
        );
        const tampered = histories.map((history, index) => {
          if (index < where) return history;
          const later = history.entries.length - entries.length;
          const grown = grow(left, later, 100 + entries.length);
          return { entries: index === where ? left : grown };
        });
        const result = await auditHistory(versionsOf(tampered), RECORD);
        expect([result.ok, [...new Set(broken(result))]]).toEqual([false, [`c${where}`]]);
      },
    ),
    { numRuns: 1000 },
  );
});

/** What the commit itself had added can be left out or changed before it is committed: no reader ever saw it, and the chain holds. */
function isOnlyLess(left: Entries, before: Entries): boolean {
  const goesOn = before.every(
    (entry, index) => JSON.stringify(entry) === JSON.stringify(left[index]),
  );
  return (
    goesOn &&
    JSON.stringify(left) === JSON.stringify(rechain(left)) &&
    new Set(left.map(({ previous_entry: _, ...said }) => JSON.stringify(said))).size === left.length
  );
}

test("reading in any order of members and any layout is the same history", async () => {
  const [version] = versionsOf([{ entries: chainOf(4) }]);
  if (version === undefined) throw new Error("there is one");
  const turned = chainOf(4).map((entry) => Object.fromEntries(Object.entries(entry).reverse()));
  const days = [...filesOfEntries(RECORD, turned as HistoryEntry[])];
  const files = new Map([...version.files, ...days.map(([path]) => [path, path] as const)]);
  const next = {
    ...version,
    id: "c1",
    parents: ["c0"],
    files,
    texts: new Map(days.map(([path, text]) => [path, `\ufeff${text}`])),
  };
  expect((await auditHistory([version, next], RECORD)).findings).toEqual([]);
});

test.each([
  ["the first version", '{"rotation_rules":{},"history":[{"a":1}]}'],
  ["the first edition", '{"version":1,"history":[{"id":"1","at":"x","previous_entry":null}]}'],
])("a file of %s holds no chain; migrated entries may be old", async (_of, before) => {
  const [version] = versionsOf([
    {
      entries: rechain(chainOf(3).map((entry) => ({ ...entry, migrated: true }))),
    },
  ]);
  if (version === undefined) throw new Error("there is one");
  const late = {
    sha: "c1",
    author: "Person",
    authored_at: "2028-01-01T00:00:00Z",
    committed_at: "2028-01-01T00:00:00Z",
  };
  const old = {
    ...version,
    files: new Map([[RECORD, "old"]]),
    texts: new Map([["old", before]]),
  };
  const result = await auditHistory(
    [old, { ...version, id: "c1", commit: late, parents: ["c0"] }],
    RECORD,
  );
  expect(result).toMatchObject({ verdict: "ok", entries: 3, findings: [] });
});

test("clocks that went wrong are warnings", async () => {
  const entries = chainOf(3);
  const early = rechain([
    ...entries.slice(0, 2),
    { ...(entries[2] as HistoryEntry), at: "2026-12-01T00:00:00Z" },
  ]);
  const result = await auditHistory(
    versionsOf([{ entries: entries.slice(0, 2) }, { entries: early }]),
    RECORD,
  );
  expect(result.verdict).toBe("ok");
  const name = nameOf(2).replace(/^[^/]*/, "2026-12-01T00:00:00Z");
  expect(result.findings.map(({ kind, severity, entry }) => [kind, severity, entry])).toEqual([
    ["clock", "warning", name],
    ["rewritten", "warning", name],
  ]);
});

/** Of this process, in milliseconds of its own: what else runs on the machine does not count. */
async function processorTime(task: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage();
  await task();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

test("eight times as long a history that was turned round costs eight times as much, not 64 times", async () => {
  const audit = (count: number) => {
    const entries = chainOf(count);
    return auditHistory(versionsOf([{ entries }, { entries: entries.toReversed() }]), RECORD);
  };
  const { verdict, findings } = await audit(2_000);
  expect(verdict).toBe("broken");
  expect(findings.map(({ kind, line }) => [kind, line === null])).toContainEqual([
    "reordered",
    false,
  ]);
  const fewest = async (count: number) => {
    const costs = [];
    for (let round = 0; round < 3; round += 1) costs.push(await processorTime(() => audit(count)));
    return Math.min(...costs);
  };
  const growth = (await fewest(2_000)) / (await fewest(250));
  expect(growth).toBeLessThan(32);
});
