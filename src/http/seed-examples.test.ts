// The Python examples that the product began with, run unchanged against a server in a fresh folder.
import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { startServer } from "../../functions/hosts/node.ts";
import { type TestRepository, testRepository } from "../../test/git-repository.ts";
import { commandOf, toolAvailable } from "../../test/require-tool.ts";
import type { RunningServer } from "./server/serve.ts";

const EXAMPLES = new URL("../../test/seed-examples.py", import.meta.url);
const run = promisify(execFile);

let repository: TestRepository;
let server: RunningServer;
beforeEach(async () => {
  repository = await testRepository({ empty: true });
  const place = {
    kind: "local",
    directory: repository.directory,
    access: null,
    vaultKey: null,
  } as const;
  const compose = {
    place,
    configPath: "token_config.json",
    fingerprintKey: null,
    whenMissing: "empty",
  } as const;
  server = await startServer({ compose, port: 0 });
});
afterEach(async () => {
  await server.close();
  await repository.close();
});

describe.skipIf(!toolAvailable("requests"))("with Python's requests", () => {
  test("every example prints its promised output, and leaves a record that git holds", async () => {
    // Unchanged except for the port: 5000 may be in use, and tests run side by side.
    const program = (await readFile(EXAMPLES, "utf8")).replaceAll(
      "http://localhost:5000/",
      `http://localhost:${server.port}/`,
    );
    const file = join(repository.directory, "..", "examples.py");
    await writeFile(file, program);
    const env = { ...process.env, NO_PROXY: "localhost", PYTHONIOENCODING: "utf-8" };
    const { stdout, stderr } = await run(commandOf("requests"), [file], { env });

    expect(stderr).toBe("");
    expect(stdout.trimEnd().split("\n")).toEqual([
      expect.stringMatching(/^New GitHub token: ghp_[0-9A-Za-z]{36}$/),
      "Tokens needing rotation: []",
      "✅ All 4 tokens are healthy",
      expect.stringMatching(/^Rotated! New token: [0-9A-Za-z]{32}$/),
      expect.stringMatching(/^Generated: [0-9A-Za-z]{32}$/),
      "Auto-rotation enabled!",
      expect.stringMatching(
        /^\{.*'total_tokens': 5, 'needs_rotation': \[\].*'never_rotated': \[\], 'high_risk': \[\]/,
      ),
    ]);

    const names = [
      "GITHUB_TOKEN",
      "API_KEY_OPENAI",
      "API_KEY_ANTHROPIC",
      "SECRET_DATABASE",
      "API_KEY",
    ];
    const record = JSON.parse(await repository.git("show", "HEAD:token_config.json"));
    expect(Object.keys(record.tokens)).toEqual(names);
    expect(Object.entries(record.rules)).toEqual(
      ["GITHUB_TOKEN", "API_KEY"].map((name) => [
        name,
        { interval_hours: 24, auto_rotate: true, notify: true },
      ]),
    );
    expect(record.workflows).toMatchObject({
      security_daily: { tokens: names.slice(0, 4), schedule: "0 2 * * *" },
    });
    const shown = /New token: (\w+)/.exec(stdout)?.[1] ?? "";
    expect(await repository.git("log", "--patch", "--all")).not.toContain(shown);
  });
});
