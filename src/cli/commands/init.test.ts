// Files that `init` writes, and files that it leaves alone.
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { normalised as cli } from "../../../test/cli.ts";
import { useFolders } from "../../../test/folders.ts";
import { toolAvailable } from "../../../test/require-tool.ts";

const { folder, repository } = useFolders();

describe("init", () => {
  test("writes files that the program itself accepts, and never over existing ones", async () => {
    const directory = await folder();
    expect((await cli(directory, ["init", "--json"])).stdout).toBe(
      '{\n  "created": [\n    "token_config.json"\n  ],\n  "kept": []\n}\n',
    );
    expect((await cli(directory, ["plan"])).stdout).toContain("→ due  API_KEY  never rotated");
    await writeFile(join(directory, "token_config.json"), '{"version":1}\n');
    expect(await cli(directory, ["init"])).toEqual({
      code: 2,
      stdout: "",
      stderr:
        "error: token_config.json exists already; nothing was written\n  hint: Add --force to replace it, record and history included.\n",
    });
    expect(await readFile(join(directory, "token_config.json"), "utf8")).toBe('{"version":1}\n');
    expect((await cli(directory, ["init", "--force"])).code).toBe(0);
    expect(await readFile(join(directory, "token_config.json"), "utf8")).toContain('"API_KEY"');
  });

  test.skipIf(!toolAvailable("git"))(
    "--workflow adds the workflow at the repository's root, and keeps the record even under --force",
    async () => {
      const { directory, write } = await repository();
      await write("ops/token_config.json", '{"version":1}\n');
      const { code, stdout } = await cli(directory, [
        "init",
        "--workflow",
        "--force",
        "--config",
        "ops/token_config.json",
        "--json",
      ]);
      expect({ code, ...JSON.parse(stdout) }).toEqual({
        code: 0,
        created: [".github/workflows/rotate-tokens.yml"],
        kept: ["ops/token_config.json"],
      });
      expect(await readFile(join(directory, "ops/token_config.json"), "utf8")).toBe(
        '{"version":1}\n',
      );
      expect(
        await readFile(join(directory, ".github/workflows/rotate-tokens.yml"), "utf8"),
      ).toMatchSnapshot();
    },
  );
});
