// The commands as people run them: arguments in, all of stdout, stderr and the exit code out.

import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { normalised as cli, TEST_TIME as NOW, runCli, runInProcess } from "../../test/cli.ts";
import { useFolders } from "../../test/folders.ts";
import { entriesInFolder } from "../../test/record-history.ts";
import { toolAvailable } from "../../test/require-tool.ts";
import { filesOfEntries } from "../core/record/history.ts";

const HOUR_MS = 3_600_000;

const { folder, repository } = useFolders();
// git's clock in step with the commands'.
beforeEach(() => {
  vi.stubEnv("GIT_AUTHOR_DATE", NOW.toISOString());
  vi.stubEnv("GIT_COMMITTER_DATE", NOW.toISOString());
});
afterEach(() => {
  vi.unstubAllEnvs();
});

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
    expect(generated).toEqual({
      code: 0,
      stdout: expect.stringMatching(/^acme_[A-Za-z0-9]{35}\n$/),
      stderr: "",
    });
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
    expect(value).toEqual({
      code: 0,
      stdout: expect.stringMatching(/^[A-Za-z0-9]{32}\n$/),
      stderr: "",
    });
    expect(
      await run("exec", "--only", "API_KEY", "--", "sh", "-c", 'printf "%s\n" "$API_KEY"; exit 9'),
    ).toEqual({ ...value, code: 9 });
    const health = await run("health", "--fail-on", "should_rotate");
    expect(health.stdout).toMatch(
      /^HEALTH +TOKEN +AGE +NEXT DUE +WHY\n🟢 recently rotated {2}API_KEY {2}0 h /,
    );
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
      said.push(
        `$ token-automation ${args.join(" ")} → ${code}\n${stdout}${stderr === "" ? "" : `--- stderr\n${stderr}`}`,
      );
    };
    await run("setup-rule", "API_KEY", "24");
    await run("setup-rule", "DB_PASSWORD", "720", "--no-auto-rotate", "--no-notify");
    await run("setup-rule", "API_KEY", "24");
    await run(
      "workflow",
      "create",
      "nightly",
      "--tokens",
      "API_KEY,DB_PASSWORD",
      "--schedule",
      "0 2 * * *",
      "--timezone",
      "Europe/Berlin",
    );
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

  test("--fail-on exits with 3 at that status or worse, and still shows the report", async () => {
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
    expect({ rotated: json.rotated, names: Object.keys(json.values) }).toEqual({
      rotated: ["ALPHA"],
      names: ["ALPHA"],
    });
  });

  test("verify compares the values that the process sees, and fails on a mismatch", async () => {
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

  test("an edited history fails", async () => {
    const { directory } = await repository();
    await cli(directory, ["rotate", "ALPHA"]);
    await cli(directory, ["rotate", "ALPHA"]);
    const [first, second] = await entriesInFolder(directory);
    if (first === undefined || second === undefined) throw new Error("two rotations, two entries");
    const edited = { ...first, triggered_by: { kind: "cli", actor: "another person" } } as const;
    for (const [path, text] of filesOfEntries("token_config.json", [edited, second]))
      await writeFile(join(directory, path), text);
    const { code, stdout } = await cli(directory, ["history", "--verify"]);
    expect(code).toBe(1);
    expect(stdout).toMatch(
      /✖ The history is broken in 1 place: 2 entries, \d commits\.\n {2}✖ entry \S+ was edited: triggered_by\n/,
    );
    expect(stdout).toMatch(
      /token_history\/\d{4}-\d\d\/\d\d\.jsonl:1, uncommitted, in the work tree\n/,
    );
  });

  test("migrate moves the first edition's history to files of its days, which hold from then on", async () => {
    const { directory, commit, git } = await repository();
    const entry = (day: string) => ({
      id: `run/${day}`,
      at: `2026-${day}T02:00:00Z`,
      event: "rotated",
      token_name: "ALPHA",
      generation: 1,
      previous_hash: null,
      new_hash: null,
      triggered_by: { kind: "schedule" },
      previous_entry: null,
    });
    await commit("token_history/2026-01.jsonl", `${JSON.stringify(entry("01-30"))}\n`);
    const first = { version: 1, tokens: { ALPHA: {} }, settings: { history_limit: 10 } };
    const history = [entry("02-01"), entry("02-02")];
    await commit("token_config.json", `${JSON.stringify({ ...first, history }, null, 2)}\n`);
    const refused = await cli(directory, ["status"]);
    expect([refused.code, refused.stderr]).toEqual([
      2,
      expect.stringContaining("Run `token-automation migrate`"),
    ]);
    const migrated = await cli(directory, ["migrate"]);
    expect([migrated.code, migrated.stdout]).toEqual([
      0,
      expect.stringContaining("3 history entries"),
    ]);
    expect(await git("ls-files", "token_history")).toBe(
      [
        "token_history/2026-01.jsonl",
        "token_history/2026-01/30.jsonl",
        "token_history/2026-02/01.jsonl",
        "token_history/2026-02/02.jsonl\n",
      ].join("\n"),
    );
    await cli(directory, ["rotate", "ALPHA"]);
    const { code, stdout } = await cli(directory, ["history", "--verify"]);
    expect([code, stdout]).toEqual([0, expect.stringContaining("The history holds")]);
    expect(await entriesInFolder(directory)).toHaveLength(4);
    expect((await cli(directory, ["migrate"])).stderr).toContain("already of this version");
  });

  test("text from the record cannot act on the terminal", async () => {
    const { directory, commit } = await repository();
    await cli(directory, ["rotate", "ALPHA"]);
    const [entry] = await entriesInFolder(directory);
    if (entry === undefined) throw new Error("a rotation, an entry");
    const triggered_by = { kind: "cli", actor: "\u001b[2J\u202eevil\nrotated" } as const;
    for (const [path, text] of filesOfEntries("token_config.json", [{ ...entry, triggered_by }]))
      await commit(path, text);
    const { stdout } = await cli(directory, ["history"]);
    expect(stdout).toContain("cli \\u{1b}[2J\\u{202e}evil\\nrotated");
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
    expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202e]/);
  });
});

