// The store in memory against the contract.
import { expect, test } from "vitest";
import { storeContract } from "../../../test/store-contract.ts";
import { memoryStore } from "./memory.ts";

storeContract("memory", async () => {
  const store = memoryStore();
  const personSaves = async (path: string, text: string) => {
    const { version } = await store.load([path]);
    await store.save({ expected: version, files: new Map([[path, text]]), message: "A person's" });
  };
  return { store, personSaves, close: async () => {} };
});

test("starts with what it was given, and says who may read it", async () => {
  const store = memoryStore({ files: new Map([["a.json", "{}"]]), visibility: "private" });
  expect(await store.load(["a.json", "b.json"])).toEqual({
    version: "0",
    files: new Map([
      ["a.json", "{}"],
      ["b.json", null],
    ]),
    visibility: "private",
  });
});
