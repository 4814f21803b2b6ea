// Property tests of the history: through crashes, races, new days and clocks that go back, the chain holds and no entry is lost or added twice.
import { rm } from "node:fs/promises";
import fc from "fast-check";
import { afterEach, describe, expect, test } from "vitest";
import { killWhileRunning } from "../../../test/child-process.ts";
import { testRepository } from "../../../test/git-repository.ts";
import { testClient } from "../../../test/github/client.ts";
import { DEFAULT_REPOSITORY, startGitHub } from "../../../test/github/server.ts";
import { entriesIn, entriesInFolder, historyState } from "../../../test/record-history.ts";
import { githubVersions } from "../../adapters/github/record-versions.ts";
import { recordLock } from "../../adapters/local/file-lock.ts";
import { localVersions } from "../../adapters/local/record-versions.ts";
import { githubStore } from "../../adapters/stores/github.ts";
import { localStore } from "../../adapters/stores/local.ts";
import { memoryStore } from "../../adapters/stores/memory.ts";
import { auditHistory } from "../audit/audit.ts";
import { DAY_MS } from "../base/instant.ts";
import type { HistoryEntry } from "../model/schema.ts";
import type { RecordVersions } from "../ports/record-versions.ts";
import type { Store } from "../ports/store.ts";
import { entryDigest, historyLines, verifyChain } from "./history.ts";
import { readHistory } from "./read-history.ts";
import {
  entryOf,
  type LoadedRecord,
  loadRecord,
  type RecordSource,
  reviseRecord,
} from "./record.ts";

const RECORD = "ops/token_config.json";
const START = Date.parse("2026-12-30T20:00:00Z");

const closing: { close(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(closing.splice(0).map((each) => each.close()));
});

type World = {
  readonly store: Store;
  readonly entries: () => Promise<HistoryEntry[]>;
  /** Null for a store without commits. */
  readonly versions: RecordVersions | null;
};

async function inMemory(): Promise<World> {
  const store = memoryStore();
  const entries = async () => {
    const paths = await store.list("ops/token_history");
    const { files } = await store.load(paths);
    return entriesIn(Object.fromEntries(paths.map((path) => [path, files.get(path) ?? ""])));
  };
  return { store, entries, versions: null };
}

async function inGit(): Promise<World> {
  const { directory, environment, close } = await testRepository();
  closing.push({ close });
  return {
    store: localStore({ directory, environment }),
    entries: () => entriesInFolder(`${directory}/ops`),
    versions: localVersions({ directory, path: RECORD, environment }),
  };
}

async function onGitHub(): Promise<World> {
  const github = await startGitHub();
  closing.push(github);
  const client = testClient(github);
  const place = { client: () => client, repository: DEFAULT_REPOSITORY, branch: null };
  return {
    store: githubStore(place),
    entries: async () => entriesIn(github.repository().files()),
    versions: githubVersions({ ...place, path: RECORD }),
  };
}

/** A save that succeeds without an answer: its writer dies. */
const LOST = new Error("the answer was lost");

type Step = {
  readonly writer: number;
  /** The step of the clock, in quarters of a day. */
  readonly passed: number;
  readonly entries: number;
  /** Whether the other writer does the same at the same time. */
  readonly both: boolean;
  /** Whether it builds on the record that it read before, however long ago. */
  readonly stale: boolean;
  readonly lost: boolean;
};

const steps = (backwards: boolean) =>
  fc.array(
    fc.record({
      writer: fc.nat(1),
      passed: fc.integer({ min: backwards ? -6 : 0, max: 9 }),
      entries: fc.nat(3),
      both: fc.boolean(),
      stale: fc.boolean(),
      lost: fc.boolean(),
    }),
    { minLength: 1, maxLength: 8 },
  );

