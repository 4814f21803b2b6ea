import { spawnSync } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";

function generate(...args: string[]): { status: number | null; stderr: string } {
  const { status, stderr } = spawnSync(process.execPath, [fileURLToPath(new URL("generate.ts", import.meta.url)), ...args], {
    encoding: "utf8",
  });
  return { status, stderr };
}

test("the generated files in the repository are up to date", () => {
  expect(generate("--check")).toEqual({ status: 0, stderr: "" });
});

test("stale and missing files are named, and written only when asked for", async () => {
  const root = await mkdtemp(join(tmpdir(), "generate-"));
  onTestFinished(() => rm(root, { recursive: true }));
  const file = join(root, "token_config.schema.json");
  const stale = { status: 1, stderr: "token_config.schema.json is stale: run node scripts/generate.ts\n" };
  expect(generate("--check", "--root", root)).toEqual(stale);
  await writeFile(file, "{}\n");
  expect(generate("--check", "--root", root)).toEqual(stale);
  expect(await readFile(file, "utf8")).toBe("{}\n");
  expect(generate("--root", root)).toEqual({ status: 0, stderr: "token_config.schema.json written\n" });
  expect(generate("--root", root)).toEqual({ status: 0, stderr: "" });
  expect(JSON.parse(await readFile(file, "utf8"))).toMatchObject({ title: "token_config.json" });
});
