import { rename, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { useFolders } from "../../../test/folders.ts";
import { localReader } from "./local-reader.ts";

const { folder } = useFolders();
const NAME = "token_config.json";

async function reader() {
  const directory = await folder();
  const path = join(directory, NAME);
  const store = localReader(directory);
  return { directory, path, store, read: async () => (await store.load([NAME])).files.get(NAME) };
}

test("shows what the file holds now, after any kind of change", async () => {
  const { directory, path, read } = await reader();
  expect(await read()).toBeNull();
  const long = new Date(Date.now() - 3_600_000);
  await writeFile(path, "one");
  await utimes(path, long, long);
  expect([await read(), await read()]).toEqual(["one", "one"]);
  await writeFile(path, "two");
  expect(await read()).toBe("two");
  // A program that hides its change does this: the same length, the same times of writing.
  await writeFile(join(directory, "new"), "six");
  await utimes(join(directory, "new"), long, long);
  await rename(join(directory, "new"), path);
  expect(await read()).toBe("six");
  await rm(path);
  expect(await read()).toBeNull();
});

test("a file written a moment ago is read each time, since its times may not show the next change", async () => {
  const { path, read } = await reader();
  for (let round = 0; round < 200; round += 1) {
    await writeFile(path, `${round % 10}`);
    expect(await read()).toBe(`${round % 10}`);
  }
});

test("refuses what the local store refuses, and saves nothing", async () => {
  const { directory, path, store, read } = await reader();
  await writeFile(join(directory, "elsewhere"), "x");
  await symlink(join(directory, "elsewhere"), path);
  await expect(read()).rejects.toMatchObject({ code: "path-refused" });
  await expect(store.load(["../outside"])).rejects.toMatchObject({ code: "path-refused" });
  await expect(store.save({ expected: null, files: new Map(), message: "x" })).rejects.toThrow(
    "this store is read-only",
  );
});