/** Does the steps. Returns the entries that must be there, and those that may be. */
async function work({ store }: World, all: readonly Step[]) {
  const noted = { must: new Set<string>(), may: new Set<string>() };
  const held: (LoadedRecord | undefined)[] = [];
  let now = START;
  let count = 0;
  const losing: Store = {
    ...store,
    async save(change) {
      const saved = await store.save(change);
      if (saved.kind === "saved") throw LOST;
      return saved;
    },
  };
  async function write(writer: number, { entries, stale, lost }: Step): Promise<void> {
    const source: RecordSource = {
      store: lost ? losing : store,
      path: RECORD,
      home: { kind: "local", repository: null },
      whenMissing: "empty",
      clock: () => new Date(now),
    };
    const known = stale ? held[writer] : undefined;
    const loaded = known ?? (await loadRecord(source));
    const notes = Array.from({ length: entries }, () => `note-${count++}`);
    try {
      const { record } = await reviseRecord(source, loaded, (config) => ({
        config: { ...config, "x-count": count },
        entries: notes.map((note) => ({
          ...entryOf({
            event: "noted",
            name: null,
            triggeredBy: { kind: "cli" },
            now: new Date(now),
          }),
          note,
        })),
        message: "Note",
      }));
      held[writer] = record;
      for (const note of notes) noted.must.add(note);
    } catch (error) {
      if (error !== LOST) throw error;
      for (const note of notes) noted.may.add(note);
    }
  }
  for (const step of all) {
    now += step.passed * (DAY_MS / 4);
    const writers = step.both ? [0, 1] : [step.writer];
    await Promise.all(writers.map((writer) => write(writer, step)));
  }
  return { ...noted, now: new Date(now) };
}

/** The entries sorted by the one that each follows: a clock that went back puts a later entry into an earlier file. */
function chained(entries: readonly HistoryEntry[]): HistoryEntry[] {
  const following = new Map(entries.map((entry) => [entry.previous_entry, entry]));
  const ordered: HistoryEntry[] = [];
  for (let next = following.get(null); next !== undefined; ) {
    ordered.push(next);
    next = following.get(entryDigest(next));
  }
  return ordered;
}

async function requireWhole(world: World, all: readonly Step[], backwards: boolean): Promise<void> {
  const { must, may, now } = await work(world, all);
  const source: RecordSource = {
    store: world.store,
    path: RECORD,
    home: { kind: "local", repository: null },
    whenMissing: "empty",
    clock: () => now,
  };
  const files = await world.entries();
  const entries = chained(files);
  expect(entries).toHaveLength(files.length);
  if (!backwards) expect(files).toEqual(entries);
  expect(verifyChain(entries, null).breaks).toEqual([]);
  const notes = entries.map(({ note }) => String(note));
  expect(new Set(notes).size).toBe(notes.length);
  expect(notes.filter((note) => !may.has(note)).toSorted()).toEqual([...must].toSorted());
  const record = await loadRecord(source);
  expect(record.config.state?.history ?? { entries: 0, digest: null }).toEqual(
    historyState(entries),
  );
  const read = await readHistory(source, record, { count: Number.MAX_SAFE_INTEGER });
  if (!backwards) expect(read?.entries).toEqual(entries);
  expect(read?.entries).toHaveLength(entries.length);
  if (world.versions === null) return;
  const audit = await auditHistory(world.versions(null), RECORD);
  expect([audit.verdict, audit.entries]).toEqual(["ok", entries.length]);
}

describe.each([
  ["in memory", inMemory, 150],
  ["in a git repository", inGit, 6],
  ["on GitHub", onGitHub, 25],
] as const)("%s", (_name, open, numRuns) => {
  test.each([false, true])(
    "what two writers append is a whole chain; clocks go back: %s",
    async (backwards) => {
      await fc.assert(
        fc.asyncProperty(steps(backwards), async (all) => {
          await requireWhole(await open(), all, backwards);
        }),
        { numRuns },
      );
    },
    120_000,
  );

  test("a part is read by its place, and the parts together are the whole, from as few files as needed", async () => {
    const world = await open();
    const every = Array.from({ length: 9 }, (_, index) => ({
      writer: 0,
      passed: index % 3 === 0 ? 7 : 0,
      entries: 3,
      both: false,
      stale: false,
      lost: false,
    }));
    const { now } = await work(world, every);
    const loads: string[][] = [];
    const store: Store = {
      ...world.store,
      load: (paths, version) => {
        loads.push([...paths]);
        return world.store.load(paths, version);
      },
    };
    const home = { kind: "local", repository: null } as const;
    const source: RecordSource = {
      store,
      path: RECORD,
      home,
      whenMissing: "error",
      clock: () => now,
    };
    const record = await loadRecord(source);
    expect((await readHistory(source, record, { count: 4 }))?.older).toBe(true);
    // The newest day's file came with the record.
    expect(loads).toHaveLength(1);
    const parts: HistoryEntry[] = [];
    for (let before: string | undefined; ; ) {
      const part = await readHistory(source, record, { count: 4, ...(before ? { before } : {}) });
      parts.unshift(...(part?.entries ?? []));
      if (!part?.older) break;
      before = part.places[0];
    }
    expect(parts).toEqual(await world.entries());
    for (const before of ["2026-12-31.99", "2020-01-01.1", "gone", ""])
      expect(await readHistory(source, record, { count: 4, before })).toBeNull();
  });
});

