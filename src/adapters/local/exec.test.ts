// Commands run with secrets in their environment, as real processes.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { temporaryFolder } from "../../../test/git-repository.ts";
import { TYPESCRIPT } from "../../../test/typescript.ts";
import { Secret } from "../../core/base/secret.ts";
import { execWithSecrets } from "./exec.ts";

const RUNNER = fileURLToPath(new URL("../../../test/exec-runner.ts", import.meta.url));

function start(command: string, args: string[], env: NodeJS.ProcessEnv = {}) {
  return spawn(process.execPath, [...TYPESCRIPT, RUNNER, command, ...args], {
    env: { PATH: process.env.PATH, ...env },
    stdio: "pipe",
  });
}

async function run(script: string, { env = {}, input = "" } = {}) {
  const child = start(process.execPath, ["-e", script, "--", "$HOME; `id`", "*"], env);
  child.stdin.end(input);
  const [out, err, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, "close"),
  ]);
  return { out, err, code };
}

test("the command has the secret, its arguments untouched, and this process's input, output and exit code", async () => {
  const script = `
    console.log(JSON.stringify([process.env.API_KEY, process.env.OTHER, process.argv.slice(1)]));
    console.error("told");
    process.stdin.pipe(process.stdout);
    process.stdin.on("end", () => { process.exitCode = 7; });`;
  const result = await run(script, { env: { OTHER: "kept", API_KEY: "replaced" }, input: "typed" });
  expect(result).toEqual({
    out: `${JSON.stringify(["the value", "kept", ["$HOME; `id`", "*"]])}\ntyped`,
    err: "told\n",
    code: 7,
  });
});

test("the command gets every other variable, but not the key to the vault", async () => {
  const script = `console.log(JSON.stringify([process.env.TOKEN_AUTOMATION_KEY ?? null, process.env.GITHUB_TOKEN]))`;
  const { out } = await run(script, {
    env: { TOKEN_AUTOMATION_KEY: "the key", GITHUB_TOKEN: "the caller's" },
  });
  expect(out).toBe(`${JSON.stringify([null, "the caller's"])}\n`);
});

test.each([["SIGINT"], ["SIGTERM"], ["SIGHUP"]] as const)(
  "%s is passed on, and the command may end in its own way",
  async (signal) => {
    const child = start(process.execPath, [
      "-e",
      `process.on("${signal}", () => process.exit(40)); setInterval(() => {}, 1e6); console.log("ready")`,
    ]);
    await once(child.stdout, "data");
    child.kill(signal);
    expect(await once(child, "close")).toEqual([40, null]);
  },
);

test("an end by a signal is reported as shells report it", async () => {
  expect((await run(`process.kill(process.pid, "SIGKILL")`)).code).toBe(137);
  expect((await run(`process.kill(process.pid, "SIGTERM")`)).code).toBe(143);
});

describe("what cannot be started", () => {
  const exec = (command: string, args: string[] = [], value = "canary") =>
    execWithSecrets({
      command,
      args,
      secrets: new Map([["A", new Secret(value)]]),
      env: process.env,
    });

  test("is reported by code and hint, without arguments and values", async () => {
    const folder = await temporaryFolder();
    const file = join(folder.path, "not-executable");
    await writeFile(file, "");
    const failures = await Promise.all(
      [
        () => exec("no-such-command-anywhere", ["canary"]),
        () => exec(join(folder.path, "absent"), ["canary"]),
        () => exec(file, ["canary"]),
        () => exec(folder.path),
        async () => exec(""),
        async () => exec("node", ["canary\0"]),
        async () => exec("node", [], "canary\0"),
        () => exec("node", ["-e", ""], "canary".repeat(100_000)),
      ].map((start) =>
        start().then(
          () => null,
          (error: unknown) => error,
        ),
      ),
    );
    expect(
      failures.map((failure) => failure instanceof Error && "code" in failure && failure.code),
    ).toEqual([
      "command-not-found",
      "command-not-found",
      "command-not-started",
      "command-not-started",
      "command-not-started",
      "command-not-started",
      "command-not-started",
      "command-not-started",
    ]);
    for (const failure of failures) {
      expect(failure).toMatchObject({ name: "Misconfigured", hint: expect.any(String) });
      if (failure instanceof Error)
        expect(`${failure.stack}${JSON.stringify(failure)}${String(failure.cause)}`).not.toContain(
          "canary",
        );
    }
    await folder.close();
  });

  test("leaves no listener for signals behind", async () => {
    const count = () =>
      process.listenerCount("SIGINT") +
      process.listenerCount("SIGTERM") +
      process.listenerCount("SIGHUP");
    const before = count();
    await exec("no-such-command-anywhere").catch(() => undefined);
    await exec(process.execPath, ["-e", ""]);
    expect(count()).toBe(before);
  });
});
