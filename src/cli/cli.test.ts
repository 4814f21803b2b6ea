// The commands as people run them: arguments in, all of stdout, stderr and the exit code out.
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { type InProcessOptions, type Outcome, runCli, runInProcess } from "../testing/cli.ts";
import { type TestRepository, temporaryFolder, testRepository } from "../testing/git-repository.ts";
import { toolAvailable } from "../testing/require-tool.ts";

const NOW = new Date("2027-03-01T12:00:00Z");
const HOUR_MS = 3_600_000;

const closing: { close(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(closing.splice(0).map((each) => each.close()));
});

async function folder(): Promise<string> {
  const made = await temporaryFolder();
  closing.push(made);
  return made.path;
}

async function repository(): Promise<TestRepository> {
  const made = await testRepository();
  closing.push(made);
  return made;
}

/** In this process, at a fixed time; what differs from run to run made equal. */
async function cli(directory: string, args: string[], options: Partial<InProcessOptions> = {}): Promise<Outcome> {
  const { code, stdout, stderr } = await runInProcess(args, { directory, now: () => NOW, ...options });
  const normal = (text: string) =>
    text
      .replaceAll(directory, "<folder>")
      .replace(/(commit )[0-9a-f]{10}/g, "$1<sha>")
      .replace(/(sha256:)[0-9a-f]{12}…/g, "$1<digest>…");
  return { code, stdout: normal(stdout), stderr: normal(stderr) };
}

/** An error as the table of bad inputs knows it. */
async function errorCode(outcome: Promise<Outcome>): Promise<{ code: number | null; error: string }> {
  const { code, stdout } = await outcome;
  return { code, error: JSON.parse(stdout).error?.code };
}

describe.skipIf(!toolAvailable("git"))("README walk-through", () => {
  test("init, generate, rotate, get, exec, health, each a process of its own", async () => {
    const { directory, git } = await repository();
    const run = (...args: string[]) => runCli(args, { directory });

    expect(await run("init")).toEqual({
      code: 0,
      stdout:
        "Wrote token_config.json.\n\nNext: edit it, then `token-automation plan` shows what is due and `token-automation run` rotates it.\n",
      stderr: "",
    });
    const generated = await run("generate", "api_key", "--length", "40", "--prefix", "acme_");
    expect(generated).toEqual({ code: 0, stdout: expect.stringMatching(/^acme_[A-Za-z0-9]{35}\n$/), stderr: "" });
    const rotated = await run("rotate", "API_KEY");
    expect({ ...rotated, stdout: rotated.stdout.split("\n").slice(0, 4) }).toEqual({
      code: 0,
      stdout: [
        "STATUS     TOKEN    GENERATION  WHY        WHERE",
        "✔ rotated  API_KEY  1           asked for  vault:local:API_KEY",
        "",
        "1 rotated.",
      ],
      stderr: "",
    });
    const value = await run("get", "API_KEY");
    expect(value).toEqual({ code: 0, stdout: expect.stringMatching(/^[A-Za-z0-9]{32}\n$/), stderr: "" });
    expect(await run("exec", "--only", "API_KEY", "--", "sh", "-c", 'printf "%s\n" "$API_KEY"; exit 9')).toEqual({ ...value, code: 9 });
    const health = await run("health", "--fail-on", "should_rotate");
    expect(health.stdout).toMatch(/^HEALTH +TOKEN +AGE +NEXT DUE +WHY\n🟢 recently rotated {2}API_KEY {2}0 h /);
    expect(health.code).toBe(0);
    expect(await git("log", "--format=%s", "--", "token_config.json")).toBe(
      "token-automation: rotate API_KEY [skip ci]\ntoken-automation: prepare API_KEY [skip ci]\n",
    );
    expect((await git("status", "--porcelain")).trim()).toBe("");
  });
});

