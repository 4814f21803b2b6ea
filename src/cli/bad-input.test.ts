// Commands that cannot be carried out: each a clear error and exit code 2, with nothing written and no value shown.
import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { normalised as cli, type Outcome, runCli } from "../../test/cli.ts";
import { useFolders } from "../../test/folders.ts";

const { folder } = useFolders();

/** An error as a row of the table of bad inputs. */
async function errorCode(
  outcome: Promise<Outcome>,
): Promise<{ code: number | null; error: string }> {
  const { code, stdout } = await outcome;
  return { code, error: JSON.parse(stdout).error?.code };
}

describe("bad input exits with 2, writes nothing, and shows no value", () => {
  const CANARY = "Tr0ub4dor";
  test.each([
    [[], undefined],
    [["rotat"], "unknown-command"],
    [[`Xk9${CANARY}42Q`], "unknown-command"],
    [[`ghp_${CANARY}x`], "unknown-command"],
    [["health", `--ghp_${CANARY}x`], "unknown-option"],
    [["setup-rule", "API_KEY", `ghp_${CANARY}x`], "invalid-argument"],
    [["setup-rule", `Xk9${CANARY}42Q`, "24"], "value-in-arguments"],
    [["rotate", `Xk9${CANARY}42Q`], "value-in-arguments"],
    [
      ["workflow", "create", `ghp_${CANARY}x`, "--tokens", "A", "--schedule", "@daily"],
      "value-as-name",
    ],
    [
      ["workflow", "create", "daily", "--tokens", `ghp_${CANARY}x`, "--schedule", "@daily"],
      "value-as-name",
    ],
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
    [
      ["workflow", "create", "daily", "--tokens", "A,,B", "--schedule", "0 2 * * *"],
      "invalid-argument",
    ],
    [["workflow", "create", "daily", "--tokens", "A", "--schedule", "0 0 2 * * *"], undefined],
    [["workflow", "create", "daily", "--tokens", "A", "--schedule", "0 2 31 2 *"], undefined],
    [
      [
        "workflow",
        "create",
        "daily",
        "--tokens",
        "A",
        "--schedule",
        "0 2 * * *",
        "--timezone",
        "Mars/Base",
      ],
      undefined,
    ],
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
    if (expected !== undefined)
      expect(await errorCode(Promise.resolve(json))).toEqual({ code: 2, error: expected });
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
    const outcome = await runCli(["rotate", "API_KEY", "--value-stdin", "--json"], {
      directory,
      input,
    });
    expect({ code: outcome.code, error: JSON.parse(outcome.stdout).error.code }).toEqual({
      code: 2,
      error: expected,
    });
    expect(JSON.stringify(outcome)).not.toContain("hunter2");
    expect(await readdir(directory)).toEqual([]);
  });

  test("a name in capitals, small letters and digits is taken for a value only if it is not declared", async () => {
    const directory = await folder();
    const name = "awsBucketKey2Production";
    await writeFile(
      join(directory, "token_config.json"),
      JSON.stringify({ version: 1, tokens: { [name]: {} } }),
    );
    const codes = [];
    for (const args of [
      ["setup-rule", name, "24"],
      ["rotate", name],
      ["get", name],
      ["history", name],
    ])
      codes.push((await cli(directory, args)).code);
    expect(codes).toEqual([0, 0, 0, 0]);
  });

  test("a dry run of an undeclared name says what would happen, and declares nothing", async () => {
    const directory = await folder();
    expect((await cli(directory, ["rotate", "KEY_ONE"])).stdout).toContain(
      "KEY_ONE was not declared, and is now.",
    );
    const { stdout } = await cli(directory, ["rotate", "KEY_ON", "--dry-run"]);
    expect(stdout).toContain("KEY_ON is not declared, and would be. Did you mean KEY_ONE?");
    expect((await cli(directory, ["status"])).stdout).not.toContain("KEY_ON ");
  });

  test("an unknown option is refused, and the nearest is named", async () => {
    const directory = await folder();
    expect((await cli(directory, ["generate", "pasword"])).stderr).toBe(
      'error: "pasword" is not a type of token\n  hint: Did you mean password? There are api_key, github_pat, secret_key, password, hex, base64url, uuid, key_pair, custom.\n',
    );
    expect((await cli(directory, ["rotate", "A", "--dry-rn"])).stderr).toBe(
      "error: unknown option '--dry-rn'\n  hint: Did you mean --dry-run?\n",
    );
    expect((await cli(directory, ["helth"])).stderr).toBe(
      "error: unknown command 'helth'\n  hint: Did you mean health?\n",
    );
  });
});
