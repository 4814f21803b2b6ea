// The local store with other processes: killed writers and racing writers.
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { killWhileRunning } from "../../../test/child-process.ts";
import { testRepository } from "../../../test/git-repository.ts";
import { sizeOf } from "../../../test/sample.ts";
import { recordLock } from "../local/file-lock.ts";
import { localStore } from "./local.ts";

const KILLS = sizeOf(20, 5);
const RECORD = "token_config.json";
const WRITER = new URL("../../../test/store-writer.ts", import.meta.url);

test("a writer that is killed leaves the old record or the new one, and the next save goes through", async () => {
  const { directory, environment, git, close } = await testRepository();
  const store = localStore({ directory, environment });
  for (let kills = 0; kills < KILLS; kills += 1) {
    await killWhileRunning({ script: WRITER, args: [directory, RECORD], environment });
    // Its owner is dead, so waiting until the locks go stale would only take time.
    await rm(recordLock(directory), { recursive: true, force: true });
    const content = (await store.load([RECORD])).files.get(RECORD) ?? "";
    const { index, padding } = JSON.parse(content);
    expect([typeof index, padding.length, content.endsWith("\n")]).toEqual([
      "number",
      300_000,
      true,
    ]);
  }
  await rm(join(directory, ".git", "index.lock"), { force: true });
  const { version: expected } = await store.load([RECORD]);
  expect(
    await store.save({
      expected,
      files: new Map([[RECORD, "{}\n"]]),
      message: "After the crashes",
    }),
  ).toMatchObject({ kind: "saved" });
  expect(await git("show", `HEAD:${RECORD}`)).toBe("{}\n");
  expect(await git("status", "--porcelain")).toBe("");
  await close();
});
