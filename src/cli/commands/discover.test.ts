import { afterEach, expect, test } from "vitest";
import { runInProcess } from "../../../test/cli.ts";
import { useFolders } from "../../../test/folders.ts";
import { DEFAULT_TOKEN, startGitHub, type TestGitHub } from "../../../test/github/server.ts";

const NOW = new Date("2027-03-01T12:00:00Z");
const folders = useFolders();
const servers: TestGitHub[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

async function scenario() {
  const config = JSON.stringify({ version: 1, tokens: { SESSION_KEY: {} } });
  const github = await startGitHub({
    now: () => NOW,
    repositories: [
      {
        fullName: "acme/widgets",
        files: { "token_config.json": config },
        environments: ["production"],
      },
    ],
  });
  servers.push(github);
  const { actions, dependabot } = github.repository().secretsOf;
  for (const scope of [actions, dependabot, github.repository().environment("production")])
    scope.put("API_KEY", { encrypted_value: "AAAA", key_id: scope.publicKey().keyId }, NOW);
  const env = { GITHUB_API_URL: github.url, GITHUB_GRAPHQL_URL: github.graphqlUrl };
  const directory = await folders.folder();
  const cli = (args: string[], token = DEFAULT_TOKEN) =>
    runInProcess(["--repo", "acme/widgets", ...args], {
      directory,
      now: () => NOW,
      env: { ...env, GITHUB_TOKEN: token },
    });
  return { github, cli };
}

test("discover shows a table and its findings, or JSON", async () => {
  const { cli } = await scenario();
  const shown = await cli(["discover"]);
  expect(shown.code).toBe(0);
  expect(shown.stdout).toMatchInlineSnapshot(`
    "SECRET                                       UPDATED            TOKEN
    actions:acme/widgets:API_KEY                 2027-03-01 12:00Z  not declared
    dependabot:acme/widgets:API_KEY              2027-03-01 12:00Z  not declared
    environment:acme/widgets/production:API_KEY  2027-03-01 12:00Z  not declared

    3 secrets not declared. \`token-automation adopt NAME\` declares one without rotating it.

    Declared, but missing:
      actions:acme/widgets:SESSION_KEY of SESSION_KEY: it was not placed yet

    Hidden by another secret of the same name:
      environment:acme/widgets/production:API_KEY is read by that environment's jobs, not actions:acme/widgets:API_KEY
    "
  `);
  const { stdout } = await cli(["--json", "discover"]);
  expect(Object.keys(JSON.parse(stdout))).toEqual([
    "repository",
    "scopes",
    "not_listed",
    "undeclared",
    "missing",
    "shadowed",
    "invisible_to_dependabot",
  ]);
});

test("discover names the scopes that it may not list", async () => {
  const { github, cli } = await scenario();
  github.addToken({ token: "ghs_narrow", permissions: { contents: "read", secrets: "read" } });
  const { code, stdout } = await cli(["discover"], "ghs_narrow");
  expect(code).toBe(0);
  expect(stdout).toMatch(
    /Not listed, so its secrets are unknown:\n(.*\n)* {2}dependabot:acme\/widgets: could not list the Dependabot secrets/,
  );
  expect(stdout).toContain("Give the token the permission Dependabot secrets: read.");
  expect(stdout).toContain("The secrets that Dependabot's runs see are unknown");
});

test("adopt declares one place, and says what to do next", async () => {
  const { github, cli } = await scenario();
  expect(await cli(["adopt", "API_KEY"])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("exists in 3 places"),
  });
  const adopted = await cli([
    "adopt",
    "API_KEY",
    "--at",
    "actions:acme/widgets:API_KEY",
    "--at",
    "dependabot:acme/widgets:API_KEY",
  ]);
  expect(adopted.code).toBe(0);
  expect(adopted.stdout).toContain(
    "API_KEY is declared as found, and was not rotated: actions:acme/widgets:API_KEY, dependabot:acme/widgets:API_KEY.",
  );
  expect(
    JSON.parse(github.repository().file("token_config.json") ?? "{}").tokens.API_KEY.issuer,
  ).toEqual({ use: "manual" });
  expect(await cli(["adopt", `ghp_${"a1B2".repeat(9)}`])).toMatchObject({
    code: 2,
    stderr: expect.not.stringContaining("a1B2"),
  });
});
