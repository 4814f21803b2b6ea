// The contract suite of stores, which each adapter's test runs on the real thing.
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { RecordChange, Snapshot, Store } from "../src/core/ports/store.ts";

/** One store under test, fresh and holding at least one commit where the store has commits. */
export type StoreFixture = {
  readonly store: Store;
  /** What a person's own commit does behind the store's back: writes one file. */
  personSaves(path: string, text: string): Promise<void>;
  close(): Promise<void>;
};

const RECORD = "token_config.json";
const FOLDER = "token_history";
const ARCHIVE = `${FOLDER}/2026-01/05.jsonl`;
const UNICODE = `{\n  "name": "välue-✓-𝔘-日本語",\n  "quote": "\\"\\\\ $(x) \`y\`"\n}\n`;
/** Above the contents API's limit of 1 MB and GraphQL's 512,000 bytes, with characters of several bytes at any cut. */
const BIG = `${"é✓𝔘 0123456789\n".repeat(70_000)}end\n`;

/** `forgets`: a store without commits (a plain folder), which may answer with the newest version where an older one is asked for. */
export type StoreTraits = { readonly forgets?: boolean };

/** Runs the suite. `setup` gives a fresh store for each test. */
export function storeContract(
  name: string,
  setup: () => Promise<StoreFixture>,
  traits: StoreTraits = {},
): void {
  describe(`the store contract: ${name}`, () => {
    let fixture: StoreFixture;
    beforeEach(async () => {
      fixture = await setup();
    });
    afterEach(async () => {
      await fixture.close();
    });
    describe("load", () => loading(() => fixture, traits.forgets === true));
    describe("list", () => listing(() => fixture));
    describe("save", () => saving(() => fixture, traits.forgets === true));
    describe("compare-and-set", () => comparing(() => fixture));
  });
}

function loading(fixture: () => StoreFixture, forgets: boolean): void {
  test("a file that is not there is null, not an error", async () => {
    const snapshot = await fixture().store.load(["not_there.json", ARCHIVE]);
    expect([...snapshot.files]).toEqual([
      ["not_there.json", null],
      [ARCHIVE, null],
    ]);
    expect(["public", "private", "unknown"]).toContain(snapshot.visibility);
  });

  test("what a person saved is seen, with a new version", async () => {
    const { store, personSaves } = fixture();
    await personSaves(RECORD, "one\n");
    const before = await store.load([RECORD]);
    await personSaves(RECORD, "two\n");
    const after = await store.load([RECORD]);
    expect([text(before, RECORD), text(after, RECORD)]).toEqual(["one\n", "two\n"]);
    expect(after.version).not.toBe(before.version);
  });

  test("an unchanged store keeps its version", async () => {
    const { store, personSaves } = fixture();
    await personSaves(RECORD, "one\n");
    expect((await store.load([RECORD])).version).toBe((await store.load([RECORD])).version);
  });

  test("an older version reads as it was", async () => {
    const { store, personSaves } = fixture();
    await personSaves(RECORD, "one\n");
    const { version } = await store.load([RECORD]);
    await personSaves(RECORD, "two\n");
    await personSaves(ARCHIVE, "later\n");
    const old = await store.load([RECORD, ARCHIVE], given(version));
    // Newer content under the older version's name would pass for what was not there.
    if (forgets) return expect(old.version).not.toBe(version);
    expect(old.version).toBe(version);
    expect([...old.files]).toEqual([
      [RECORD, "one\n"],
      [ARCHIVE, null],
    ]);
  });
}

function listing(fixture: () => StoreFixture): void {
  test("a folder that is not there is empty, not an error", async () => {
    expect(await fixture().store.list(FOLDER)).toEqual([]);
  });

  test("the files of a folder and of the folders in it, and no others", async () => {
    const { store, personSaves } = fixture();
    for (const path of [RECORD, ARCHIVE, `${FOLDER}/2026-02/01.jsonl`, `${FOLDER}/README.md`])
      await personSaves(path, "x\n");
    await personSaves(`${FOLDER}-other/2026-03/01.jsonl`, "x\n");
    const { version } = await store.load([RECORD]);
    const expected = [ARCHIVE, `${FOLDER}/2026-02/01.jsonl`, `${FOLDER}/README.md`].toSorted();
    expect((await store.list(FOLDER)).toSorted()).toEqual(expected);
    expect((await store.list(FOLDER, given(version))).toSorted()).toEqual(expected);
  });

  test("what an older version had is listed at that version, whatever came later", async () => {
    const { store, personSaves } = fixture();
    await personSaves(RECORD, "one\n");
    await personSaves(ARCHIVE, "x\n");
    const { version } = await store.load([RECORD]);
    await personSaves(`${FOLDER}/2026-02/01.jsonl`, "x\n");
    expect(await store.list(FOLDER, given(version))).toContain(ARCHIVE);
  });
}