describe.skipIf(!toolAvailable("git"))("the commands, at a fixed time", () => {
  test("setup-rule, workflow, plan, run, status, suggest, history, verify", async () => {
    const { directory } = await repository();
    const said: string[] = [];
    const run = async (...args: string[]) => {
      const { code, stdout, stderr } = await cli(directory, args, { env: { USER: "ana" } });
      said.push(`$ token-automation ${args.join(" ")} → ${code}\n${stdout}${stderr === "" ? "" : `--- stderr\n${stderr}`}`);
    };
    await run("setup-rule", "API_KEY", "24");
    await run("setup-rule", "DB_PASSWORD", "720", "--no-auto-rotate", "--no-notify");
    await run("setup-rule", "API_KEY", "24");
    await run("workflow", "create", "nightly", "--tokens", "API_KEY,DB_PASSWORD", "--schedule", "0 2 * * *", "--timezone", "Europe/Berlin");
    await run("plan");
    await run("plan", "--at", "2027-03-02T02:30:00+01:00");
    await run("run", "--dry-run");
    await run("run");
    await run("run");
    await run("workflow", "run", "nightly", "--dry-run");
    await run("workflow", "list");
    await run("health");
    await run("suggest");
    await run("history", "--verify");
    await run("history", "API_KEY", "--limit", "1");
    await run("verify");
    await run("status", "--history", "1");
    expect(said.join("\n")).toMatchSnapshot();
  });

  test("--fail-on exits with 3 at that status or worse, and reports all the same", async () => {
    const { directory } = await repository();
    const at = (hours: number) => ({ now: () => new Date(NOW.getTime() + hours * HOUR_MS) });
    await cli(directory, ["rotate", "API_KEY"]);
    const codes = [];
    for (const [hours, status] of [
      [1, "should_rotate"],
      [24 * 8, "should_rotate"],
      [24 * 8, "needs_rotation"],
      [24 * 15, "needs_rotation"],
      [24 * 31, "high_risk"],
    ] as const) {
      const { code, stdout } = await cli(directory, ["health", "--fail-on", status], at(hours));
      codes.push([code, stdout.split("\n")[1]?.slice(0, 20).trim()]);
    }
    expect(codes).toEqual([
      [0, "🟢 recently rotated"],
      [3, "🟡 should rotate  AP"],
      [0, "🟡 should rotate  AP"],
      [3, "🟠 needs rotation  A"],
      [3, "🔴 HIGH RISK  API_KE"],
    ]);
  });

  test("--show prints the values and nothing else on stdout; the report goes to stderr", async () => {
    const { directory } = await repository();
    const one = await cli(directory, ["rotate", "ALPHA", "--show"]);
    expect(one.stdout).toMatch(/^[A-Za-z0-9]{32}\n$/);
    expect(one.stderr).toMatch(/✔ rotated {2}ALPHA/);
    expect(one.stdout).toBe((await cli(directory, ["get", "ALPHA"])).stdout);
    const two = await cli(directory, ["rotate", "ALPHA", "BETA", "--show"]);
    expect(two.stdout).toMatch(/^ALPHA=[A-Za-z0-9]{32}\nBETA=[A-Za-z0-9]{32}\n$/);
    const json = JSON.parse((await cli(directory, ["rotate", "ALPHA", "--show", "--json"])).stdout);
    expect({ rotated: json.rotated, names: Object.keys(json.values) }).toEqual({ rotated: ["ALPHA"], names: ["ALPHA"] });
  });

  test("verify compares what the process sees, and fails on a mismatch", async () => {
    const { directory } = await repository();
    await cli(directory, ["rotate", "ALPHA"]);
    const value = (await cli(directory, ["get", "ALPHA"])).stdout.trimEnd();
    const verdict = async (env: Record<string, string>) => {
      const { code, stdout } = await cli(directory, ["verify", "--json"], { env });
      return [code, JSON.parse(stdout).tokens[0].verdict];
    };
    expect(await verdict({ ALPHA: value })).toEqual([0, "match"]);
    expect(await verdict({ ALPHA: "something else" })).toEqual([1, "mismatch"]);
    expect(await verdict({ ALPHA: "" })).toEqual([0, "not_seen"]);
  });

  test("a history that somebody edited fails", async () => {
    const { directory } = await repository();
    await cli(directory, ["rotate", "ALPHA"]);
    const path = join(directory, "token_config.json");
    const record = JSON.parse(await readFile(path, "utf8"));
    record.history[0].triggered_by.actor = "somebody else";
    await cli(directory, ["rotate", "ALPHA"]);
    const later = JSON.parse(await readFile(path, "utf8"));
    await writeFile(path, `${JSON.stringify({ ...later, history: [record.history[0], ...later.history.slice(1)] }, null, 2)}\n`);
    const { code, stdout } = await cli(directory, ["history", "--verify"]);
    expect(code).toBe(1);
    expect(stdout).toContain("✖ The history's chain is broken in 1 place:");
  });

  test("what the record holds cannot act on the terminal", async () => {
    const { directory, commit } = await repository();
    await cli(directory, ["rotate", "ALPHA"]);
    const record = JSON.parse(await readFile(join(directory, "token_config.json"), "utf8"));
    record.history[0].triggered_by.actor = "\u001b[2J\u202eevil\nrotated";
    await commit("token_config.json", `${JSON.stringify(record, null, 2)}\n`);
    const { stdout } = await cli(directory, ["history"]);
    expect(stdout).toContain("cli \\u{1b}[2J\\u{202e}evil\\nrotated");
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
    expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202e]/);
  });
});

