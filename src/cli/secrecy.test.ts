// The search for values in every place that must not hold them: the output of every command, the record, git's objects.
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { type Outcome, runCli, runInProcess } from "../../test/cli.ts";
import { testRepository } from "../../test/git-repository.ts";
import { toolAvailable } from "../../test/require-tool.ts";

const closing: { close(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(closing.splice(0).map((each) => each.close()));
});

async function repository() {
  const made = await testRepository();
  closing.push(made);
  return made;
}

/** The forms in which a value can appear by accident. */
function formsOf(value: string): string[] {
  const bytes = Buffer.from(value);
  // Inside longer texts base64 is shifted; its middle is found at each of the three offsets.
  const base64 = [0, 1, 2].map((offset) =>
    Buffer.concat([Buffer.alloc(offset), bytes])
      .toString("base64")
      .slice(4, -4),
  );
  return [
    value,
    bytes.toString("hex"),
    bytes.toString("hex").toUpperCase(),
    encodeURIComponent(value),
    JSON.stringify(value).slice(1, -1),
    ...base64,
  ];
}

function foundIn(text: string, values: readonly string[]): string[] {
  return values.flatMap(formsOf).filter((form) => text.includes(form));
}

const COMMANDS = [
  ["run"],
  ["run", "--dry-run"],
  ["plan"],
  ["status"],
  ["health"],
  ["suggest"],
  ["history", "--verify"],
  ["verify"],
  ["setup-rule", "SUPPLIED", "24"],
  ["workflow", "create", "all", "--tokens", "ALL_TOKENS", "--schedule", "@daily"],
  ["workflow", "run", "all", "--dry-run"],
  ["workflow", "list"],
  ["rotate", "SUPPLIED", "--dry-run"],
  ["migrate"],
  ["exec", "--", "true"],
  ["get", "NOT_THERE"],
  ["exec", "--only", "NOT_THERE", "--", "true"],
];

describe.skipIf(!toolAvailable("git"))("values are only in the encrypted vault", () => {
  test("supplied on stdin or from a file, or drawn at random", async () => {
    const { directory, git } = await repository();
    const supplied = "correct horse/battery+staple=é\"'\\";
    const fromFile = "-----BEGIN KEY-----\nMC4CAQAwBQYDK2VwBCIEIA\n-----END KEY-----";
    await writeFile(join(directory, ".git", "value"), fromFile);
    const said: string[] = [];
    const heard = (outcome: Outcome) => {
      said.push(JSON.stringify(outcome), outcome.stdout, outcome.stderr);
      return outcome;
    };
    const run = async (args: string[], input = "") =>
      heard(await runCli(args, { directory, input }));
    expect((await run(["rotate", "SUPPLIED", "--value-stdin"], supplied)).code).toBe(0);
    expect((await run(["rotate", "FROM_FILE", "--value-file", ".git/value", "--json"])).code).toBe(
      0,
    );
    expect((await run(["rotate", "DRAWN"])).code).toBe(0);

    const get = async (name: string) =>
      (await runCli(["get", name], { directory })).stdout.slice(0, -1);
    const values = [await get("SUPPLIED"), await get("FROM_FILE"), await get("DRAWN")];
    expect(values).toEqual([supplied, fromFile, expect.stringMatching(/^[A-Za-z0-9]{32}$/)]);

    const env = { SUPPLIED: supplied, FROM_FILE: "another value", TOKEN_AUTOMATION_DEBUG: "1" };
    for (const command of COMMANDS) {
      for (const args of [command, ["--json", ...command]])
        heard(await runInProcess(args, { directory, now: () => new Date(), env }));
    }
    await run(["rotate", "SUPPLIED", "--value-stdin"], supplied);
    await run(["rotate", "SUPPLIED", "--value-stdin"], `${supplied}\n`);

    expect(foundIn(said.join("\n"), values)).toEqual([]);
    expect(foundIn(await readFile(join(directory, "token_config.json"), "utf8"), values)).toEqual(
      [],
    );
    expect(
      foundIn(await readFile(join(directory, ".token-automation", "vault.json"), "utf8"), values),
    ).toEqual([]);
    expect(
      foundIn(await git("cat-file", "--batch-all-objects", "--batch", "--unordered"), values),
    ).toEqual([]);
    expect(await git("ls-files")).toMatch(
      /^README\.md\ntoken_config\.json\ntoken_history\/\d{4}-\d\d\/\d\d\.jsonl\n$/,
    );
  });

  test("the search itself finds a value that is there", () => {
    const value = "correct horse/battery+staple";
    for (const form of [
      value,
      Buffer.from(`x${value}`).toString("base64"),
      Buffer.from(value).toString("hex"),
      encodeURIComponent(value),
    ]) {
      expect(foundIn(`…${form}…`, [value])).not.toEqual([]);
    }
  });

  test("a migrated file's values are in no output; git's history alone still has them, and a warning says so", async () => {
    const { directory, git, commit } = await repository();
    const value = `sk_${"live"}_0123456789abcdefghij`;
    await commit(
      "token_config.json",
      JSON.stringify({ tokens: { PAYMENTS: { value, type: "api_key" } }, rotation_rules: {} }),
    );
    const dry = await runCli(["migrate", "--dry-run"], { directory });
    const wet = await runCli(["migrate", "--json"], { directory });
    const after = await runCli(["run"], { directory });
    expect([dry.code, wet.code, after.code]).toEqual([0, 0, 0]);
    expect(foundIn(JSON.stringify([dry, wet, after]), [value])).toEqual([]);
    expect(wet.stderr).toContain("warning: 1 value stood in the file in plaintext: PAYMENTS.");
    expect(JSON.parse(wet.stdout)).toMatchObject({ exposed: ["PAYMENTS"], dry_run: false });
    expect(foundIn(await readFile(join(directory, "token_config.json"), "utf8"), [value])).toEqual(
      [],
    );
    expect(await git("ls-files", "--others", "--exclude-standard")).toBe("");
    expect(after.stdout).toContain("✔ rotated  PAYMENTS");
  });
});
