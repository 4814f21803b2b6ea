// The vault under writers that are killed at random moments.
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { killWhileRunning } from "../../../test/child-process.ts";
import { temporaryFolder } from "../../../test/git-repository.ts";
import { sizeOf } from "../../../test/sample.ts";
import { Secret } from "../../core/base/secret.ts";
import { seal } from "../../core/credentials/seal.ts";
import { openVault } from "./vault.ts";

const WRITER = new URL("../../../test/vault-writer.ts", import.meta.url);
const NOW = new Date("2026-01-01T00:00:00.000Z");
const KILLS = sizeOf(20, 5);

test("a writer that is killed leaves the old file or the new one", async () => {
  const { path: directory, close } = await temporaryFolder();
  onTestFinished(close);
  const vault = () => openVault({ directory, key: null, now: () => NOW });
  const inVault = (name: string) => join(directory, ".token-automation", name);
  const put = async (name: string, value: string) =>
    vault().put(name, await seal(new Secret(value), await vault().publicKey()));
  const reveal = async (name: string) => (await vault().get(name))?.reveal() ?? null;
  await put("STAYS", "the same");
  for (let kills = 0; kills < KILLS; kills += 1) {
    await killWhileRunning({ script: WRITER, args: [directory, "WRITTEN", "0"] });
    // Its owner is dead; waiting until the lock goes stale would only take time.
    await rm(inVault("vault.json.lock"), { recursive: true, force: true });
    expect(await vault().names()).toEqual(["STAYS", "WRITTEN"]);
    expect(await reveal("WRITTEN")).toMatch(/^value \d+ of WRITTEN$/);
  }
  expect(await reveal("STAYS")).toBe("the same");
  await put("STAYS", "new");
  expect((await readdir(inVault("."))).sort()).toEqual([".gitignore", "vault.json", "vault.key"]);
});
