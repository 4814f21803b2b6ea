// The scheduler: its reports, the failures that it survives, and its stop.
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, describe, expect, test } from "vitest";
import { runInProcess, startCli, testIo } from "../../../test/cli.ts";
import { temporaryFolder } from "../../../test/git-repository.ts";
import { entriesInFolder } from "../../../test/record-history.ts";
import { main } from "../cli.ts";

const START = Date.parse("2027-03-01T12:00:00Z");
const HOUR_MS = 3_600_000;
const RECORD = { version: 1, tokens: { API_KEY: {} }, rules: { API_KEY: { interval_hours: 24 } } };

const closing: { close(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(closing.splice(0).map((each) => each.close()));
});

async function folder(
  content = `${JSON.stringify(RECORD, null, 2)}\n`,
): Promise<{ directory: string; path: string }> {
  const made = await temporaryFolder();
  closing.push(made);
  const path = join(made.path, "token_config.json");
  await writeFile(path, content);
  return { directory: made.path, path };
}

/** Runs it in this process. Each wait moves the clock, calls the test's own step, and takes no time. */
async function schedule(directory: string, waits: (() => unknown)[], args: string[] = []) {
  let now = START;
  const slept: number[] = [];
  const test = testIo({ directory, now: () => new Date(now), env: { USER: "ana" } });
  const io = {
    ...test.io,
    async sleep(milliseconds: number) {
      slept.push(milliseconds / 1000);
      now += milliseconds;
      const next = waits.shift();
      if (next === undefined) test.signal("SIGTERM");
      else await next();
    },
  };
  const code = await main(["start-scheduler", ...args], io);
  return { code, slept, ...test.written, exits: test.exits, listening: test.listeners.size };
}

describe("start-scheduler", () => {
  test("reports each pass that changed something, says when the next is due, and stays quiet while nothing is due", async () => {
    const { directory } = await folder();
    const outcome = await schedule(
      directory,
      [() => {}, () => {}, () => {}],
      ["--every", String((12 * HOUR_MS) / 1000)],
    );
    expect(outcome).toEqual({
      code: 0,
      slept: Array(4).fill(43_200),
      stdout: [
        "2027-03-01 12:00Z",
        "STATUS     TOKEN    GENERATION  WHY            WHERE",
        "✔ rotated  API_KEY  1           never rotated  vault:local:API_KEY",
        "",
        "1 rotated.",
        "Recorded in token_config.json, without a commit.",
        "Next due: API_KEY, 2027-03-02 12:00Z (in 24 h)",
        "",
        "2027-03-02 12:00Z",
        "STATUS     TOKEN    GENERATION  WHY                       WHERE",
        "✔ rotated  API_KEY  2           interval of 24 h elapsed  vault:local:API_KEY",
        "",
        "1 rotated.",
        "Recorded in token_config.json, without a commit.",
        "Next due: API_KEY, 2027-03-03 12:00Z (in 24 h)",
        "",
        "",
      ].join("\n"),
      stderr: expect.stringMatching(
        /^note: (this folder is not in a git|git is not).*\nnote: SIGTERM: stopping after the pass in progress.*\n$/,
      ),
      exits: [],
      listening: 0,
    });
    expect((await entriesInFolder(directory)).map((entry) => entry.triggered_by)).toEqual(
      Array(2).fill({ kind: "scheduler", actor: "ana", run_url: null }),
    );
  });

  test("reports a pass that only revoked replaced credentials", async () => {
    const issuer = { use: "generate", publish: { to: "file", path: "keys.pem" } };
    const tokens = { API_KEY: { type: "key_pair", issuer, overlap_hours: 1 } };
    const { directory } = await folder(JSON.stringify({ ...RECORD, tokens }));
    const { stdout } = await schedule(
      directory,
      [() => {}, () => {}, () => {}],
      ["--every", String((24 * HOUR_MS) / 1000 - 60)],
    );
    expect(stdout.match(/✔ rotated/g)).toHaveLength(2);
    expect(stdout).toContain(
      "Nothing is due.\nPrevious credentials revoked: API_KEY.\nRecorded in token_config.json",
    );
  });

  test("survives a pass that fails, backs off, and continues when it can", async () => {
    const { directory, path } = await folder();
    // What the record says of its history must stay: the entries are still there.
    let history: unknown = null;
    const good = async () =>
      writeFile(path, `${JSON.stringify({ ...RECORD, state: { history } }, null, 2)}\n`);
    const outcome = await schedule(directory, [
      async () => {
        history = JSON.parse(await readFile(path, "utf8")).state.history;
        await writeFile(path, "{");
      },
      () => {},
      good,
      () => {},
    ]);
    expect(outcome.code).toBe(0);
    expect(outcome.slept).toEqual([60, 120, 240, 60, 60]);
    expect(outcome.stderr).toContain("error: token_config.json has 1 mistake\n");
    expect(outcome.stderr).toContain("note: trying again in 120 seconds\n");
    expect(outcome.stdout.match(/✔ rotated/g)).toHaveLength(2);
  });

  test("does not start if the record cannot be read", async () => {
    const { directory } = await folder("{");
    expect(await schedule(directory, [])).toMatchObject({ code: 2, slept: [], listening: 0 });
  });

  test("--json prints one report a line", async () => {
    const { directory, path } = await folder();
    const { stdout } = await schedule(directory, [() => writeFile(path, "{")], ["--json"]);
    const lines = stdout.trimEnd().split("\n");
    expect(
      lines.map((line) => JSON.parse(line)).map((each) => each.rotated ?? each.error.code),
    ).toEqual([["API_KEY"], "config-invalid"]);
  });

  test.each([
    ["once", 1, []],
    ["twice", 2, [143]],
  ])(
    "a signal %s during a pass: it is finished and recorded first, unless the process ends at once",
    async (_, signals, exits) => {
      const { directory, path } = await folder();
      let asked = 0;
      const {
        io,
        signal,
        written,
        exits: seen,
      } = testIo({
        directory,
        now: () => {
          // The clock is read in the middle of a pass.
          asked += 1;
          if (asked === 2) for (let each = 0; each < signals; each++) signal("SIGTERM");
          return new Date(START);
        },
      });
      expect(await main(["start-scheduler"], io)).toBe(0);
      expect(seen).toEqual(exits);
      expect(written.stdout).toContain("✔ rotated  API_KEY");
      expect(JSON.parse(await readFile(path, "utf8")).state.tokens.API_KEY).toMatchObject({
        current: { generation: 1 },
        pending: null,
      });
    },
  );

  test.each(["SIGINT", "SIGTERM"] as const)(
    "as a process it ends with 0 on %s, after its work",
    async (name) => {
      const { directory } = await folder();
      const { child, ended } = startCli(["start-scheduler", "--every", "3600"], { directory });
      for await (const line of createInterface({ input: child.stdout }))
        if (line.startsWith("Next due:")) break;
      child.kill(name);
      const { code, stderr } = await ended;
      expect({ code, stderr }).toEqual({
        code: 0,
        stderr: expect.stringContaining(`note: ${name}: stopping after the pass in progress`),
      });
      expect(
        (await runInProcess(["get", "API_KEY"], { directory, now: () => new Date() })).code,
      ).toBe(0);
    },
  );
});

