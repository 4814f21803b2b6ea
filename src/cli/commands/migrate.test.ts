import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { runInProcess } from "../../../test/cli.ts";
import { useFolders } from "../../../test/folders.ts";

const folders = useFolders();
const FLAT = {
  version: 1,
  tokens: { API_KEY: { type: "api_key" } },
  rules: { API_KEY: { interval_hours: 24 } },
  state: {
    tokens: {
      API_KEY: {
        generation: 3,
        rotated_at: "2026-03-01T00:00:00.000Z",
        fingerprint: "sha256:00",
        destinations: {},
        pending: null,
        failures: 0,
        last_error: null,
      },
    },
  },
};

test("a flat record is refused with what to do, migrated once, and then read as it was", async () => {
  const directory = await folders.folder();
  await writeFile(join(directory, "token_config.json"), JSON.stringify(FLAT));
  const cli = (...args: string[]) =>
    runInProcess(args, { directory, now: () => new Date("2026-03-01T06:00:00Z") });
  for (const command of ["run", "plan", "health", "status"]) {
    const { code, stderr } = await cli(command);
    expect([command, code]).toEqual([command, 2]);
    expect(stderr).toContain("written by an earlier edition of the program");
    expect(stderr).toContain("Run `token-automation migrate`");
  }
  const dry = await cli("migrate", "--dry-run");
  expect(JSON.parse(dry.stdout).state.tokens.API_KEY.current).toMatchObject({ generation: 3 });
  const migrated = await cli("migrate");
  expect(migrated).toMatchObject({
    code: 0,
    stdout: expect.stringContaining(
      "Wrote the state of 1 token and 0 history entries in the new shape. Nothing was lost.",
    ),
  });
  const status = await cli("status", "--json");
  expect(JSON.parse(status.stdout).tokens.API_KEY).toMatchObject({
    generation: 3,
    rotated_at: "2026-03-01T00:00:00.000Z",
    fingerprint: "sha256:00",
  });
  expect((await cli("run")).code).toBe(0);
  const again = await cli("migrate");
  expect([again.code, again.stderr]).toEqual([
    2,
    expect.stringContaining("already of this version"),
  ]);
});
