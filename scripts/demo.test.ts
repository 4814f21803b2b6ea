import { execFileSync } from "node:child_process";
import { rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { CLI } from "../test/cli.ts";
import { bareEnvironment, temporaryFolder } from "../test/git-repository.ts";
import { TYPESCRIPT } from "../test/typescript.ts";

test("npm start makes a repository, rotates what is due, and shows no value", async () => {
  const home = await temporaryFolder();
  const env = { ...bareEnvironment(home.path), TMPDIR: home.path };
  const demo = fileURLToPath(new URL("demo.ts", import.meta.url));
  const shown = execFileSync(process.execPath, [...TYPESCRIPT, demo], { env, encoding: "utf8" });
  const folder = /cd (\S*token-automation-demo-\S+)/.exec(shown)?.[1] ?? "";
  const cli = (...args: string[]) =>
    execFileSync(process.execPath, [CLI, ...args], {
      cwd: folder,
      env,
      encoding: "utf8",
    });
  expect(shown.match(/✔ rotated .*/g)).toEqual([
    expect.stringContaining("API_KEY"),
    expect.stringContaining("DATABASE_PASSWORD"),
  ]);
  expect(shown).toContain(`rm -r ${folder}`);
  for (const name of ["API_KEY", "DATABASE_PASSWORD", "SESSION_SECRET", "WEBHOOK_SECRET"]) {
    const value = cli("get", name).trimEnd();
    expect(value.length).toBeGreaterThan(20);
    expect(shown).not.toContain(value);
  }
  expect(cli("run")).toContain("Nothing is due.");
  rmSync(folder, { recursive: true });
  await home.close();
});