describe("init", () => {
  test("writes what the program itself accepts, and never over what is there", async () => {
    const directory = await folder();
    expect((await cli(directory, ["init", "--json"])).stdout).toBe('{\n  "created": [\n    "token_config.json"\n  ],\n  "kept": []\n}\n');
    expect((await cli(directory, ["plan"])).stdout).toContain("→ due  API_KEY  never rotated");
    await writeFile(join(directory, "token_config.json"), '{"version":1}\n');
    expect(await cli(directory, ["init"])).toEqual({
      code: 2,
      stdout: "",
      stderr:
        "error: token_config.json is there already; nothing was written\n  hint: Add --force to replace it, record and history included.\n",
    });
    expect(await readFile(join(directory, "token_config.json"), "utf8")).toBe('{"version":1}\n');
    expect((await cli(directory, ["init", "--force"])).code).toBe(0);
    expect(await readFile(join(directory, "token_config.json"), "utf8")).toContain('"API_KEY"');
  });

  test("--workflow adds the workflow at the repository's root, and keeps the record even under --force", async () => {
    const { directory, write } = await repository();
    await write("ops/token_config.json", '{"version":1}\n');
    const { code, stdout } = await cli(directory, ["init", "--workflow", "--force", "--config", "ops/token_config.json", "--json"]);
    expect({ code, ...JSON.parse(stdout) }).toEqual({
      code: 0,
      created: [".github/workflows/rotate-tokens.yml"],
      kept: ["ops/token_config.json"],
    });
    expect(await readFile(join(directory, "ops/token_config.json"), "utf8")).toBe('{"version":1}\n');
    expect(await readFile(join(directory, ".github/workflows/rotate-tokens.yml"), "utf8")).toMatchSnapshot();
  });
});

describe("a local record", () => {
  test("outside git it works, and says that nothing is committed", async () => {
    const directory = await folder();
    const { code, stdout, stderr } = await cli(directory, ["rotate", "ALPHA"]);
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: expect.stringMatching(/^note: (this folder is not in a git work tree|git is not installed), so nothing is committed/),
    });
    expect(stdout).toContain("Recorded in token_config.json, without a commit.");
    expect((await cli(directory, ["get", "ALPHA"])).code).toBe(0);
  });

  test("is found by --config from anywhere, with its vault beside it", async () => {
    const directory = await folder();
    await cli(directory, ["rotate", "ALPHA"]);
    const elsewhere = await folder();
    const there = await cli(elsewhere, ["get", "ALPHA", "--config", join(directory, "token_config.json")]);
    expect(there).toEqual(await cli(directory, ["get", "ALPHA"]));
    expect(await readdir(elsewhere)).toEqual([]);
  });

  test("every mistake in it is told at once, with its place", async () => {
    const directory = await folder();
    const text =
      '{\n  "version": 1,\n  "tokens": { "A-B": {}, "OK": { "type": "api_kee" } },\n  "rules": { "OK": { "interval_hours": 0 } }\n}\n';
    await writeFile(join(directory, "token_config.json"), text);
    const people = await cli(directory, ["plan"]);
    expect({ ...people, stderr: people.stderr.split("\n").filter((line) => !line.startsWith("  hint:")) }).toEqual({
      code: 2,
      stdout: "",
      stderr: [
        expect.stringMatching(/^token_config\.json:3:15: .*A-B/),
        expect.stringMatching(/^token_config\.json:3:42: .*type/),
        expect.stringMatching(/^token_config\.json:4:40: .*interval_hours/),
        "error: token_config.json has 3 mistakes",
        "",
      ],
    });
    const programs = await cli(directory, ["plan", "--json"]);
    expect(programs.stderr).toBe(people.stderr);
    expect(JSON.parse(programs.stdout).error).toMatchObject({
      kind: "misconfigured",
      code: "config-invalid",
      problems: [{ position: { line: 3, column: 15 } }, { position: { line: 3, column: 42 } }, { position: { line: 4, column: 40 } }],
    });
    expect(await readdir(directory)).toEqual(["token_config.json"]);
  });
});