function saving(fixture: () => StoreFixture, forgets: boolean): void {
  test("a new file reads back, at the version that save gave", async () => {
    const { store } = fixture();
    const { version: expected } = await store.load([RECORD]);
    const saved = await mustSave(store, {
      expected,
      files: new Map([[RECORD, "one\n"]]),
      message: "Add the record",
    });
    const after = await store.load([RECORD]);
    expect(after.version).toBe(saved.version);
    expect(text(after, RECORD)).toBe("one\n");
  });

  test("several files, in folders too, are saved together; the others stay", async () => {
    const { store, personSaves } = fixture();
    await personSaves("README.md", "hello\n");
    await personSaves(RECORD, "old\n");
    const { version: expected } = await store.load([RECORD]);
    const files = new Map([
      [RECORD, "new\n"],
      [ARCHIVE, "entry\n"],
    ]);
    const saved = await mustSave(store, { expected, files, message: "Rotate A\n\nBody." });
    const after = await store.load([RECORD, ARCHIVE, "README.md"]);
    expect([...after.files.values()]).toEqual(["new\n", "entry\n", "hello\n"]);
    const before = await store.load([RECORD, ARCHIVE, "README.md"], given(expected));
    if (forgets) expect(before.version).not.toBe(expected);
    else expect([...before.files.values()]).toEqual(["old\n", null, "hello\n"]);
    expect((await store.load([ARCHIVE], saved.version)).files.get(ARCHIVE)).toBe("entry\n");
  });

  test("saves follow one another, each from the version the last one gave", async () => {
    const { store } = fixture();
    let expected = (await store.load([RECORD])).version;
    for (const content of ["one\n", "two\n", "three\n"]) {
      const saved = await mustSave(store, {
        expected,
        files: new Map([[RECORD, content]]),
        message: `Save ${content.trim()}`,
      });
      expect(saved.version).not.toBe(expected);
      expected = saved.version;
    }
    expect(text(await store.load([RECORD]), RECORD)).toBe("three\n");
  });

  test.each([
    ["unicode", UNICODE],
    ["no newline at the end", "x"],
    ["carriage returns", "a\r\nb\r\n"],
    ["nothing", ""],
    ["more than 1 MB", BIG],
  ])("content survives exactly: %s", async (_, content) => {
    const { store } = fixture();
    const { version: expected } = await store.load([RECORD]);
    await mustSave(store, { expected, files: new Map([[RECORD, content]]), message: "Save ✓" });
    const after = text(await store.load([RECORD]), RECORD);
    expect(after?.length).toBe(content.length);
    expect(after === content).toBe(true);
  });
}

function comparing(fixture: () => StoreFixture): void {
  test("another writer saved the same file in between: conflict, and theirs stays", async () => {
    const { store, personSaves } = fixture();
    await personSaves(RECORD, "one\n");
    const { version: expected } = await store.load([RECORD]);
    await personSaves(RECORD, "theirs\n");
    const files = new Map([
      [RECORD, "ours\n"],
      [ARCHIVE, "ours\n"],
    ]);
    expect(await store.save({ expected, files, message: "Ours" })).toEqual({ kind: "conflict" });
    expect([...(await store.load([RECORD, ARCHIVE])).files.values()]).toEqual(["theirs\n", null]);
  });

  test("after a conflict, loading again and saving wins", async () => {
    const { store, personSaves } = fixture();
    await personSaves(RECORD, "one\n");
    const { version: stale } = await store.load([RECORD]);
    await personSaves(RECORD, "two\n");
    expect(
      (
        await store.save({
          expected: stale,
          files: new Map([[RECORD, "three\n"]]),
          message: "Ours",
        })
      ).kind,
    ).toBe("conflict");
    const { version: expected } = await store.load([RECORD]);
    await mustSave(store, {
      expected,
      files: new Map([[RECORD, "two, three\n"]]),
      message: "Ours, merged",
    });
    expect(text(await store.load([RECORD]), RECORD)).toBe("two, three\n");
  });

  test("of concurrent saves exactly one wins, whole", async () => {
    const { store, personSaves } = fixture();
    await personSaves(RECORD, "one\n");
    const { version: expected } = await store.load([RECORD]);
    const contents = ["a", "b", "c", "d"];
    const results = await Promise.all(
      contents.map((content) =>
        store.save({
          expected,
          files: new Map([
            [RECORD, content],
            [ARCHIVE, content],
          ]),
          message: `Save ${content}`,
        }),
      ),
    );
    expect(results.map((result) => result.kind).sort()).toEqual([
      "conflict",
      "conflict",
      "conflict",
      "saved",
    ]);
    const winner = contents[results.findIndex((result) => result.kind === "saved")];
    const after = await store.load([RECORD, ARCHIVE]);
    expect([...after.files.values()]).toEqual([winner, winner]);
  });
}

function text(snapshot: Snapshot, path: string): string | null | undefined {
  return snapshot.files.get(path);
}

function given(version: string | null): string {
  if (version === null) throw new Error("the store has no version although something was saved");
  return version;
}

async function mustSave(
  store: Store,
  change: RecordChange,
): Promise<{ readonly version: string; readonly sha: string | null }> {
  const result = await store.save(change);
  if (result.kind !== "saved")
    throw new Error(`the store answered ${result.kind} although no other writer saved in between`);
  return result;
}