describe("a local record", () => {
  test("outside git it works, and says that nothing is committed", async () => {
    const directory = await folder();
    const { code, stdout, stderr } = await cli(directory, ["rotate", "ALPHA"]);
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: expect.stringMatching(
        /^note: (this folder is not in a git work tree|git is not installed), so nothing is committed/,
      ),
    });
    expect(stdout).toContain("Recorded in token_config.json, without a commit.");
    expect((await cli(directory, ["get", "ALPHA"])).code).toBe(0);
  });

  test("is found by --config from any folder, with its vault beside it", async () => {
    const directory = await folder();
    await cli(directory, ["rotate", "ALPHA"]);
    const elsewhere = await folder();
    const there = await cli(elsewhere, [
      "get",
      "ALPHA",
      "--config",
      join(directory, "token_config.json"),
    ]);
    expect(there).toEqual(await cli(directory, ["get", "ALPHA"]));
    expect(await readdir(elsewhere)).toEqual([]);
  });

  test("every mistake in it is reported at once, with its position", async () => {
    const directory = await folder();
    const text =
      '{\n  "version": 1,\n  "tokens": { "A-B": {}, "OK": { "type": "api_kee" } },\n  "rules": { "OK": { "interval_hours": 0 } }\n}\n';
    await writeFile(join(directory, "token_config.json"), text);
    const people = await cli(directory, ["plan"]);
    expect({
      ...people,
      stderr: people.stderr.split("\n").filter((line) => !line.startsWith("  hint:")),
    }).toEqual({
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
      problems: [
        { position: { line: 3, column: 15 } },
        { position: { line: 3, column: 42 } },
        { position: { line: 4, column: 40 } },
      ],
    });
    expect(await readdir(directory)).toEqual(["token_config.json"]);
  });
});

describe("on a terminal", () => {
  test("progress rewrites one line and leaves none behind; colours only there, and not under NO_COLOR", async () => {
    const directory = await folder();
    const color = await runInProcess(["rotate", "ALPHA"], {
      directory,
      now: () => NOW,
      terminal: true,
    });
    const plain = await runInProcess(["rotate", "BETA"], {
      directory,
      now: () => NOW,
      terminal: true,
      env: { NO_COLOR: "1" },
    });
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
    const outcome = await cli(directory, ["rotate", "ALPHA", "--value-stdin", "--json"], {
      terminal: true,
    });
    expect(JSON.parse(outcome.stdout).error.code).toBe("value-from-terminal");
  });
});
