// Several files replaced together, and what is left if one of them, or the last moment, refuses.
import { chmod, mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { temporaryFolder } from "../../../test/git-repository.ts";
import { replaceFiles } from "./replace-files.ts";

let directory: string;
let close: () => Promise<void>;
beforeEach(async () => {
  ({ path: directory, close } = await temporaryFolder());
});
afterEach(() => close());

const ready = async () => {};
const at = (name: string) => join(directory, name);

test("all are written, new folders too, and each file keeps its permissions", async () => {
  await writeFile(at("a"), "old");
  await chmod(at("a"), 0o640);
  const files = [
    { path: at("a"), content: "new", before: Buffer.from("old") },
    { path: at("deep/er/b"), content: "b", before: null },
  ];
  await replaceFiles(files, ready);
  expect([await readFile(at("a"), "utf8"), await readFile(at("deep/er/b"), "utf8")]).toEqual([
    "new",
    "b",
  ]);
  expect((await stat(at("a"))).mode & 0o777).toBe(0o640);
});

test("the files of a killed writer are removed, and nothing else", async () => {
  for (const name of [".a.0123456789ab.tmp", ".a.keep", "a.tmp", ".b.0123456789ab.tmp"])
    await writeFile(at(name), "");
  await replaceFiles([{ path: at("a"), content: "new", before: null }], ready);
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
  await expect(replaceFiles(files, ready)).rejects.toMatchObject({
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
    replaceFiles(files, () => Promise.reject(new Error("disk on fire"))),
  ).rejects.toMatchObject({
    name: "Unchanged",
    code: "not-written",
  });
  expect([await readFile(at("a"), "utf8"), await readdir(directory)]).toEqual(["old", ["a"]]);
});