describe("a history that was changed by hand", () => {
  const now = new Date(START);
  const step = { writer: 0, passed: 0, both: false, stale: false, lost: false };

  async function changed(change: (text: string) => string) {
    const world = await inMemory();
    await work(world, [{ ...step, entries: 3 }]);
    const path = "ops/token_history/2026-12/30.jsonl";
    const { files, version } = await world.store.load([path]);
    const text = change(files.get(path) ?? "");
    await world.store.save({ expected: version, files: new Map([[path, text]]), message: "Edit" });
    return { world, path, text };
  }

  const forged = (text: string) => text.replace('"note":"note-2"', '"note":"forged"');
  const cut = (text: string) => `${text.split("\n").slice(0, 2).join("\n")}\n`;
  const grown = (text: string) =>
    `${text}${historyLines([{ ...JSON.parse(text.split("\n")[0] ?? ""), note: "more" }])}`;
  test.each([
    ["edited", forged],
    ["cut off", cut],
    ["longer", grown],
    ["no entries", () => "nonsense\n"],
  ])(
    "%s: nothing is appended, with a reason, and the file stays as it is",
    async (_how, change) => {
      const { world, path, text } = await changed(change);
      for (const entries of [0, 1]) {
        await expect(work(world, [{ ...step, entries }])).rejects.toMatchObject({
          name: "Misconfigured",
          code: "history-mismatch",
          message: expect.stringContaining(path),
        });
      }
      expect((await world.store.load([path])).files.get(path)).toBe(text);
    },
  );

  test("a line that is not an entry is reported to the reader with its place", async () => {
    const { world, path } = await changed((text) => text.replace("\n", "\n{\n"));
    const source: RecordSource = {
      store: world.store,
      path: RECORD,
      home: { kind: "local", repository: null },
      whenMissing: "error",
      clock: () => now,
    };
    await expect(readHistory(source, await loadRecord(source), { count: 5 })).rejects.toMatchObject(
      {
        code: "history-unreadable",
        message: `${path}, line 2, is not an entry of the history`,
      },
    );
  });

  test("a last line without its end gets one", async () => {
    const { world } = await changed((text) => text.trimEnd());
    await work(world, [{ ...step, entries: 2 }]);
    expect(verifyChain(await world.entries(), null)).toEqual({ ok: true, breaks: [] });
  });
});

test("entries that were saved although the answer said otherwise are not added twice", async () => {
  const { store, entries } = await inMemory();
  let answers = 0;
  const source: RecordSource = {
    store: {
      ...store,
      async save(change) {
        const saved = await store.save(change);
        answers += 1;
        return answers === 1 ? { kind: "conflict" } : saved;
      },
    },
    path: RECORD,
    home: { kind: "local", repository: null },
    whenMissing: "empty",
    clock: () => new Date(START),
  };
  const entry = entryOf({
    event: "noted",
    name: "A",
    triggeredBy: { kind: "cli" },
    now: new Date(START),
  });
  const { record } = await reviseRecord(source, await loadRecord(source), (config) => ({
    config,
    entries: [entry],
    message: "Note",
  }));
  expect([answers, await entries()]).toEqual([2, [{ ...entry, previous_entry: null }]]);
  expect(record.config.state?.history).toEqual(historyState(await entries()));
});

test("writers that are killed leave a record and a history that match", async () => {
  const { directory, environment, close } = await testRepository();
  closing.push({ close });
  const script = new URL("../../../test/history-writer.ts", import.meta.url);
  const source: RecordSource = {
    store: localStore({ directory, environment }),
    path: RECORD,
    home: { kind: "local", repository: null },
    whenMissing: "empty",
    clock: () => new Date(),
  };
  for (let kills = 0; kills < 15; kills += 1) {
    await killWhileRunning({ script, args: [directory, RECORD], environment });
    // The owner of the locks is dead. Waiting until they go stale would only take time.
    await rm(recordLock(directory), { recursive: true, force: true });
    await rm(`${directory}/.git/index.lock`, { force: true });
    const record = await loadRecord(source);
    const entries = await entriesInFolder(`${directory}/ops`);
    expect(verifyChain(entries, null).breaks).toEqual([]);
    expect(record.config.state?.history ?? { entries: 0, digest: null }).toEqual(
      historyState(entries),
    );
  }
}, 120_000);