describe("bad input exits with 2, writes nothing, and shows no value", () => {
  const CANARY = "Tr0ub4dor";
  test.each([
    [[], undefined],
    [["rotat"], "unknown-command"],
    [["health", "--jsn"], "unknown-option"],
    [["health", "--fail-on", "bad"], "invalid-argument"],
    [["health", "now"], "excess-arguments"],
    [["generate", "api_kee"], "unknown-type"],
    [["generate", "--length", "10x"], "invalid-argument"],
    [["generate", "--length", "0"], "invalid-argument"],
    [["generate", "--length", "1e9"], "invalid-argument"],
    [["generate", "--length", "4", "--prefix", "long_"], "prefix-too-long"],
    [["rotate"], "missing-argument"],
    [["rotate", `API_KEY=${CANARY}`], "value-in-arguments"],
    [["rotate", "API_KEY", `${CANARY}!`], "invalid-name"],
    [["rotate", "API_KEY", CANARY], "token-missing"],
    [["rotate", `ghp_${CANARY}${CANARY}`], "value-in-arguments"],
    [["rotate", "API_KEY", "--value", CANARY], "value-in-arguments"],
    [["rotate", "API_KEY", `--new-token=${CANARY}`], "value-in-arguments"],
    [["rotate", "API_KEY", `--secret-value=${CANARY}`], "unknown-option"],
    [["rotate", "API_KEY", "api_key"], "duplicate-name"],
    [["rotate", "API_KEY", "OTHER", "--value-stdin"], "one-name-only"],
    [["rotate", "API_KEY", "--value-stdin"], "empty-value"],
    [["rotate", "API_KEY", "--value-file", "nowhere"], "value-file-unreadable"],
    [["rotate", "API_KEY", "--value-file", "x", "--value-stdin"], "conflicting-option"],
    [["rotate", "API_KEY", "--show", "--dry-run"], "conflicting-option"],
    [["setup-rule", "API_KEY"], "missing-argument"],
    [["setup-rule", "API_KEY", "0"], undefined],
    [["setup-rule", "API_KEY", "-1"], undefined],
    [["setup-rule", "API_KEY", "999999"], undefined],
    [["setup-rule", "API_KEY", "24h"], "invalid-argument"],
    [["setup-rule", "API-KEY", "24"], "invalid-name"],
    [["workflow"], undefined],
    [["workflow", "create", "daily"], "missing-mandatory-option-value"],
    [["workflow", "create", "daily", "--tokens", "A,,B", "--schedule", "0 2 * * *"], "invalid-argument"],
    [["workflow", "create", "daily", "--tokens", "A", "--schedule", "0 0 2 * * *"], undefined],
    [["workflow", "create", "daily", "--tokens", "A", "--schedule", "0 2 31 2 *"], undefined],
    [["workflow", "create", "daily", "--tokens", "A", "--schedule", "0 2 * * *", "--timezone", "Mars/Base"], undefined],
    [["workflow", "run", "daily"], "record-missing"],
    [["plan", "--at", "tomorrow"], "invalid-argument"],
    [["plan", "--at", "2027-02-30T00:00:00Z"], "invalid-argument"],
    [["plan", "--at", "2027-02-01T00:00:00"], "invalid-argument"],
    [["start-scheduler", "--every", "0"], "invalid-argument"],
    [["start-scheduler"], "record-missing"],
    [["run"], "record-missing"],
    [["status"], "record-missing"],
    [["history"], "record-missing"],
    [["verify"], "record-missing"],
    [["status", "--branch", "main"], "branch-without-repo"],
    [["status", "--repo", "acme/widgets"], "no-github-token"],
    [["status", "--repo", "widgets"], "invalid-argument"],
    [["get", "API_KEY", "--repo", "acme/widgets"], "local-only"],
    [["get", "API_KEY"], "not-in-vault"],
    [["exec", "--", "true"], "not-in-vault"],
    [["serve", "--port", "70000"], "invalid-argument"],
  ])("%j", async (args, expected) => {
    const directory = await folder();
    const json = await cli(directory, ["--json", ...args]);
    const text = await cli(directory, args);
    expect(text.code).toBe(2);
    expect(text.stdout).toBe("");
    expect(text.stderr).not.toBe("");
    if (expected !== undefined) expect(await errorCode(Promise.resolve(json))).toEqual({ code: 2, error: expected });
    expect(JSON.stringify([json, text])).not.toContain(CANARY);
    expect(await readdir(directory)).toEqual([]);
  });

  test.each([
    ["a line break at its end", "hunter2\n", "trailing-newline"],
    ["a NUL", "hunter2\0x", "nul-in-value"],
    ["too much", "x".repeat(48 * 1024 + 1), "value-too-large"],
    ["not UTF-8", Buffer.from([0x68, 0xff, 0xfe]), "malformed-value"],
  ])("a value with %s", async (_, input, expected) => {
    const directory = await folder();
    const outcome = await runCli(["rotate", "API_KEY", "--value-stdin", "--json"], { directory, input });
    expect({ code: outcome.code, error: JSON.parse(outcome.stdout).error.code }).toEqual({ code: 2, error: expected });
    expect(JSON.stringify(outcome)).not.toContain("hunter2");
    expect(await readdir(directory)).toEqual([]);
  });

  test("an option is not guessed at, and the nearest is named", async () => {
    const directory = await folder();
    expect((await cli(directory, ["generate", "pasword"])).stderr).toBe(
      'error: "pasword" is not a type of token\n  hint: Did you mean password? There are api_key, github_pat, secret_key, password, custom.\n',
    );
    expect((await cli(directory, ["rotate", "A", "--dry-rn"])).stderr).toBe(
      "error: unknown option '--dry-rn'\n  hint: Did you mean --dry-run?\n",
    );
    expect((await cli(directory, ["helth"])).stderr).toBe("error: unknown command 'helth'\n  hint: Did you mean health?\n");
  });
});

describe("on a terminal", () => {
  test("progress rewrites one line and leaves none behind; colours only there, and not under NO_COLOR", async () => {
    const directory = await folder();
    const color = await runInProcess(["rotate", "ALPHA"], { directory, now: () => NOW, terminal: true });
    const plain = await runInProcess(["rotate", "BETA"], { directory, now: () => NOW, terminal: true, env: { NO_COLOR: "1" } });
    const piped = await runInProcess(["rotate", "GAMMA"], { directory, now: () => NOW });
    const erase = "\r\u001b[2K";
    expect(color.stderr).toContain(`${erase}Placing… `);
    expect(color.stderr.endsWith(erase)).toBe(true);
    expect(color.stdout).toContain("\u001b[32m✔ rotated");
    expect(plain.stdout).not.toContain("\u001b");
    expect(piped.stdout + piped.stderr).not.toContain("\u001b");
  });

  test("a value is not read from it", async () => {
    const directory = await folder();
    const outcome = await cli(directory, ["rotate", "ALPHA", "--value-stdin", "--json"], { terminal: true });
    expect(JSON.parse(outcome.stdout).error.code).toBe("value-from-terminal");
  });
});
