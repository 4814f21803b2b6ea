// Several files replaced together, and what is left if one of them, or the last moment, refuses.
import { chmod, mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { temporaryFolder } from "../../../test/git-repository.ts";
import { finishReplacing, replaceFiles } from "./replace-files.ts";

let directory: string;
let close: () => Promise<void>;
beforeEach(async () => {
  ({ path: directory, close } = await temporaryFolder());
});
afterEach(() => close());

const at = (name: string) => join(directory, name);
const how = (ready = async () => {}) => ({ ready, journal: at("journal") });

test("all are written, new folders too, and each file keeps its permissions", async () => {
  await writeFile(at("a"), "old");
  await chmod(at("a"), 0o640);
  const files = [
    { path: at("a"), content: "new", before: Buffer.from("old") },
    { path: at("deep/er/b"), content: "b", before: null },
  ];
  await replaceFiles(files, how());
  expect([await readFile(at("a"), "utf8"), await readFile(at("deep/er/b"), "utf8")]).toEqual([
    "new",
    "b",
  ]);
  expect((await stat(at("a"))).mode & 0o777).toBe(0o640);
});

test("the files of a killed writer are removed, and nothing else", async () => {
  for (const name of [".a.0123456789ab.tmp", ".a.keep", "a.tmp", ".b.0123456789ab.tmp"])
    await writeFile(at(name), "");
  await replaceFiles([{ path: at("a"), content: "new", before: null }], how());
  expect((await readdir(directory)).sort()).toEqual([
    ".a.keep",
    ".b.0123456789ab.tmp",
    "a",
    "a.tmp",
  ]);
});

test("if one cannot be placed, the ones before it are put back", async () => {
  await writeFile(at("a"), "old");
  await mkdir(at("blocked/full"), { recursive: true });
  const files = [
    { path: at("a"), content: "new", before: Buffer.from("old") },
    { path: at("fresh"), content: "new", before: null },
    { path: at("blocked"), content: "new", before: null },
  ];
  await expect(replaceFiles(files, how())).rejects.toMatchObject({
    name: "Unchanged",
    code: "not-written",
  });
  expect([await readFile(at("a"), "utf8"), (await readdir(directory)).sort()]).toEqual([
    "old",
    ["a", "blocked"],
  ]);
});

test("a refusal at the last moment leaves everything as it was", async () => {
  await writeFile(at("a"), "old");
  const files = [{ path: at("a"), content: "new", before: Buffer.from("old") }];
  await expect(
    replaceFiles(
      files,
      how(() => Promise.reject(new Error("disk on fire"))),
    ),
  ).rejects.toMatchObject({
    name: "Unchanged",
    code: "not-written",
  });
  expect([await readFile(at("a"), "utf8"), await readdir(directory)]).toEqual(["old", ["a"]]);
});

test.each([0, 1, 2])("what a crash after %s renames left is finished later", async (done) => {
  await writeFile(at("a"), done > 0 ? "new a" : "old");
  const files = [
    { path: at("a"), temporary: at(".a.0123456789ab.tmp") },
    { path: at("b"), temporary: at(".b.0123456789ab.tmp") },
  ];
  if (done < 1) await writeFile(at(".a.0123456789ab.tmp"), "new a");
  if (done < 2) await writeFile(at(".b.0123456789ab.tmp"), "new b");
  else await writeFile(at("b"), "new b");
  await writeFile(at("journal"), JSON.stringify(files));
  await finishReplacing(at("journal"));
  await finishReplacing(at("journal"));
  expect((await readdir(directory)).sort()).toEqual(["a", "b"]);
  expect([await readFile(at("a"), "utf8"), await readFile(at("b"), "utf8")]).toEqual([
    "new a",
    "new b",
  ]);
});