test("serve answers until a signal stops it, and ends with 0", async () => {
  const { directory } = await folder();
  const { child, ended } = startCli(["serve", "--port", "0", "--json"], { directory });
  const [line] = await once(createInterface({ input: child.stdout }), "line");
  const response = await fetch(`${JSON.parse(line).url}/tokens/health`);
  expect(await response.json()).toMatchObject({ total_tokens: 1, never_rotated: ["API_KEY"] });
  child.kill("SIGTERM");
  expect(await ended).toMatchObject({
    code: 0,
    stderr: expect.stringContaining("note: SIGTERM: stopping after the requests in progress"),
  });
});

test("serve reports on its console which tokens were rotated, except for those whose rule says not to", async () => {
  const { directory } = await folder();
  const { child, ended } = startCli(["serve", "--port", "0", "--json"], { directory });
  const [line] = await once(createInterface({ input: child.stdout }), "line");
  const post = async (path: string, body: unknown) => {
    const init = {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    };
    return (await fetch(`${JSON.parse(line).url}${path}`, init)).json();
  };
  const { new_token } = await post("/tokens/rotate", { token_name: "API_KEY" });
  await post("/tokens/rotate", { token_name: "API_KEY", dry_run: true });
  await post("/tokens/setup-rotation", { token_name: "QUIET", interval_hours: 24, notify: false });
  await post("/tokens/rotate", { token_name: "QUIET" });
  child.kill("SIGTERM");
  const { stderr } = await ended;
  expect(stderr.split("\n").slice(0, -1)).toEqual([
    "note: it rotates on request. `token-automation start-scheduler` beside it rotates the tokens that fall due by rules and workflows",
    "note: API_KEY: rotated, generation 1 (asked for)",
    expect.stringMatching(/^note: SIGTERM/),
  ]);
  expect(stderr).not.toContain(new_token);
});
