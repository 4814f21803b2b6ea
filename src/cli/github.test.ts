// The CLI on a repository's record through the API, over real HTTP.
import { afterEach, describe, expect, test } from "vitest";
import { runCli } from "../../test/cli.ts";
import { temporaryFolder } from "../../test/git-repository.ts";
import { DEFAULT_REPOSITORY, DEFAULT_TOKEN, startGitHub } from "../../test/github/server.ts";
import { compose } from "../compose/compose.ts";
import { Secret } from "../core/base/secret.ts";

const RECORD = {
  version: 1,
  tokens: { ALPHA: {}, BETA: { type: "password" } },
  rules: { ALPHA: { interval_hours: 24 } },
};

const closing: { close(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(closing.splice(0).map((each) => each.close()));
});

async function scenario(
  files: Record<string, string> = { "token_config.json": JSON.stringify(RECORD) },
) {
  const github = await startGitHub({ repositories: [{ fullName: DEFAULT_REPOSITORY, files }] });
  const folder = await temporaryFolder();
  closing.push(github, folder);
  const env = {
    GH_TOKEN: DEFAULT_TOKEN,
    GITHUB_API_URL: github.url,
    GITHUB_GRAPHQL_URL: github.graphqlUrl,
  };
  const run = (args: string[], changed: { input?: string; env?: Record<string, string> } = {}) =>
    runCli(["--repo", DEFAULT_REPOSITORY, ...args], {
      directory: folder.path,
      ...changed,
      env: { ...env, ...changed.env },
    });
  const access = {
    token: new Secret(DEFAULT_TOKEN),
    apiUrl: github.url,
    graphqlUrl: github.graphqlUrl,
  };
  const place = { kind: "github", repository: DEFAULT_REPOSITORY, branch: null, access } as const;
  const app = await compose({
    place,
    configPath: "token_config.json",
    fingerprintKey: null,
    whenMissing: "error",
  });
  return { github, run, app };
}

describe("--repo", () => {
  test("run rotates due tokens, and --json prints the app's report", async () => {
    const { github, run, app } = await scenario();
    const outcome = await run(["run", "--json"]);
    expect({ code: outcome.code, stderr: outcome.stderr }).toEqual({ code: 0, stderr: "" });
    expect(JSON.parse(outcome.stdout)).toMatchObject({
      rotated: ["ALPHA"],
      failed: [],
      dry_run: false,
      triggered_by: { kind: "cli" },
    });
    expect(github.repository().secret("ALPHA")?.value).toMatch(/^[A-Za-z0-9]{32}$/);
    const at = "2030-01-01T00:00:00Z";
    expect(JSON.parse((await run(["plan", "--at", at, "--json"])).stdout)).toEqual(
      await app.plan(new Date(at)),
    );
    expect(JSON.parse((await run(["history", "--json"])).stdout)).toEqual({
      entries: await app.history(null),
      audit: null,
    });
    const { health: _, ...status } = JSON.parse((await run(["status", "--json"])).stdout);
    const { health: __, ...expected } = await app.status(10);
    expect(status).toEqual(expected);
  });

  test("a stuck rotation is resumed or given up by name", async () => {
    const { github, run } = await scenario({
      "token_config.json": JSON.stringify({ ...RECORD, settings: { stuck_after: 1 } }),
    });
    const refuse = () =>
      github.faults.add({
        match: { method: "PUT" },
        action: { kind: "status", status: 422, body: {} },
      });
    refuse();
    expect((await run(["run"])).code).toBe(1);
    expect((await run(["resume", "BETA"])).stderr).toContain(
      "nothing is pending or failed for BETA",
    );
    const resumed = await run(["resume", "ALPHA", "--json"]);
    expect(JSON.parse(resumed.stdout)).toMatchObject({
      rotated: ["ALPHA"],
      tokens: [{ status: "resumed", generation: 1 }],
    });
    refuse();
    expect((await run(["rotate", "ALPHA"])).code).toBe(1);
    const aborted = await run(["abort", "ALPHA"]);
    expect({ ...aborted }).toEqual({
      code: 0,
      stdout: "Given up: generation 2 of ALPHA.\n",
      stderr: "",
    });
    expect((await run(["abort", "ALPHA"])).code).toBe(2);
  });

  test("a supplied value is placed, and an undeclared name is refused with the nearest name", async () => {
    const { github, run } = await scenario();
    expect(
      (await run(["rotate", "BETA", "--value-stdin"], { input: "correct horse battery staple" }))
        .code,
    ).toBe(0);
    expect(github.repository().secret("BETA")?.value).toBe("correct horse battery staple");
    const refused = await run(["rotate", "BETTA"]);
    expect(refused).toEqual({
      code: 2,
      stdout: "",
      stderr: 'error: the token "BETTA" is not declared\n  hint: Did you mean BETA?\n',
    });
    expect((await run(["rotate", "GAMMA", "--create"])).code).toBe(0);
    expect(github.repository().secret("GAMMA")).toBeDefined();
  });

  test("a token's failure exits with 1 and says which permission is missing", async () => {
    const { github, run } = await scenario();
    const token = `ghs_${"readonly".repeat(5)}`;
    github.addToken({ token, permissions: { contents: "write" } });
    const outcome = await run(["run"], { env: { GH_TOKEN: token } });
    expect(outcome.code).toBe(1);
    expect(outcome.stdout + outcome.stderr).toMatch(/error: .*secrets/i);
    expect(outcome.stdout + outcome.stderr).not.toContain(token);
  });

  test("a token that GitHub does not know, a missing record", async () => {
    const { run } = await scenario({ "README.md": "# Empty\n" });
    const missing = await run(["run"]);
    expect({ code: missing.code, stdout: missing.stdout }).toEqual({ code: 2, stdout: "" });
    expect(missing.stderr).toContain("hint: Write one with `token-automation init`");
    const unknown = await run(["status", "--json"], { env: { GH_TOKEN: "unknown" } });
    expect(unknown.code).toBe(1);
    expect(JSON.parse(unknown.stdout).error).toMatchObject({ kind: "denied" });
  });
});
